"""Why legs wait, as the driver sees it in Tune's states and Ray's tables."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray

from orchestrator.legs.allocation import Shares
from orchestrator.legs.plan import Leg, make_plan
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus, StatusReader
from orchestrator.training.driver import waits as waits_module
from orchestrator.training.driver.trial_states import TrialStates
from orchestrator.training.driver.waits import STARTING, Waits
from tests.orchestrator.fake_run import make_fake_run

SHORT = "no free CPUs; at work there: another"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A stem that is done and two branches that are not; a second row that has not begun."""
    missing = {("sigmoid", "top_k"), ("sigmoid", "threshold"), ("sigmoid_softmax", "top_k"),
               ("sigmoid_softmax", "threshold")}  # fmt: skip
    return make_fake_run(tmp_path, activations=("sigmoid", "sigmoid_softmax"), missing=missing,
                         selections=("verified_only", "top_k", "threshold"))  # fmt: skip


@pytest.fixture
def waits(run: Run, monkeypatch: pytest.MonkeyPatch) -> Waits:
    """One run at a time on one machine, each leg a run; nobody asks for a place in vain."""
    plan = make_plan(run.experiment, "fake-data")
    levels: list[dict[str, tuple[Leg, ...]]] = [{leg.label: (leg,) for leg in level} for level in plan.levels]
    inputs: Any = SimpleNamespace(levels=levels, shares=Shares(0.99, 0.0, 1))
    monkeypatch.setattr(ray, "nodes", lambda: [machine("a")])
    monkeypatch.setattr(waits_module, "placement_group_table", lambda: {})
    return Waits(inputs, TrialStates(), lambda: SHORT)


def machine(name: str, alive: bool = True) -> dict[str, object]:
    return {"NodeID": name, "NodeManagerHostname": f"host-{name}", "Alive": alive}


def group(state: str, share: float = 0.99) -> dict[str, object]:
    return {"state": state, "bundles": {0: {"CPU": share}, 1: {"CPU": share}}}


def reasons(run: Run, waits: Waits, alert: str | None = None) -> dict[str, str]:
    legs: list[LegStatus] = StatusReader(run).read()
    found = waits.reasons(legs, alert)
    return {status.name: found[status.leg.id] for status in legs if status.leg.id in found}


def test_each_leg_says_what_it_waits_for(run: Run, waits: Waits) -> None:
    waits.trials.states = {"sigmoid.top_k.s0": "RUNNING", "sigmoid.threshold.s0": "PENDING"}
    found = reasons(run, waits)
    assert found["sigmoid · top_k"] == STARTING
    assert found["sigmoid · threshold"] == "queued: 1 at a time fits on this cluster"
    stems = {name: why for name, why in found.items() if name.startswith("sigmoid_softmax")}
    assert "sigmoid · verified_only" not in found
    assert set(stems.values()) <= {"queued: 1 at a time fits on this cluster", "queued",
                                   "queued: after sigmoid_softmax · shared stem"}  # fmt: skip


def test_what_holds_up_the_cluster_holds_up_what_could_begin(run: Run, waits: Waits) -> None:
    waits.trials.states = {"sigmoid.top_k.s0": "RUNNING"}
    assert reasons(run, waits, SHORT)["sigmoid · top_k"] == SHORT


@pytest.mark.parametrize(("state", "share", "told"), [
    ("PENDING", 0.99, SHORT), ("RESCHEDULING", 0.99, SHORT), ("PENDING", 0.01, SHORT),
    ("CREATED", 0.99, None), ("PENDING", 0.5, None),
])  # fmt: skip
def test_folds_that_ask_for_a_place_in_vain_are_told_of(
    waits: Waits, monkeypatch: pytest.MonkeyPatch, state: str, share: float, told: str | None
) -> None:
    """Not at once: for a moment they always do. Other people's groups have other shapes."""
    monkeypatch.setattr(waits_module, "placement_group_table", lambda: {"g": group(state, share)})
    assert waits.alert() is None
    assert waits.alert() == told


def test_a_lost_machine_is_named_until_its_folds_have_a_place(
    waits: Waits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "nodes", lambda: [machine("a"), machine("b")])
    assert waits.alert() is None
    monkeypatch.setattr(ray, "nodes", lambda: [machine("a"), machine("b", alive=False)])
    monkeypatch.setattr(waits_module, "placement_group_table", lambda: {"g": group("RESCHEDULING")})
    told = [waits.alert() for _ in range(3)][-1]
    assert told is not None
    assert told.startswith("lost machine: host-b; ")
    monkeypatch.setattr(waits_module, "placement_group_table", lambda: {})
    monkeypatch.setattr(ray, "nodes", lambda: [machine("a"), machine("c")])
    assert [waits.alert() for _ in range(6)] == [None] * 6
    monkeypatch.setattr(waits_module, "placement_group_table", lambda: {"g": group("PENDING")})
    assert [waits.alert() for _ in range(3)][-1] == SHORT  # b is forgotten
