"""A disk without room, for real: a small tmpfs where this user may mount one, else one that says so."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from orchestrator.files import room
from orchestrator.files.room import BOARD, NoRoom, waits_told
from orchestrator.files.store import Store


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ASK_SECONDS", 0.05)
    monkeypatch.setattr(room, "LOOK_SECONDS", 0.05)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 KiB."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", tmp_path], check=True)


def wait_until(said: list[str], text: str) -> None:
    end = time.monotonic() + 10
    while not any(text in line for line in said):
        assert time.monotonic() < end, said
        time.sleep(0.01)


def test_a_write_waits_for_room_says_so_once_and_is_whole(small_disk: Path) -> None:
    store, said = Store.open(small_disk / "legs"), list[str]()
    with waits_told(str(small_disk), said.append):
        (small_disk / "ballast").write_bytes(b"x" * 40_000)
        writer = threading.Thread(target=store.write, args=("state.pt", b"y" * 30_000))
        writer.start()
        wait_until(said, "state.pt: 30,000 bytes needed, ")
        assert room.is_waiting()
        time.sleep(0.3)
        (small_disk / "ballast").unlink()
        writer.join(10)
        wait_until(said, "there is room again")
    assert not room.is_waiting()
    assert store.read("state.pt") == b"y" * 30_000
    assert sum("bytes needed" in line for line in said) == 1
    assert os.listdir(small_disk / "legs") == ["state.pt"]  # noqa: PTH208  # hidden files too


def test_the_board_is_written_where_not_one_byte_is_free(small_disk: Path) -> None:
    said = list[str]()
    with waits_told(str(small_disk), said.append):
        with suppress(OSError), (small_disk / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        writer = threading.Thread(target=Store.open(small_disk).write, args=("x", b"y"))
        writer.start()
        wait_until(said, ": 1 bytes needed, 0 free: waits")
        (small_disk / "ballast").unlink()
        writer.join(10)
    assert said[-1] == "there is room again"  # though nobody had time to look once more


def test_nobody_waits_for_ever(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "WAIT_FOR_ROOM_SECONDS", 0.2)
    store = Store.open(small_disk)
    with pytest.raises(NoRoom, match=r"no room for .*/big: 100,000 bytes needed, \d+,\d+ free"):
        store.write("big", b"x" * 100_000)
    assert store.names() == []


def test_what_only_people_read_does_not_wait(small_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        Store.open(small_disk).write("progress.json", b"x" * 100_000, durable=False)


def test_other_faults_of_a_disk_are_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FileExistsError):
        Store.open(tmp_path).write("file/x", b"")
    assert not (tmp_path / BOARD).exists()
