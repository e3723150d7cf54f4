"""The frames of a feature set as a plain file on a machine's disk, which its workers map into their memory.

    FOLDER/<content hash>.frames    all frames as float16 (N, bands), then the clips' offsets as int64
    FOLDER/.lock                    held by whoever writes here

What of the file is in memory is the kernel's page cache, shared by all workers: features may be larger than
memory. The shards themselves cannot be mapped: they may lie in object storage, and a batch would have to look
for its clips in thousands of files. Not in the paper.

The file stays after a run, so that the same run and the next one on the same features begin at once. Who
writes the file of another feature set first removes those that no process has mapped.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from orchestrator.features.feature_set import FeatureSet, Frames, read_clips
from trainable.errors import UserError

BLOCK_BYTES = 2**28
"""Of a block: what its maker holds besides what is already made."""
OURS = re.compile(r"[0-9a-f]{64}\.frames(\.tmp)?")
"""Names of the files that are written here: all else in the folder is somebody's, and stays."""
WRITTEN_AT_ONCE = 2**22
"""Bytes that are collected for one write."""


@dataclass(frozen=True)
class BankArrays:
    """The frames that a `Bank` reads, in the order of the `ClipTable`."""

    blocks: list[Frames]
    """Frames (N, bands), each block with whole clips."""
    offsets: NDArray[np.int64]
    """Clip i owns the frames from offsets[i] up to offsets[i + 1]: (clips + 1,)."""

    @property
    def size(self) -> int:
        """Bytes of all frames."""
        return sum(block.nbytes for block in self.blocks)


def usual_folder() -> Path:
    """The folder where nothing else is said: on the disk, one for each user."""
    return Path(f"/var/tmp/stagegrid-{os.getuid()}")


@dataclass(frozen=True)
class FrameFile:
    """The file of a feature set in `folder` on whichever machine this is used."""

    features: FeatureSet
    folder: Path

    @property
    def path(self) -> Path:
        """It is named by what is in it."""
        return self.folder / f"{self.features.content_hash}.frames"

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return self.features.size + (self.features.manifest.clips + 1) * np.dtype(np.int64).itemsize

    def arrays(self) -> BankArrays:
        """The frames, mapped; written first where this machine has no such file. Two workers write it once.

        Raises:
            DamagedFile: a shard is not what the manifest says.
            UserError: the folder cannot be written to, or has no room.
        """
        try:
            self._make_folder()
            while (file := self._whole()) is None:
                with _locked(self.folder / ".lock"):
                    if (file := self._whole()) is None:
                        self._write()
                    else:
                        file.close()
        except OSError as error:
            raise self._refusal(error) from error
        with file:
            return self._mapped(file)

    def _make_folder(self) -> None:
        """Anyone may have made a folder of the usual name, and what lies in it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder == usual_folder() and self.folder.stat().st_uid != os.getuid():
            raise PermissionError(errno.EPERM, "it is another user's")

    def _whole(self) -> BinaryIO | None:
        """The file, opened and marked as in use, where it is whole."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return None
        fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file.fileno()).st_size == self.size:
            return file
        file.close()
        return None

    def _mapped(self, file: BinaryIO) -> BankArrays:
        """The mapping keeps the file open, and so in use, for as long as there is one."""
        manifest = self.features.manifest
        shape = (manifest.frames, manifest.audio.n_mels)
        frames = np.memmap(file, np.float16, "r", shape=shape)
        file.seek(self.features.size)
        return BankArrays([frames], np.frombuffer(file.read(), np.int64))

    def _write(self) -> None:
        """Write the file under another name, flush and rename it; nothing of it stays where that fails."""
        self._make_room()
        temporary = self.path.with_suffix(".frames.tmp")
        try:
            with temporary.open("wb", buffering=WRITTEN_AT_ONCE) as file:
                lengths = [0]
                for clip in read_clips(self.features):
                    file.write(clip.data)
                    lengths.append(len(clip))
                file.write(np.cumsum(lengths, dtype=np.int64).data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        """Remove the files that nobody has mapped, and what killed writers left; refuse where that is not
        enough."""
        for path in self.folder.iterdir():
            if OURS.fullmatch(path.name) and not _in_use(path):
                path.unlink()
        if (free := shutil.disk_usage(self.folder).free) < self.size:
            raise OSError(errno.ENOSPC, f"{free:,} bytes are free")

    def _refusal(self, error: OSError) -> UserError:
        return UserError(
            f"{self.folder}: no room for {self.size:,} bytes of features ({error.strerror}): make room, or "
            "name another folder with resources.features_folder"
        )


def _in_use(path: Path) -> bool:
    """Whether a process has the file mapped."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the kernel's lock, which ends with the process, however that ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def into_blocks(
    clips: Iterable[Frames], keep: Callable[[Frames], None], most_bytes: int = BLOCK_BYTES
) -> NDArray[np.int64]:
    """Give `keep` the frames of all clips in blocks, each with as many clips as fit into `most_bytes`.

    `keep` must copy what it is given: the next block is written over it. The offsets of the clips,
    (clips + 1,), among all frames.
    """
    lengths, block, filled = [0], np.empty((0, 0), np.float16), 0
    for clip in clips:
        lengths.append(len(clip))
        if filled + len(clip) > len(block):
            if filled:
                keep(block[:filled])
            rows = max(most_bytes // clip[0].nbytes, len(clip))
            if len(block) != rows:
                block = np.empty((rows, clip.shape[1]), np.float16)
            filled = 0
        block[filled : filled + len(clip)] = clip
        filled += len(clip)
    if filled:
        keep(block[:filled])
    return np.cumsum(lengths)
