"""Places that cannot be written to are refused before anything long begins."""

import errno
import os
from pathlib import Path

import pytest

from orchestrator.files.addresses import check_writable, hasty
from trainable.errors import UserError


@pytest.mark.parametrize("place", ["{folder}/" + 300 * "x", "/proc/nowhere"])
def test_a_place_that_cannot_be_written_to_is_refused(tmp_path: Path, place: str) -> None:
    with pytest.raises(UserError, match=r"cannot be written to \("):
        check_writable(place.format(folder=tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_only_be_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with pytest.raises(UserError, match="Permission denied"):
        check_writable(str(tmp_path / "out"))


def test_a_full_disk_is_refused_and_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UserError, match="No space left on device"):
        check_writable(str(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_good_place_keeps_nothing_of_the_check(tmp_path: Path) -> None:
    check_writable(str(tmp_path / "deep" / "out"))
    assert list((tmp_path / "deep" / "out").iterdir()) == []
    check_writable("s3://bucket/folder")


@pytest.mark.parametrize(
    ("uri", "asked"),
    [
        ("gs://b/x", "gs://b/x?retry_limit_seconds=15"),
        ("gs://b/x?project_id=p", "gs://b/x?project_id=p&retry_limit_seconds=15"),
        ("gs://b/x?retry_limit_seconds=1", "gs://b/x?retry_limit_seconds=1"),
        ("s3://b/x", "s3://b/x"),
    ],
)
def test_google_is_not_asked_for_a_quarter_of_an_hour(uri: str, asked: str) -> None:
    assert hasty(uri) == asked


def test_the_bucket_of_our_own_examples_is_refused() -> None:
    with pytest.raises(UserError, match="YOUR-BUCKET stands for your bucket"):
        check_writable("s3://YOUR-BUCKET/paper")
