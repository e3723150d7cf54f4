"""Checksums of sound files, and that a file is read only when it has changed."""

import hashlib
import os
from pathlib import Path

import pytest

from orchestrator.features.recordings import FILE, Recordings
from orchestrator.files.store import Store
from trainable.errors import UserError


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    for number in range(5):
        (tmp_path / f"{number}.wav").write_bytes(b"sound %d" % number)
    return [str(tmp_path / f"{number}.wav") for number in range(5)]


def test_checksums_are_those_of_the_contents(paths: list[str]) -> None:
    expected = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths]
    assert Recordings().checksums(paths) == expected


def test_what_is_known_is_not_read_again(
    paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sets, first = Store.open(tmp_path / "features"), Recordings()
    checksums = first.checksums(paths)
    assert first.changed
    first.write(sets)
    again = Recordings.read(sets)
    assert again.known == first.known
    with monkeypatch.context() as patch:
        patch.setattr(hashlib, "file_digest", None)
        assert again.checksums(paths) == checksums
    assert not again.changed


def test_a_recording_replaced_by_one_of_equal_name_and_size_and_date_is_noticed(paths: list[str]) -> None:
    recordings = Recordings()
    before = recordings.checksums(paths)
    times = Path(paths[2]).stat()
    Path(paths[2]).write_bytes(b"sound X")
    os.utime(paths[2], ns=(times.st_atime_ns, times.st_mtime_ns))
    after = recordings.checksums(paths)
    assert [a != b for a, b in zip(before, after, strict=True)] == [False, False, True, False, False]


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 100])
def test_a_damaged_list_is_made_anew(tmp_path: Path, content: bytes) -> None:
    sets = Store.open(tmp_path)
    sets.write(FILE, content)
    assert Recordings.read(sets).known == {}


def test_a_missing_file_is_named(paths: list[str]) -> None:
    Path(paths[3]).unlink()
    with pytest.raises(UserError, match=r"3\.wav: cannot be read"):
        Recordings().checksums(paths)
