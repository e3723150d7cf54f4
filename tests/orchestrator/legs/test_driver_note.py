"""What a driver says of itself counts as long as it is at work."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import DRIVER
from orchestrator.legs.driver_note import FRESH_SECONDS, DriverNote, read_note, write_note


def test_what_was_written_is_read(tmp_path: Path) -> None:
    out = Store.open(tmp_path)
    assert read_note(out) is None
    write_note(out, "training", {"leg": "queued"}, "no free CPUs", "http://127.0.0.1:8265")
    note = read_note(out)
    assert note is not None
    assert (note.stage, note.waits, note.alert) == ("training", {"leg": "queued"}, "no free CPUs")
    assert (note.pid, note.dashboard) == (os.getpid(), "http://127.0.0.1:8265")


@pytest.mark.parametrize("change", ["gone", "old", "damaged"])
def test_a_driver_that_is_not_at_work_says_nothing(tmp_path: Path, change: str) -> None:
    out = Store.open(tmp_path)
    write_note(out, "training")
    note, long_ago = out.read_model(DRIVER, DriverNote), time.time() - FRESH_SECONDS - 1
    if change == "gone":
        ended = subprocess.Popen(["true"])
        ended.wait()
        out.write_model(DRIVER, note.model_copy(update={"pid": ended.pid}))
    elif change == "old":
        out.write_model(DRIVER, note.model_copy(update={"host": "another", "time": long_ago}))
    else:
        out.write(DRIVER, b"{")
    assert read_note(out) is None


def test_a_driver_that_is_busy_for_long_on_this_machine_is_still_at_work(tmp_path: Path) -> None:
    out = Store.open(tmp_path)
    write_note(out, "computing features")
    note = out.read_model(DRIVER, DriverNote)
    out.write_model(DRIVER, note.model_copy(update={"time": 0.0}))
    assert read_note(out) is not None
    out.write_model(DRIVER, note.model_copy(update={"host": "another"}))
    assert read_note(out) is not None  # it was written a moment ago
