"""The grid as it fills: what a cell shows before, while and after its own last leg trains."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.files.processes import this_process
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.progress import write_note
from orchestrator.legs.run import Run
from orchestrator.legs.status import NOBODY, StatusReader
from orchestrator.watch.grid_view import HEIGHT, WIDTH, CellView, grid_views, polylines
from tests.orchestrator.fake_run import make_fake_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """top_k is missing, threshold has failed, verified_only is done: as is what they share."""
    return make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")},
                         failed={("sigmoid", "threshold")})  # fmt: skip


def cells(run: Run) -> dict[str, CellView]:
    (grid,) = grid_views(run, StatusReader(run).read())
    return dict(zip(grid.columns, grid.rows["sigmoid"], strict=True))


def progress(run: Run, fold: int, **changes: Any) -> None:
    leg = next(leg for leg in run.manifest.legs if "top_k" in leg.label)
    first = leg.last_iteration - leg.iterations
    seen = FoldProgress(
        iteration=first + 1, first=first, last=leg.last_iteration, rate=1.0, loss=2.0 + fold, eta=None,
        T=None, kept=None, fscore=0.5, lwlrap=0.25 + fold / 2, time=time.time(),
        history={"loss": [4.0, None, 2.0], "fscore": [None, 0.5]}, **this_process().model_dump(),
    )  # fmt: skip
    run.legs[leg.id].fold(fold).store.write_model(artifacts.PROGRESS, seen.model_copy(update=changes))


def test_a_finished_cell_has_its_own_number(run: Run) -> None:
    done = cells(run)["verified_only"]
    scores = [fold.lwlrap for fold in run.leg_of(next(iter(run.cells))).result().folds]
    assert (done.lwlrap, done.state, done.share) == (f"{sum(scores) / 2:.3f}", "done", 1.0)
    assert not done.of_stem
    assert done.why == ""


def test_a_cell_that_waits_shows_its_stem_and_why(run: Run) -> None:
    waiting = cells(run)["top_k"]
    assert (waiting.of_stem, waiting.state, waiting.why) == (True, "waiting", NOBODY)
    assert 0 < waiting.share < 1
    write_note(run.store, "training", {}, None)
    assert cells(run)["top_k"].why == "training"


def test_a_failed_cell_says_why(run: Run) -> None:
    failed = cells(run)["threshold"]
    assert (failed.state, failed.why) == ("failed", "RuntimeError: out of memory")


def test_a_cell_that_trains_shows_the_newest_and_its_curves(run: Run) -> None:
    for fold in range(2):
        progress(run, fold)
    running = cells(run)["top_k"]
    assert (running.lwlrap, running.of_stem, running.state, running.why) == ("0.500", False, "running", "")
    assert [(curve.name, curve.newest) for curve in running.curves] == [("loss", "2.5"), ("F-score", "0.5")]
    assert running.curves[0].lines == [f"0.0,0.0 {WIDTH:.1f},{HEIGHT:.1f}"] * 2


def test_every_seed_has_its_grid(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",), seeds=(3, 5))
    assert [grid.seed for grid in grid_views(run, StatusReader(run).read())] == [3, 5]


@given(st.lists(st.lists(st.none() | st.floats(-1e6, 1e6)), max_size=4))
def test_lines_stay_in_their_picture(histories: list[list[float | None]]) -> None:
    lines = polylines(histories)
    assert len(lines) == len(histories)
    for point in (point for line in lines for point in line.split()):
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
