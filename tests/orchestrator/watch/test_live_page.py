"""The live page: its grid before, while and after a cell's own last leg trains; and the page around it."""

import time
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.files.processes import this_process
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.progress import write_note
from orchestrator.legs.run import Run
from orchestrator.legs.status import NOBODY, StatusReader
from orchestrator.watch.live_page import (
    HEIGHT,
    WIDTH,
    LiveCell,
    live_grids,
    polylines,
    write_first_page,
    write_live_page,
)
from tests.orchestrator.fake_run import make_fake_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """top_k is missing, threshold has failed, verified_only is done: as is what they share."""
    return make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")},
                         failed={("sigmoid", "threshold")})  # fmt: skip


def cells(run: Run) -> dict[str, LiveCell]:
    (grid,) = live_grids(run, StatusReader(run).read()).values()
    return grid["sigmoid"]


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
    assert list(live_grids(run, StatusReader(run).read())) == [3, 5]


@given(st.lists(st.lists(st.none() | st.floats(-1e6, 1e6)), max_size=4))
def test_lines_stay_in_their_picture(histories: list[list[float | None]]) -> None:
    lines = polylines(histories)
    assert len(lines) == len(histories)
    for point in (point for line in lines for point in line.split()):
        x, y = map(float, point.split(","))
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def page(run: Run) -> str:
    reader = StatusReader(run)
    write_live_page(run, reader.read(), reader.note)
    return run.store.read("report/live.html").decode()


class Cells(HTMLParser):
    """Counts table rows and open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.rows, self.open = 0, list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.rows += tag == "tr"
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_finished_run_no_longer_reloads(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, selections=("top_k",), activations=("sigmoid",))
    text = page(run)
    assert "http-equiv" not in text
    assert "1/1 legs" in text


def test_an_unfinished_run_reloads_and_shows_every_leg_and_failure(run: Run) -> None:
    text = page(run)
    assert 'http-equiv="refresh"' in text
    parser = Cells()
    parser.feed(text)
    assert parser.open == []
    rows = 1 + len(run.experiment.activations)
    assert parser.rows == rows + 1 + len(run.manifest.legs)
    assert "RuntimeError: out of memory" in text
    assert "sigmoid · shared stem" in text
    assert "3_columns" not in text


def test_what_holds_up_the_run_and_the_way_to_the_dashboard_are_there(run: Run) -> None:
    assert NOBODY in page(run)
    write_note(run.store, "training", {}, "no free CPUs: <another>", "http://127.0.0.1:8265")
    text = page(run)
    assert "no free CPUs: &lt;another&gt;" in text
    assert "http://127.0.0.1:8265" in text


def test_the_first_page_says_what_the_run_is_at(tmp_path: Path) -> None:
    out = Store.open(tmp_path)
    write_first_page(out, "my <run>", "computing features")
    text = (out / "report").read("live.html").decode()
    assert "my &lt;run&gt;: computing features" in text
    assert 'http-equiv="refresh"' in text


def test_what_comes_from_outside_is_escaped(run: Run) -> None:
    leg = next(leg for leg in run.manifest.legs if run.legs[leg.id].failure())
    run.legs[leg.id].fail("<script>alert(1)</script>")
    assert "<script>" not in page(run)
