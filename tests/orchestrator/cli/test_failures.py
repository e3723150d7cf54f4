"""What goes wrong is a line for people, or a traceback in a file."""

import errno
import os
import re
import time
from pathlib import Path

import pytest

from orchestrator.cli import app
from orchestrator.cli.failures import complain, explain_failure
from tests.orchestrator.cli.conftest import Stagegrid
from tests.places import SMOKE

LONG = "x" * 10_000_000


def test_a_fault_of_ours_keeps_its_traceback_in_a_file(
    stagegrid: Stagegrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fault(ValueError):
        """No UserError: a fault of this program."""

    def broken(*_: object) -> None:
        raise Fault

    monkeypatch.setattr(app, "app", broken)
    code, _, err = stagegrid()
    assert code == 70
    assert "a fault of this program" in err
    (log,) = re.findall(r"traceback is in (\S+\.log)", err)
    assert "raise Fault" in Path(log).read_text()
    Path(log).unlink()


def test_a_disk_that_fills_up_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain_failure(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) == 2
    assert capsys.readouterr().err == "stagegrid: a file of the run: No space left on device\n"


def test_a_message_is_cut_and_quickly_shown(capsys: pytest.CaptureFixture[str]) -> None:
    began = time.process_time()
    complain(f"{LONG}\n" + "\n" * 1000)
    assert time.process_time() - began < 2
    assert len(capsys.readouterr().err) < 3000


@pytest.mark.parametrize("change", ["folds={}", "{}=1", "name={}", "a.{}.b=1", "activations.{}=1"])
def test_long_values_are_cut_where_they_are_quoted(stagegrid: Stagegrid, tmp_path: Path, change: str) -> None:
    began = time.process_time()
    words = ("--set", change.format("x" * 100_000))
    code, _, err = stagegrid("run", "--config", SMOKE, "--out", tmp_path, *words)
    assert (code, len(err) < 2000) == (2, True)
    assert time.process_time() - began < 15
