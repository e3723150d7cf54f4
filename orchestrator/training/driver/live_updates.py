"""While legs train, the driver tells the world how far they are, and why others do not train yet."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from orchestrator.files.repeated import repeated
from orchestrator.legs.plan import Leg
from orchestrator.legs.progress import write_note
from orchestrator.legs.reporter import Reporter
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus, StatusReader, seconds_left
from orchestrator.training import ray_private
from orchestrator.training.driver import connect
from orchestrator.training.driver.sweep_inputs import SweepInputs
from orchestrator.training.fold.gauges import RunGauges

SECONDS = 2.0
PATIENCE = 2
"""Looks in a row at which places are missing before it is told: for a moment they always are."""
STARTING = "starting: workers take some 15 s"


@contextmanager
def live_updates(run: Run, inputs: SweepInputs, reporter: Reporter) -> Iterator[None]:
    """Keep gauges, the driver's note and what the reporter shows fresh while the block runs."""
    reader, gauges, capacity, dashboard = (
        StatusReader(run),
        RunGauges(),
        Capacity(inputs),
        connect.dashboard(),
    )

    def show() -> None:
        legs = reader.read()
        done = float(sum(leg.state == "done" for leg in legs))
        left = seconds_left(legs)
        gauges.show({"legs_done": done, "legs_total": float(len(legs)), "seconds_left": left})
        alert = capacity.alert()
        write_note(run.store, "training", waits(inputs, legs, alert), alert, dashboard)
        reporter.refresh(run, legs, reader.note)

    with suppress(OSError):  # a view: a disk without room must not end what it shows
        show()
    with repeated(show, max(SECONDS, reader.every)):
        yield


@dataclass
class Capacity:
    """Whether the folds of a run have a place on the cluster."""

    inputs: SweepInputs
    hosts: dict[str, str] = field(default_factory=dict)
    """Machines that this run has seen, by Ray's id."""
    missed: int = 0
    """Looks in a row at which its folds had no place."""

    def alert(self) -> str | None:
        """A line where the run as a whole is held up: a lost machine, or a cluster in use; else None."""
        up = connect.hosts()
        self.missed = self.missed + 1 if ray_private.lacks_capacity() else 0
        lost = [host for node, host in self.hosts.items() if node not in up]
        if len(up) >= len(self.hosts):
            self.hosts, lost = up, []  # another came in its place
        if self.missed < PATIENCE:
            return None
        if lost:
            return f"lost machine: {', '.join(lost)}; its folds wait for a place, and go on from their states"
        needed = self.inputs.shares.of_run(self.inputs.experiment.folds)
        return connect.shortage(needed) or "folds wait for a place on the cluster"


def waits(inputs: SweepInputs, legs: Sequence[LegStatus], alert: str | None) -> dict[str, str]:
    """Why each leg that does not train waits, by its id: for another leg, for its turn, for its workers."""
    by_id = {status.leg.id: status for status in legs}
    trials = [trial for level in inputs.levels for trial in level.values()]
    free = inputs.shares.trials - sum(_active(trial, by_id) is not None for trial in trials)
    reasons: dict[str, str] = {}
    for trial in trials:
        waiting = [leg for leg in trial if by_id[leg.id].state in ("waiting", "stopped")]
        turn = alert or (
            STARTING if free > 0 else f"queued: {inputs.shares.trials} at a time on this cluster"
        )
        reasons |= {leg.id: _other_leg(leg, trial, by_id) or turn for leg in waiting}
        free -= any(reasons[leg.id] == STARTING for leg in waiting)
    return reasons


def _active(trial: Sequence[Leg], by_id: Mapping[str, LegStatus]) -> LegStatus | None:
    """The leg of a trial that trains now."""
    return next((by_id[leg.id] for leg in trial if by_id[leg.id].state in ("running", "stalled")), None)


def _other_leg(leg: Leg, trial: Sequence[Leg], by_id: Mapping[str, LegStatus]) -> str | None:
    """The leg that has to be done before, in words."""
    parent, active = by_id.get(leg.parent or ""), _active(trial, by_id)
    if parent and parent.state != "done":
        return f"queued: after {parent.name}"
    return f"queued: after {active.name}, in the same run" if active else None
