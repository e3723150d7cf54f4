"""Where results live: a folder on this machine, NFS, or object storage, all through pyarrow.fs.

A file appears whole or not at all: on file systems it is written under a temporary name and renamed,
on object storage an upload becomes visible when it is complete.
"""

import errno
import io
import os
import shutil
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.files.addresses import hasty, without_key
from orchestrator.files.repeated import retried
from trainable.errors import UserError

T = TypeVar("T")
Model = TypeVar("Model", bound=BaseModel)

OBJECT_STORAGE = ("s3", "gcs", "abfs")
"""Kinds of storage (pyarrow's names) that have no folders to be made, only names with slashes."""
TEMPORARY = ".tmp"
"""Ending of a file that is not yet whole."""
FULL = (errno.ENOSPC, errno.EDQUOT)
"""What a disk without room says, and one on which this user has none left."""
LEFTOVER_SECONDS = 30.0
"""A temporary file that nobody has written to for so long is a killed writer's."""


class Artifact(BaseModel):
    """Base of all schemas of JSON files: immutable, unknown keys refused, field docs kept as descriptions."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True)
class Store:
    """A folder in some file system. `store / "legs" / id` is a folder below it."""

    fs: pafs.FileSystem
    base: str

    @classmethod
    def open(cls, root: str | Path) -> "Store":
        """The store at `root`: a path, or a URI such as s3://bucket/folder.

        Raises:
            UserError: the URI is malformed or holds a secret, its kind of storage is unknown, or its bucket
                cannot be reached.
        """
        text = str(root)
        if "://" not in text:
            return cls(pafs.LocalFileSystem(), str(Path(text).absolute()))
        shown = without_key(text)
        try:
            fs, base = pafs.FileSystem.from_uri(hasty(text))
            bucket = fs.get_file_info(base.partition("/")[0]) if fs.type_name in OBJECT_STORAGE else None
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise UserError(f"{shown}: not a place stagegrid can write to ({error})") from error
        except OSError as error:
            raise UserError(f"{shown}: cannot be reached ({error})") from error
        if bucket is not None and bucket.type == pafs.FileType.NotFound:
            raise UserError(f"{shown}: there is no bucket {bucket.path}, or these credentials do not see it")
        return cls(fs, base.rstrip("/"))

    def __truediv__(self, name: str) -> "Store":
        return Store(self.fs, f"{self.base}/{name}")

    @property
    def is_local(self) -> bool:
        """Whether the files are reachable as paths of this machine (a disk or NFS)."""
        return isinstance(self.fs, pafs.LocalFileSystem)

    def exists(self, name: str) -> bool:
        """Whether the file or folder `name` is there."""
        return bool(self._kind(name) != pafs.FileType.NotFound)

    def _kind(self, name: str) -> pafs.FileType:
        return self._ask(lambda: self.fs.get_file_info(f"{self.base}/{name}").type, name)

    def _ask(self, action: Callable[[], T], name: str = "") -> T:
        """Do `action`: a disk answers or fails, object storage may answer another time."""
        return action() if self.is_local else retried(action, f"{self}/{name}".rstrip("/"))

    def names(self, suffix: str = "") -> list[str]:
        """Sorted names in this folder that end in `suffix`; none where there is no such folder."""
        selector = pafs.FileSelector(self.base, allow_not_found=True)
        entries = self._ask(lambda: self.fs.get_file_info(selector))
        names = (entry.base_name for entry in entries)
        return sorted(name for name in names if name.endswith(suffix) and not name.startswith("."))

    def sizes(self) -> dict[str, int | None]:
        """Bytes of everything below this folder, by its path from here; one request for 1000 objects."""
        selector = pafs.FileSelector(self.base, allow_not_found=True, recursive=True)
        entries = self._ask(lambda: self.fs.get_file_info(selector))
        return {entry.path[len(self.base) + 1 :]: entry.size for entry in entries}

    def read(self, name: str) -> bytes:
        """The bytes of file `name`; FileNotFoundError where it is missing."""
        return self._ask(lambda: self._download(name), name)

    def _download(self, name: str) -> bytes:
        with self.fs.open_input_file(f"{self.base}/{name}") as stream:
            return bytes(stream.read())

    def write(self, name: str, data: bytes, durable: bool = True) -> None:
        """Write file `name` whole, making its folders; a reader never sees a part of it.

        `durable`: it is on the disk when this returns, and stays there if the power fails.

        Raises:
            UserError: it is to be durable, and the disk is full.
            OSError: the disk refuses in another way.
        """
        target = f"{self.base}/{name}"
        if not self.is_local:
            self._ask(lambda: self._upload(target, data), name)
            return
        try:
            _write_whole(Path(target), data, durable)
        except OSError as error:
            if durable and error.errno in FULL:
                raise UserError(_no_room(Path(target), len(data), error)) from error
            raise

    def _upload(self, target: str, data: bytes) -> None:
        """Upload a file, which becomes visible when it is complete."""
        if self.fs.type_name not in OBJECT_STORAGE:
            self.fs.create_dir(target.rpartition("/")[0], recursive=True)
        with self.fs.open_output_stream(target) as stream:
            stream.write(data)

    def remove_leftovers(self) -> list[str]:
        """Remove what writers left that were killed while they wrote; the names of those files."""
        if not self.is_local or not Path(self.base).is_dir():
            return []
        old = time.time() - LEFTOVER_SECONDS
        leftovers = [path for path in Path(self.base).rglob(f".*{TEMPORARY}") if path.stat().st_mtime < old]
        for path in leftovers:
            path.unlink(missing_ok=True)
        return sorted(str(path.relative_to(self.base)) for path in leftovers)

    def delete(self, name: str) -> None:
        """Remove the file or folder `name` if it is there."""
        remove = {pafs.FileType.Directory: self.fs.delete_dir, pafs.FileType.File: self.fs.delete_file}
        if action := remove.get(self._kind(name)):
            with suppress(FileNotFoundError):
                self._ask(lambda: action(f"{self.base}/{name}"), name)

    def rename(self, old: str, new: str) -> None:
        """Rename a file or folder of this store."""
        try:
            self._ask(lambda: self.fs.move(f"{self.base}/{old}", f"{self.base}/{new}"), old)
        except FileNotFoundError:
            if self.is_local or not self.exists(new):  # else it was done, and only the answer was lost
                raise

    def read_model(self, name: str, model: type[Model]) -> Model:
        """JSON file `name` as the model of its content.

        Raises:
            FileNotFoundError: there is none.
            UserError: it is damaged, or another version's; the message names it.
        """
        try:
            return model.model_validate_json(self.read(name))
        except ValidationError as error:
            raise UserError(f"{self}/{name} is damaged: {_first_problem(error)}") from error

    def write_model(self, name: str, content: BaseModel, durable: bool = True) -> None:
        """Write `content` as JSON, keys in their order."""
        self.write(name, json_bytes(content), durable)

    def read_table(self, name: str, columns: list[str] | None = None) -> pa.Table:
        """The Parquet table `name`."""
        return table_of(self.read(name), columns)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Write `table` as Parquet."""
        self.write(name, table_bytes(table))

    def __str__(self) -> str:
        return self.base if self.is_local else f"{self.fs.type_name}://{self.base}"


def json_bytes(content: BaseModel) -> bytes:
    """A JSON file with this content."""
    return (content.model_dump_json(indent=1) + "\n").encode()


def table_bytes(table: pa.Table) -> bytes:
    """A Parquet file with this table; the same table gives the same bytes."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def table_of(data: bytes, columns: list[str] | None = None) -> pa.Table:
    """The table in a Parquet file's bytes."""
    return pq.read_table(pa.BufferReader(data), columns=columns)


def _write_whole(target: Path, data: bytes, durable: bool) -> None:
    """Write under a temporary name, then rename; nothing of it stays where that fails."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f".{target.name}.{uuid.uuid4().hex}{TEMPORARY}"
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if durable:
        _flush_folder(target.parent)


def _no_room(target: Path, size: int, error: OSError) -> str:
    free = shutil.disk_usage(target.parent).free
    quota = ", over quota" if error.errno == errno.EDQUOT else ""
    return (
        f"no room for {target}: {size:,} bytes needed, {free:,} free{quota}: make room on its disk, and the "
        "same command goes on"
    )


def _flush_folder(folder: Path) -> None:
    """Let a rename in this folder outlast a failure of the power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_problem(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where}: {first['msg']}" if where else first["msg"]
