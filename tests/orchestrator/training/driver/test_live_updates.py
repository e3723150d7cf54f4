"""Why legs wait, as the driver sees it; all of a real run: tests/integration/test_live.py."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.legs.allocation import Shares
from orchestrator.legs.plan import Leg, make_plan
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus, StatusReader
from orchestrator.training import ray_private
from orchestrator.training.driver import connect
from orchestrator.training.driver.live_updates import STARTING, Capacity, waits
from tests.orchestrator.fake_run import make_fake_run

SHORT = "no free CPUs (0 of 2 CPUs are free, 1.99 needed)"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A stem that is done and two branches that are not; a second row that has not begun."""
    missing = {("sigmoid", "top_k"), ("sigmoid", "threshold"), ("sigmoid_softmax", "top_k"),
               ("sigmoid_softmax", "threshold")}  # fmt: skip
    return make_fake_run(tmp_path, activations=("sigmoid", "sigmoid_softmax"), missing=missing,
                         selections=("verified_only", "top_k", "threshold"))  # fmt: skip


@pytest.fixture
def inputs(run: Run) -> Any:
    """One run at a time, each leg a run."""
    plan = make_plan(run.experiment, "fake-data")
    levels: list[dict[str, tuple[Leg, ...]]] = [{leg.label: (leg,) for leg in level} for level in plan.levels]
    return SimpleNamespace(levels=levels, shares=Shares(0.99, 0.0, 1), experiment=run.experiment)


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Whether folds lack a place, and the machines that are up; both can be changed."""
    seen: dict[str, Any] = {"place": False, "up": {"a": "host-a", "b": "host-b"}}
    monkeypatch.setattr(ray_private, "lacks_capacity", lambda: seen["place"])
    monkeypatch.setattr(connect, "hosts", lambda: seen["up"])
    monkeypatch.setattr(connect, "shortage", lambda needed: SHORT)
    return seen


def reasons(run: Run, inputs: Any, alert: str | None = None) -> dict[str, str]:
    legs: list[LegStatus] = StatusReader(run).read()
    told = waits(inputs, legs, alert)
    return {status.name: told[status.leg.id] for status in legs if status.leg.id in told}


def test_each_leg_says_what_it_waits_for(run: Run, inputs: Any) -> None:
    told = reasons(run, inputs)
    assert "sigmoid · verified_only" not in told
    assert list(told.values()).count(STARTING) == 1
    assert set(told.values()) <= {STARTING, "queued: 1 at a time on this cluster",
                                  "queued: after sigmoid_softmax · shared stem"}  # fmt: skip


def test_what_holds_up_the_cluster_holds_up_what_could_begin(run: Run, inputs: Any) -> None:
    assert reasons(run, inputs, SHORT)["sigmoid · top_k"] == SHORT


def test_folds_without_a_place_are_told_of_but_not_at_once(inputs: Any, lacking: dict[str, Any]) -> None:
    capacity = Capacity(inputs)
    assert [capacity.alert() for _ in range(3)] == [None] * 3
    lacking["place"] = True
    assert [capacity.alert() for _ in range(3)] == [None, SHORT, SHORT]
    lacking["place"] = False
    assert capacity.alert() is None


def test_a_lost_machine_is_named_until_another_has_come(inputs: Any, lacking: dict[str, Any]) -> None:
    capacity = Capacity(inputs)
    assert capacity.alert() is None
    lacking |= {"up": {"a": "host-a"}, "place": True}
    told = [capacity.alert() for _ in range(3)][-1]
    assert told
    assert told.startswith("lost machine: host-b; ")
    lacking["up"] = {"a": "host-a", "c": "host-c"}
    assert capacity.alert() == SHORT
