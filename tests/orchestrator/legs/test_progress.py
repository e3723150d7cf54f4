"""How far a fold is, on a clock that the test turns; what a driver says, as long as it is at work."""

import math
import os
import platform
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.fs as pafs
import pytest
import torch

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import DRIVER, FoldProgress
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.progress import (
    FRESH_SECONDS,
    LOCAL_SECONDS,
    POINTS,
    RECENT,
    REMOTE_SECONDS,
    DriverNote,
    ProgressWriter,
    _thinned,
    read_note,
    write_note,
)
from trainable.record import CURVES, Curve

NAN = float("nan")


class Clock:
    """Seconds as the test turns them."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


def writer(folder: Path, first: int = 10, last: int = 100) -> ProgressWriter:
    return ProgressWriter(FoldFolder(Store.open(folder)), first, last)


def curves(rows: int = 100) -> torch.Tensor:
    return torch.full((rows, len(CURVES)), NAN)


def test_what_is_written_is_what_the_fold_folder_reads(tmp_path: Path, clock: Clock) -> None:
    before = time.time()
    table = curves()
    table[11] = torch.arange(len(CURVES)) / 8
    written = writer(tmp_path).note(12, table)
    assert written == FoldFolder(Store.open(tmp_path)).progress()
    assert written is not None
    assert (written.iteration, written.first, written.last) == (12, 10, 100)
    assert (written.host, written.pid) == (platform.node(), os.getpid())
    assert before <= written.time <= time.time()
    assert [getattr(written, name) for name in CURVES] == [number / 8 for number in range(len(CURVES))]


def test_the_rate_counts_what_this_process_has_done_since_its_first_iteration(
    tmp_path: Path, clock: Clock
) -> None:
    """A fold that goes on at 40 has not done 40 iterations since; its first one may be slow to begin."""
    progress = writer(tmp_path)
    clock.seconds += 500
    first = progress.note(41, curves())
    assert first is not None
    assert first.rate is None
    clock.seconds += 4
    second = progress.note(51, curves())
    assert second is not None
    assert second.rate == 10 / 4
    clock.seconds += 6
    third = progress.note(56, curves())
    assert third is not None
    assert third.rate == 15 / 10


def remote(folder: Path) -> Store:
    """Stands for object storage: not a place with paths."""
    return Store(pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem()), "bucket")


def newest(progress: ProgressWriter) -> int:
    written = progress.folder.progress()
    assert written is not None
    return written.iteration


@pytest.mark.parametrize(("open_store", "every"), [(Store.open, LOCAL_SECONDS), (remote, REMOTE_SECONDS)])
def test_nothing_is_written_before_it_is_due(
    tmp_path: Path, clock: Clock, open_store: Callable[[Path], Store], every: float
) -> None:
    progress = ProgressWriter(FoldFolder(open_store(tmp_path)), 10, 100)
    noted = []
    for iteration in range(11, 41):
        if progress.note(iteration, curves()):
            noted.append(iteration)
        clock.seconds += every / 10
    assert noted == [11, 21, 31]
    assert newest(progress) == 31


def test_the_last_iteration_is_always_written(tmp_path: Path, clock: Clock) -> None:
    progress = writer(tmp_path)
    noted = [iteration for iteration in range(97, 101) if progress.note(iteration, curves())]
    assert noted == [97, 100]
    assert newest(progress) == 100


def test_the_newest_value_is_the_last_finite_one_before_now(tmp_path: Path, clock: Clock) -> None:
    table = curves()
    loss, lwlrap = (list(CURVES).index(name) for name in ("loss", "lwlrap"))
    table[:40, loss] = torch.arange(40.0)
    table[19, lwlrap], table[29, lwlrap] = 0.25, 0.5
    table[24, loss] = float("inf")
    progress = writer(tmp_path)
    found = list[tuple[float | None, float | None]]()
    for iteration in (11, 20, 25, 29, 30, 31):
        clock.seconds += LOCAL_SECONDS
        written = progress.note(iteration, table)
        assert written is not None
        found.append((written.loss, written.lwlrap))
        assert written.eta is None
    assert found == [(10.0, None), (19.0, 0.25), (23.0, 0.25), (28.0, 0.25), (29.0, 0.5), (30.0, 0.5)]


def test_only_recent_iterations_are_searched(tmp_path: Path, clock: Clock) -> None:
    """However long a cell is, telling how far it is costs the same."""
    table = curves(RECENT + 10)
    table[4] = 0.5
    progress = writer(tmp_path, last=RECENT + 10)
    found = dict[int, FoldProgress | None]()
    for iteration in (RECENT + 4, RECENT + 5):
        clock.seconds += LOCAL_SECONDS
        found[iteration] = progress.note(iteration, table)
    values = [getattr(written, "loss", NAN) for written in found.values()]
    assert values == [0.5, None]


def test_a_pass_over_clips_is_a_sign_of_life_and_ends_with_the_next_iteration(
    tmp_path: Path, clock: Clock
) -> None:
    progress, folder = writer(tmp_path), FoldFolder(Store.open(tmp_path))
    progress.note_scores(1, 30)
    assert folder.progress() is None
    before = progress.note(12, curves())
    clock.seconds += LOCAL_SECONDS / 2
    progress.note_scores(10, 30)
    assert folder.progress() == before
    clock.seconds += LOCAL_SECONDS
    progress.note_scores(20, 30)
    during = folder.progress()
    assert before is not None
    assert during is not None
    assert (during.iteration, during.scored, during.to_score) == (12, 20, 30)
    assert during.time >= before.time
    clock.seconds += LOCAL_SECONDS
    after = progress.note(13, curves())
    assert after is not None
    assert after.to_score == 0


def test_what_a_driver_says_is_read(tmp_path: Path) -> None:
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


def test_a_short_curve_stays_as_it_is() -> None:
    curves = torch.full((3, len(CURVES)), NAN)
    curves[:, Curve.LOSS] = torch.tensor([3.0, 2.0, 1.23456])
    curves[1, Curve.LWLRAP] = 0.5
    assert _thinned(curves) == {"loss": [3.0, 2.0, 1.235], "lwlrap": [None, 0.5, None]}


def test_a_long_curve_is_the_means_of_equal_spans() -> None:
    curves = torch.full((POINTS * 10, len(CURVES)), NAN)
    curves[:, Curve.LOSS] = torch.arange(POINTS * 10, dtype=torch.float32)
    curves[5::10, Curve.FSCORE] = 0.25  # an evaluation in each span
    found = _thinned(curves)
    assert found["loss"] == [10 * span + 4.5 for span in range(POINTS)]
    assert found["fscore"] == [0.25] * POINTS
    assert "eta" not in found


@pytest.mark.parametrize("rows", [0, 1, POINTS - 1, POINTS + 1, 1000])
def test_a_curve_is_never_longer_than_what_is_drawn(rows: int) -> None:
    found = _thinned(torch.zeros(rows, len(CURVES)))
    assert all(len(values) == min(rows, POINTS) for values in found.values())
    assert len(found) == (len(CURVES) if rows else 0)


def test_what_of_a_curve_is_not_finite_is_no_value() -> None:
    curves = torch.full((2, len(CURVES)), NAN)
    curves[:, Curve.LOSS] = torch.tensor([math.inf, 1.0])
    assert _thinned(curves) == {"loss": [None, 1.0]}
