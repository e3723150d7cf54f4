"""The reason of a failure, and at which leg it is laid; the rest of a trial is held by tests/integration."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import ray
import ray.train
from ray.exceptions import ActorDiedError
from ray.train import WorkerGroupError
from ray.tune import TuneError

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FOLD
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg, make_plan
from orchestrator.settings.loading import load_experiment
from orchestrator.training.driver.trial import (
    TrialDriver,
    _blamed,
    _reason,
    _title,
    note_failure,
    root_cause,
    to_train,
)
from orchestrator.training.driver.trial_progress import Background
from tests.orchestrator.legs.test_folders import result
from tests.orchestrator.legs.test_plan import experiment
from tests.places import ROOT, SMOKE


class Died(Exception):
    """As Ray Train's own, which is not public."""

    health_check_failure = ActorDiedError()


@pytest.fixture
def trial() -> tuple[Leg, ...]:
    """A stem and its three branches."""
    return tuple(make_plan(load_experiment(SMOKE, ()), "data").subtrees[0])


@pytest.fixture
def legs(tmp_path: Path) -> LegFolders:
    return LegFolders.of(Store.open(tmp_path))


def group_error(failures: dict[int, Exception]) -> ray.train.WorkerGroupError:
    return ray.train.WorkerGroupError("text\nlast line", failures)


def test_a_process_goes_on_with_the_next_trial(
    trial: tuple[Leg, ...], legs: LegFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = {"first": trial, "second": trial[:1]}
    inputs = SimpleNamespace(experiment=load_experiment(SMOKE, ()), legs=legs, trial=trials.__getitem__)
    monkeypatch.setattr(ray, "get", lambda reference: inputs)
    driver = TrialDriver.__new__(TrialDriver)
    driver.setup({"inputs": None, "trial": "first"})
    driver.progress._told = (3, 1)
    driver.work = Background(lambda: None)
    assert driver.reset_config({"inputs": None, "trial": "second"})
    after = vars(driver)
    assert (after["name"], after["trial"], after["work"]) == ("second", trial[:1], None)
    assert driver.progress._told == (0, 0)


def test_neither_trial_nor_controller_imports_torch() -> None:
    """As long as all else together; the workers alone have a use for it."""
    steps = "import sys, orchestrator.training.driver.sweep; print('torch._C' in sys.modules)"
    words = [sys.executable, "-c", steps]
    said = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said == "False\n"


def test_workers_are_called_after_all_that_their_trial_trains() -> None:
    plan = make_plan(load_experiment(SMOKE, ("activations={sigmoid: {}, sigmoid_softmax: {}}",)), "data")
    assert _title(plan.subtrees[0][:2]) == "sigmoid verified_only+top_k+threshold seed 0"
    assert _title([leg for tree in plan.subtrees for leg in tree]) == (
        "sigmoid+sigmoid_softmax verified_only+top_k+threshold seed 0"
    )


def test_a_fold_fails_in_the_first_leg_that_it_has_not_done(trial: tuple[Leg, ...], legs: LegFolders) -> None:
    for leg, folds in zip(trial, ((0, 1), (0,), ()), strict=False):
        for fold in folds:
            legs[leg].fold(fold).store.write(FOLD, b"{}")
    assert _blamed(trial, legs, group_error({1: RuntimeError()}))[0] == trial[1]
    assert _blamed(trial, legs, group_error({0: RuntimeError()}))[0] == trial[2]


def test_what_is_given_up_takes_along_what_grows_from_it_alone(
    trial: tuple[Leg, ...], legs: LegFolders
) -> None:
    assert to_train(trial, legs) == list(trial)
    legs[trial[1]].fail("broken")
    assert to_train(trial, legs) == [leg for leg in trial if trial[1].id not in (leg.id, leg.parent)]
    legs[trial[0]].fail("broken")
    assert to_train(trial, legs) == []


def test_a_killed_process_is_named_as_one() -> None:
    assert _reason(group_error({0: RuntimeError("x")})) == "last line"
    assert "the process of fold 1 was killed" in _reason(group_error({1: Died()}))
    assert "memory" in _reason(group_error({1: Died()}))


def test_a_trial_killed_for_memory_is_named_as_one() -> None:
    text = (
        "OutOfMemoryError: 1 worker(s) were killed due to the node running low on memory.\nRefer to the docs"
    )
    reason = root_cause(TuneError(text))
    assert reason.startswith("the process of the trial was killed each time")
    assert "memory ran out" in reason


TRAVELLED = """Training failed due to worker errors:
[Rank 1 Error Snippet]:
  File "fold.py", line 12, in step
    raise RuntimeError("CUDA error: out of memory")

RuntimeError: CUDA error: out of memory

"""


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("one line"), "one line"),
        (RuntimeError(TRAVELLED), "RuntimeError: CUDA error: out of memory"),
        (WorkerGroupError(TRAVELLED, {}), "RuntimeError: CUDA error: out of memory"),
        (KeyError("x"), "'x'"),
        (RuntimeError("  \n\t\n"), "RuntimeError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_the_reason_is_the_last_line_that_says_something(error: Exception, reason: str) -> None:
    assert root_cause(error).splitlines() == [reason]


def finish_leg(legs: LegFolders, leg: str) -> None:
    legs[leg].fold(0).finish(result(0.5))
    assert legs[leg].finish(1)


def test_the_first_unfinished_leg_has_failed_and_no_other(tmp_path: Path) -> None:
    legs = LegFolders.of(Store.open(tmp_path))
    trial = make_plan(experiment(), "data").subtrees[0]
    finish_leg(legs, trial[0].id)
    note_failure(trial, legs, root_cause(RuntimeError(TRAVELLED)), TRAVELLED)
    failures = [legs[leg].failure() for leg in trial]
    assert [failure is not None for failure in failures] == [False, True, False, False]
    assert failures[1] is not None
    assert failures[1].reason == "RuntimeError: CUDA error: out of memory"
    log = tmp_path / artifacts.LEGS / trial[1].id / artifacts.FAILURE_LOG
    assert failures[1].log == str(log)
    assert log.read_text().rstrip() == TRAVELLED.rstrip()


def test_a_trial_whose_legs_are_done_has_not_failed(tmp_path: Path) -> None:
    """Its last worker may die after it has written everything."""
    legs = LegFolders.of(Store.open(tmp_path))
    trial = make_plan(experiment(), "data").legs[:1]
    finish_leg(legs, trial[0].id)
    note_failure(trial, legs, "the node went away", "Traceback")
    assert legs[trial[0]].failure() is None


def test_an_error_without_words_leaves_its_kind(tmp_path: Path) -> None:
    legs = LegFolders.of(Store.open(tmp_path))
    trial = make_plan(experiment(), "data").legs[:1]
    note_failure(trial, legs, root_cause(TimeoutError()), "")
    failure = legs[trial[0]].failure()
    assert failure is not None
    assert (failure.reason, failure.log) == ("TimeoutError", None)
