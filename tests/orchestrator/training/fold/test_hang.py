"""A fold's own watch; that Ray Train starts it again is held by tests/chaos/test_faults.py."""

import signal
import subprocess
import sys

import pytest

from tests.places import ROOT

PROGRAM = """
import time
from orchestrator.training.fold.hang import SignsOfLife

life = SignsOfLife()
with life.watched(minutes=0.1):
    {work}
time.sleep(7)
"""


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ("time.sleep(30)", -signal.SIGKILL),
        ("for _ in range(16): time.sleep(0.5); life.show()", 0),
        ("pass", 0),  # and what comes afterwards is not watched
    ],
)
@pytest.mark.integration  # seconds: limits that a busy machine does not miss
def test_only_a_fold_that_hangs_is_ended(work: str, code: int) -> None:
    program = [sys.executable, "-c", PROGRAM.format(work=work)]
    ended = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == code, ended.stderr
    assert ("no sign of life for 0.1 minutes" in ended.stderr) == (code != 0)
