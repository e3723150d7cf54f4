"""Which leg a failure is laid at; the rest of a trial is held by tests/integration."""

from pathlib import Path

import pytest
import ray.train
from ray.exceptions import ActorDiedError

from orchestrator.artifacts.files import FOLD
from orchestrator.artifacts.leg_folders import LegFolders
from orchestrator.experiment.loading import load_experiment
from orchestrator.plan.legs import Leg, make_plan
from orchestrator.storage.store import Store
from orchestrator.training.trial import _blamed, _reason, to_train
from tests.places import SMOKE


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
