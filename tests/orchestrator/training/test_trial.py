"""What of a trial needs no Ray: the reason of a failure, and where it is left."""

from pathlib import Path

import pytest
from ray.train import WorkerGroupError

from orchestrator.artifacts import files
from orchestrator.artifacts.leg_folders import LegFolders
from orchestrator.plan.legs import make_plan
from orchestrator.storage.store import Store
from orchestrator.training.trial import _root_cause, note_failure
from tests.orchestrator.artifacts.test_folders import result
from tests.orchestrator.plan.test_legs import experiment

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
    assert _root_cause(error).splitlines() == [reason]


def finish(legs: LegFolders, leg: str) -> None:
    legs[leg].fold(0).finish(result(0.5))
    assert legs[leg].finish(1)


def test_the_first_unfinished_leg_has_failed_and_no_other(tmp_path: Path) -> None:
    legs = LegFolders.of(Store.open(tmp_path))
    trial = make_plan(experiment(), "data").subtrees[0]
    finish(legs, trial[0].id)
    note_failure(trial, legs, RuntimeError(TRAVELLED))
    failures = [legs[leg].failure() for leg in trial]
    assert [failure is not None for failure in failures] == [False, True, False, False]
    assert failures[1] is not None
    assert failures[1].reason == "RuntimeError: CUDA error: out of memory"
    log = tmp_path / files.LEGS / trial[1].id / files.FAILURE_LOG
    assert failures[1].log == str(log)
    assert log.read_text().rstrip() == TRAVELLED.rstrip()


def test_a_trial_whose_legs_are_done_has_not_failed(tmp_path: Path) -> None:
    """Its last worker may die after it has written everything."""
    legs = LegFolders.of(Store.open(tmp_path))
    trial = make_plan(experiment(), "data").legs[:1]
    finish(legs, trial[0].id)
    note_failure(trial, legs, RuntimeError("the node went away"))
    assert legs[trial[0]].failure() is None


def test_an_error_without_words_leaves_its_kind(tmp_path: Path) -> None:
    legs = LegFolders.of(Store.open(tmp_path))
    trial = make_plan(experiment(), "data").legs[:1]
    note_failure(trial, legs, TimeoutError())
    failure = legs[trial[0]].failure()
    assert failure is not None
    assert (failure.reason, failure.log) == ("TimeoutError", None)
