"""Why legs wait, as only the driver can tell: from Tune's trials, Ray's placement groups and its machines."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import ray
from ray.util.placement_group import placement_group_table

from orchestrator.legs.allocation import TRIAL_CPU
from orchestrator.legs.plan import Leg
from orchestrator.legs.status import LegStatus
from orchestrator.training.driver.sweep_inputs import SweepInputs
from orchestrator.training.driver.trial_states import TrialStates

STARTING = "starting: workers take some 15 s"
FORGET = 5
"""Looks after which a lost machine is no longer the reason: Ray needs some to move what was on it."""
ASKING, ROUNDED = ("PENDING", "RESCHEDULING"), 1e-3
PATIENCE = 2
"""Looks in a row that see places missing before it is told: for a moment they always are."""


@dataclass
class Waits:
    """What holds up the legs of a grid."""

    inputs: SweepInputs
    trials: TrialStates
    shortage: Callable[[], str | None]
    """What is short on the cluster, and whose it is."""
    hosts: dict[str, str] = field(default_factory=dict)
    """Machines that this run has seen, by Ray's id."""
    missed: int = 0
    """Looks in a row at which its folds had no place."""
    calm: int = 0
    """And at which they had."""

    def alert(self) -> str | None:
        """A line where the run as a whole is held up: a lost machine, or others use the cluster."""
        pending = self._is_pending()
        self.missed, self.calm = (self.missed + 1, 0) if pending else (0, self.calm + 1)
        lost = self._lost()
        if self.missed < PATIENCE:
            return None
        if lost:
            return f"lost machine: {', '.join(lost)}; its folds wait for a place, and go on from their states"
        return self.shortage()

    def _lost(self) -> list[str]:
        """Machines that are gone; forgotten when the folds have had places for a while."""
        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        up = {node["NodeID"]: node["NodeManagerHostname"] for node in nodes if node["Alive"]}
        self.hosts = up if self.calm > FORGET else self.hosts | up
        return [host for machine, host in self.hosts.items() if machine not in up]

    def _is_pending(self) -> bool:
        """Whether a trial or a fold of this run asks for a place that is not there."""
        shapes = [self.inputs.shares.per_fold(), {"CPU": TRIAL_CPU}]
        groups = [group for group in placement_group_table().values() if group["state"] in ASKING]
        return any(_ask(group["bundles"].values(), shape) for group in groups for shape in shapes)

    def reasons(self, legs: Sequence[LegStatus], alert: str | None) -> dict[str, str]:
        """Of each leg that does not train: why."""
        by_id = {status.leg.id: status for status in legs}
        tries = [(name, trial) for level in self.inputs.levels for name, trial in level.items()]
        return {
            leg.id: self._queued(by_id[leg.id], trial, by_id) or alert or self._begun(name)
            for name, trial in tries
            for leg in trial
            if by_id[leg.id].state in ("waiting", "stopped")
        }

    def _queued(self, status: LegStatus, trial: Sequence[Leg], by_id: Mapping[str, LegStatus]) -> str | None:
        """What has to be done before."""
        parent = by_id.get(status.leg.parent or "")
        if parent and parent.state != "done":
            return f"queued: after {parent.name}"
        busy = next((by_id[leg.id] for leg in trial if by_id[leg.id].state in ("running", "stalled")), None)
        return f"queued: after {busy.name}, in the same run" if busy else None

    def _begun(self, name: str) -> str:
        """What Tune makes of its trial."""
        states = self.trials.states
        running, fit = list(states.values()).count("RUNNING"), self.inputs.shares.trials
        if states.get(name) != "RUNNING" and running >= fit:
            return f"queued: {fit} at a time {'fits' if fit == 1 else 'fit'} on this cluster"
        return STARTING if name in states else "queued"


def _ask(bundles: Iterable[Mapping[str, float]], shape: Mapping[str, float]) -> bool:
    return any(
        bundle.keys() == shape.keys() and all(abs(bundle[key] - shape[key]) < ROUNDED for key in shape)
        for bundle in bundles
    )
