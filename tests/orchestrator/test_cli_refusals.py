"""What the command line says to what cannot be done: one line, exit code 2, before anything long begins."""

import errno
import os
import sys
import time
from pathlib import Path

import pytest

from orchestrator.cli import app
from orchestrator.cli.complaints import complain, explain_failure
from orchestrator.files.addresses import check_writable, hasty
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.places import SMOKE
from trainable.errors import UserError

LONG = "x" * 10_000_000


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What `stagegrid` says to these arguments, which are the user's mistake."""
    monkeypatch.setattr(sys, "argv", ["stagegrid", *arguments])
    with pytest.raises(SystemExit) as caught:
        app.main()
    said = capsys.readouterr().err
    assert caught.value.code == 2, said
    assert "fault of this program" not in said
    return said


# --- places --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("", "--out is empty: name a folder"),
        ("  ", "--out is empty"),
        ("{file}", "is a file: name a folder"),
        ("{file}/below", "cannot be written to (Not a directory)"),
        ("{folder}/" + 300 * "x", "cannot be written to (File name too long)"),
        ("/proc/nowhere", "cannot be written to ("),
    ],
)
def test_a_place_that_cannot_be_written_to_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], out: str, reason: str
) -> None:
    (tmp_path / "file").touch()
    place = out.format(file=tmp_path / "file", folder=tmp_path)
    said = refused(monkeypatch, capsys, "run", "--config", str(SMOKE), "--out", place)
    assert reason in said
    assert said.startswith("stagegrid: --out ")
    assert said.count("\n") == 1


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


def test_a_disk_that_fills_up_later_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_failure(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) == 2
    assert capsys.readouterr().err == "stagegrid: a file of the run: No space left on device\n"


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


@pytest.mark.parametrize("command", ["report", "verify", "status"])
@pytest.mark.parametrize("place", ["file", "nothing", "x" * 300])
def test_what_is_no_run_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    place: str,
) -> None:
    (tmp_path / "file").touch()
    assert place in refused(monkeypatch, capsys, command, str(tmp_path / place))


def test_a_file_in_place_of_a_runs_folder_is_named_by_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    said = refused(monkeypatch, capsys, "plan", "--config", str(SMOKE), "--out", str(tmp_path / "file"))
    assert f"{tmp_path}/file" in said
    assert "Not a directory" in said


# --- plan's options ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--devices", "0"], "--devices 0: '0' is no number of devices"),
        (["--devices", "x"], "--devices x: 'x' is no number of devices"),
        (["--devices", "1,,2"], "--devices 1,,2: ''"),
        (["--devices", "²"], "--devices ²"),
        (["--devices", "9" * 5000], "is no number of devices"),
        (["--speed", "0"], "--speed 0.0: must be more than 0"),
        (["--speed", "nan"], "--speed nan"),
        (["--start", "-1"], "--start -1.0: must be 0 seconds or more"),
        (["--like", "/nope"], "--like /nope: /nope: no run is here"),
        (["--detect", "0"], "--detect 0.0: must be a difference of lwlrap above 0"),
        (["--detect", "nan", "--out", "/nope"], "--detect nan: must be"),
        (["--detect", ".01"], "--detect: name the finished run that it goes by with --out"),
        (["--detect", ".01", "--out", "/nope"], "/nope: no run is here"),
    ],
)
def test_plan_refuses_options_before_it_reads_anything(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    said = refused(monkeypatch, capsys, "plan", "--config", "no such file", *options)
    assert reason in said
    assert "no such configuration" not in said


def test_plan_takes_the_speed_of_a_run_only_where_it_has_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = Numbers(verified=12, unverified=16, test=8, classes=4, iterations=(2, 2, 1), batch=8)
    make_fake_run(tmp_path, numbers=numbers, activations=("sigmoid",), selections=("top_k",))
    said = refused(monkeypatch, capsys, "plan", "--config", str(SMOKE), "--like", str(tmp_path))
    assert f"--like {tmp_path}: " in said
    assert "has trained nothing to the end" in said


# --- messages ------------------------------------------------------------------------------------------


def test_a_message_is_cut_and_quickly_shown(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.process_time()
    complain(f"{LONG}\n" + "\n" * 1000)
    assert time.process_time() - began < 2
    assert len(capsys.readouterr().err) < 3000


def test_long_values_are_cut_where_they_are_quoted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, word = str(tmp_path), "x" * 100_000
    for change in (f"folds={word}", f"{word}=1", f"name={word}", f"a.{word}.b=1", f"activations.{word}=1"):
        began = time.process_time()
        said = refused(monkeypatch, capsys, "run", "--config", str(SMOKE), "--out", out, "--set", change)
        assert len(said) < 2000, change[:20]
        assert time.process_time() - began < 15, change[:20]
