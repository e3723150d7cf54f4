import dataclasses
import os
import pickle
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import BaseModel

from orchestrator.files.store import Store
from tests.object_storage import SECRET, Bucket
from trainable.errors import UserError


class Note(BaseModel):
    text: str
    number: int | None


def test_what_is_written_is_read(store: Store) -> None:
    (store / "a").write("b/c.bin", b"123")
    assert (store / "a" / "b").read("c.bin") == b"123"
    assert store.exists("a/b/c.bin")
    assert store.exists("a")
    assert not store.exists("a/c.bin")
    store.write_model("x.json", Note(text="é", number=None))
    assert store.read_model("x.json", Note) == Note(text="é", number=None)
    table = pa.table({"n": [1, 2], "s": ["a", "b"]})
    store.write_table("t.parquet", table)
    assert store.read_table("t.parquet") == table
    assert store.read_table("t.parquet", ["s"]).column_names == ["s"]


def test_a_file_is_replaced_whole_and_leaves_nothing_behind(store: Store) -> None:
    store.write("x", b"long content")
    store.write("x", b"short")
    assert store.read("x") == b"short"
    assert store.names() == ["x"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    store.write("x", b"old")
    with pytest.raises(TypeError):
        store.write("x", "no bytes")  # type: ignore[arg-type]
    assert store.read("x") == b"old"
    assert store.names() == ["x"]


def test_names_are_sorted_and_filtered(store: Store) -> None:
    for name in ("b.csv", "a.csv", "c.txt", ".hidden.csv"):
        store.write(name, b"")
    assert store.names() == ["a.csv", "b.csv", "c.txt"]
    assert store.names(".csv") == ["a.csv", "b.csv"]
    assert (store / "nothing").names() == []


def test_delete_takes_files_folders_and_what_is_not_there(store: Store) -> None:
    store.write("f", b"")
    store.write("d/e/f", b"")
    for name in ("f", "d", "never"):
        store.delete(name)
    assert store.names() == []


def test_the_same_table_gives_the_same_bytes(store: Store) -> None:
    for name in ("one", "two"):
        store.write_table(name, pa.table({"x": pa.array([0.1, 0.2], pa.float32())}))
    assert store.read("one") == store.read("two")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"text": 1, "number": 2}', b"\xff"])
def test_damaged_json_is_named(store: Store, content: bytes) -> None:
    store.write("x.json", content)
    with pytest.raises(UserError, match=r"x.json is damaged"):
        store.read_model("x.json", Note)


def test_missing_files_are_missing(store: Store) -> None:
    with pytest.raises(FileNotFoundError):
        store.read("x")


def test_unknown_places_are_refused() -> None:
    with pytest.raises(ValueError, match="not a place"):
        Store.open("gopher://x/y")


def test_everything_below_a_folder_is_listed(store: Store) -> None:
    for name in ("a/b/c", "a/d", "e"):
        store.write(name, b"")
    assert {"b/c", "d"} <= set((store / "a").sizes()) <= {"b", "b/c", "d"}
    assert (store / "a").sizes()["d"] == len(store.read("a/d"))
    assert (store / "nothing").sizes() == {}


def test_a_store_travels_to_other_processes(store: Store) -> None:
    store.write("x", b"1")
    assert pickle.loads(pickle.dumps(store)).read("x") == b"1"  # noqa: S301


def test_a_missing_bucket_is_named(bucket: Bucket) -> None:
    with pytest.raises(ValueError, match=r"s3://other/run: there is no bucket other"):
        Store.open(bucket.uri("run", "other"))


def test_storage_that_does_not_answer_is_named(bucket: Bucket) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = dataclasses.replace(bucket, port=closed.getsockname()[1])
        with pytest.raises(ValueError, match=r"s3://bucket/run: cannot be reached \(.*connect"):
            Store.open(nobody.uri("run"))


def test_a_secret_in_an_address_is_refused_and_not_repeated(bucket: Bucket) -> None:
    uri = bucket.uri("run").replace("s3://", f"s3://me:{SECRET}@")
    with pytest.raises(ValueError, match=r"s3://bucket/run: a secret in an address") as error:
        Store.open(uri)
    assert SECRET not in str(error.value)


def test_no_text_about_a_store_holds_a_secret(bucket: Bucket) -> None:
    store = Store.open(bucket.uri("run"))
    assert str(store) == "s3://bucket/run"
    assert SECRET not in repr(store)


def test_only_a_disk_is_local(tmp_path: Path) -> None:
    assert Store.open(tmp_path).is_local
    assert Store.open("run").base == str(Path("run").absolute())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 KiB, for real: a tmpfs, where this user may mount one."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def test_a_full_disk_is_one_line_and_leaves_the_old_file(small_disk: Path) -> None:
    store = Store.open(small_disk)
    store.write("state.pt", b"old")
    line = r"^no room for .*/state.pt: 100,000 bytes needed, \d+,\d+ free: make room on its disk, .* goes on$"
    with pytest.raises(UserError, match=line):
        store.write("state.pt", b"x" * 100_000)
    assert os.listdir(small_disk) == ["state.pt"]  # noqa: PTH208  # hidden files too
    (small_disk / "state.pt").unlink()
    store.write("state.pt", b"y" * 30_000)
    assert store.read("state.pt") == b"y" * 30_000


def test_what_only_people_read_ends_nothing_on_a_full_disk(small_disk: Path) -> None:
    """Whoever writes it passes an OSError over."""
    with pytest.raises(OSError, match="No space left"):
        Store.open(small_disk).write("progress.json", b"x" * 100_000, durable=False)


def test_other_faults_of_a_disk_keep_their_type(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        Store.open(tmp_path).write("file/x", b"")
