import io
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from orchestrator.files.processes import this_process
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.plan import Leg
from orchestrator.legs.progress import write_note
from orchestrator.legs.run import Run
from orchestrator.legs.status import (
    NOBODY,
    StatusReader,
    alerts,
    seconds_left,
    stalls,
    summary,
)
from orchestrator.watch.status_table import status_table
from tests.orchestrator.fake_run import make_fake_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One cell is missing; its leg is the one that the tests play with."""
    return make_fake_run(tmp_path, selections=("top_k", "threshold"), activations=("sigmoid",),
                         missing={("sigmoid", "threshold")})  # fmt: skip


def unfinished(run: Run) -> Leg:
    return next(leg for leg in run.manifest.legs if not run.legs[leg.id].is_done)


def progress(run: Run, fold: int, done: int, **changes: Any) -> None:
    leg = unfinished(run)
    first = leg.last_iteration - leg.iterations
    content = FoldProgress(
        iteration=first + done, first=first, last=leg.last_iteration, rate=2.0, loss=1.0, eta=None, T=None,
        kept=None, fscore=None, lwlrap=0.5, **this_process().model_dump(), time=time.time(),
    )  # fmt: skip
    folder = run.legs[leg.id].fold(fold).store
    folder.write_model(artifacts.PROGRESS, content.model_copy(update=changes))


def test_states_follow_the_files(run: Run) -> None:
    def states() -> dict[str, str]:
        return {status.leg.id: status.state for status in StatusReader(run).read()}

    leg = unfinished(run)
    assert set(states().values()) == {"done", "waiting"}
    progress(run, 0, 1)
    assert states()[leg.id] == "running"
    progress(run, 0, 1, time=time.time() - 1000)
    assert states()[leg.id] == "stopped"
    ended = subprocess.Popen(["true"])
    ended.wait()
    progress(run, 0, 1, pid=ended.pid)
    assert states()[leg.id] == "stopped"
    progress(run, 0, 1, pid=ended.pid, host="another")
    assert states()[leg.id] == "running"
    progress(run, 0, 1, pid=ended.pid, host="another", time=time.time() - 62)
    assert states()[leg.id] == "stalled"
    assert f"sigmoid · threshold fold 0: stalled, no sign of life for 1:02 (process {ended.pid} on" in shown(
        run, 200
    )
    progress(run, 0, 1, time=time.time() + 3600)  # a clock was set back: until the next sign of life
    assert states()[leg.id] == "stopped"
    assert stalls(StatusReader(run).read()) == []
    run.legs[leg.id].fail("out of memory")
    assert states()[leg.id] == "failed"
    assert "out of memory" in shown(run, 80)


def test_time_left_is_what_is_left_by_the_speed_of_all_folds(run: Run) -> None:
    leg = unfinished(run)
    progress(run, 0, 3)
    progress(run, 1, 1)
    statuses = StatusReader(run).read()
    left = (leg.iterations - 3) + (leg.iterations - 1)
    assert sum(status.left for status in statuses) == left
    assert seconds_left(statuses) == pytest.approx(left / 4.0)
    assert "4.0 it/s" in summary(statuses)


def test_clips_that_are_scored_after_the_last_iteration_are_shown(run: Run) -> None:
    leg = unfinished(run)
    progress(run, 0, leg.iterations, scored=50, to_score=200)
    progress(run, 1, leg.iterations, scored=70, to_score=200)
    statuses = StatusReader(run).read()
    assert next(status.clock_left for status in statuses if status.leg == leg) == "scoring"
    assert summary(statuses).endswith("scoring clips: 120/400")
    progress(run, 1, leg.iterations - 1, scored=70, to_score=200)  # an evaluation between iterations
    statuses = StatusReader(run).read()
    assert next(status.clock_left for status in statuses if status.leg == leg) == "0:00"
    assert summary(statuses).endswith("scoring clips: 50/200")


def test_time_left_counts_what_ended_folds_took_besides_iterations(run: Run) -> None:
    done = next(leg for leg in run.manifest.legs if run.legs[leg.id].is_done)
    for fold in range(2):
        folder = run.legs[done.id].fold(fold)
        result = folder.result().model_copy(update={"own_iterations": 20, "rate": 2.0, "seconds": 16.0})
        folder.store.write_model(artifacts.FOLD, result)
    leg = unfinished(run)
    progress(run, 0, 3)
    progress(run, 1, 1)
    statuses = StatusReader(run).read()
    folds = [fold for status in statuses for fold in status.folds]
    ended = [fold.aside for fold in folds if fold.state == "done"]
    assert ended.count(6.0) == 2
    aside = sum(ended) / len(ended) * (len(folds) - len(ended)) / 2
    assert seconds_left(statuses) == pytest.approx((2 * leg.iterations - 4) / 4.0 + aside)


def test_why_it_waits_is_what_the_driver_says_or_the_files(run: Run) -> None:
    def why() -> str:
        return next(status.why for status in StatusReader(run).read() if status.leg == unfinished(run))

    assert why() == NOBODY
    assert NOBODY in shown(run, 200)
    write_note(run.store, "training", {unfinished(run).id: "queued: 1 at a time"}, "no free CPUs")
    assert why() == "queued: 1 at a time"
    reader = StatusReader(run)
    assert alerts(reader.read(), reader.note) == ["no free CPUs"]
    parent = unfinished(run).parent
    assert parent is not None
    run.legs[parent].fail("broken")
    assert why() == "not trained: sigmoid · shared stem failed"
    progress(run, 0, 1)
    assert why() == ""


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_the_terminal(run: Run, width: int) -> None:
    progress(run, 0, 2)
    text = shown(run, width)
    assert max(map(len, text.splitlines())) <= width
    assert "%" in text
    assert "4.0 it/s" not in text
    assert "2.0 it/s" in text
    assert ".500" in text
    assert "legs" in text


def shown(run: Run, width: int) -> str:
    console = Console(width=width, file=io.StringIO(), force_terminal=False)
    console.print(status_table(StatusReader(run).read(), None))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
