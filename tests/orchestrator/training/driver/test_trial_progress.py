"""What Tune hears of a trial: from progress files that the test writes."""

import math
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg, make_plan
from orchestrator.settings.loading import load_experiment
from orchestrator.training.driver.trial_progress import Background, TrialProgress
from tests.places import SMOKE


@pytest.fixture
def trial() -> tuple[Leg, ...]:
    """A stem of 6 iterations and branches of 9."""
    return tuple(make_plan(load_experiment(SMOKE, ()), "data").subtrees[0])


@pytest.fixture
def progress(tmp_path: Path, trial: tuple[Leg, ...]) -> TrialProgress:
    told = TrialProgress(trial, LegFolders.of(Store.open(tmp_path)), folds=2, evaluate_every=5)
    told.seconds = 0.01
    return told


def write(progress: TrialProgress, leg: Leg, fold: int, iteration: int, **changes: Any) -> None:
    seen = FoldProgress(
        iteration=iteration, first=leg.last_iteration - leg.iterations, last=leg.last_iteration, rate=1.0,
        loss=1.0 + fold, eta=None, T=None, kept=None, fscore=0.25, lwlrap=0.5 + fold / 4, host="h", pid=1,
        time=time.time() + 1,
    )  # fmt: skip
    store = progress.legs[leg].fold(fold).store
    store.write_model(artifacts.PROGRESS, seen.model_copy(update=changes))


def test_each_evaluation_of_all_folds_is_told_once(progress: TrialProgress, trial: tuple[Leg, ...]) -> None:
    end = Event()

    def until_end() -> None:
        end.wait()

    def the_other_fold() -> None:
        time.sleep(0.3)
        write(progress, trial[1], 1, 12)

    work = Background(until_end)
    write(progress, trial[0], 0, 6)
    write(progress, trial[0], 1, 5)
    told = progress.next_evaluation(work)
    assert told is not None
    assert math.isnan(float(told.pop("threshold")))
    assert told == {"leg": trial[0].label, "iteration": 5, "timesteps_total": 5, "lwlrap": 0.625,
                    "F-score": 0.25, "loss": 1.5}  # fmt: skip
    write(progress, trial[0], 1, 6)  # no evaluation since
    write(progress, trial[1], 0, 10)  # and the other fold has not come here
    later = Background(the_other_fold)
    told = progress.next_evaluation(work)
    assert told is not None
    assert (told["leg"], told["iteration"], told["timesteps_total"]) == (trial[1].label, 10, 6 + 4)
    end.set()
    assert progress.next_evaluation(work) is None
    assert later.ended(1)
    assert progress.last()["timesteps_total"] == 10


def test_what_an_earlier_start_left_is_not_told(progress: TrialProgress, trial: tuple[Leg, ...]) -> None:
    for fold in range(2):
        write(progress, trial[0], fold, 5, time=time.time() - 100)
    assert progress.next_evaluation(Background(lambda: time.sleep(0.1))) is None
    assert progress.last() == {}


def test_an_error_of_the_work_is_the_trials(progress: TrialProgress) -> None:
    def work() -> None:
        raise RuntimeError("a worker died")

    with pytest.raises(RuntimeError, match="a worker died"):
        progress.next_evaluation(Background(work))
