"""How long a grid takes on a cluster of any size: the levels of the plan, played through without training.

Every leg is a run of `folds` workers that start together and finish together; a level begins when the one
before it has ended, as in the real grid (see orchestrator.training.fill).
"""

import heapq
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from orchestrator.legs.plan import Leg, Plan
from orchestrator.legs.run import Run
from orchestrator.settings.tree import LegsPerRun
from trainable.errors import UserError


@dataclass(frozen=True)
class Speed:
    """What a fold's worker does in what time."""

    iterations_per_second: float
    """Of one fold on a whole device (a CPU or a GPU), evaluations included."""
    start_seconds: float = 20.0
    """What a run costs besides: its start, and its end."""
    leg_seconds: float = 0.0
    """What each of its legs costs besides: scoring the test clips, writing results."""


@dataclass(frozen=True)
class Forecast:
    """A simulated run of the whole grid."""

    seconds: float
    busy_seconds: float
    """Time in which devices train, summed over devices: what has to be paid for at least."""
    devices: float

    @property
    def efficiency(self) -> float:
        """Share of the paid time in which devices train: work / (devices x time)."""
        return self.busy_seconds / (self.devices * self.seconds) if self.seconds else 1.0

    @property
    def device_hours(self) -> float:
        """Devices x time: what a rented cluster costs."""
        return self.devices * self.seconds / 3600


Levels = Sequence[Sequence[Sequence[int]]]
"""Of each level its trials, of each trial the iterations of its legs one after another."""


def forecast(levels: Levels, folds: int, devices: float, speed: Speed) -> Forecast:
    """Play through the levels on so many devices; fewer devices than folds are shared by them."""
    share = _share(folds, devices)
    end = busy = 0.0
    for trials in levels:
        free = [end] * runs_at_once(folds, devices)
        for legs in sorted(trials, key=sum, reverse=True):
            training = sum(legs) / (speed.iterations_per_second * share) + len(legs) * speed.leg_seconds
            heapq.heappush(free, heapq.heappop(free) + speed.start_seconds + training)
            busy += folds * share * training
        end = max(free)
    return Forecast(end, busy, devices)


def runs_at_once(folds: int, devices: float) -> int:
    """How many runs fit on so many devices."""
    return max(1, math.floor(devices / (_share(folds, devices) * folds) + 1e-9))


def _share(folds: int, devices: float) -> float:
    """Share of a device that a fold has."""
    return 1 / math.ceil(folds / devices) if devices < folds else 1.0


def shared_levels(plan: Plan, todo: Collection[str], legs_per_run: LegsPerRun, at_once: int = 1) -> Levels:
    """The runs that `todo` (ids of legs) still needs, as the grid starts them where `at_once` fit."""

    def iterations(legs: Sequence[Leg]) -> list[int]:
        return [leg.iterations for leg in legs if leg.id in todo]

    levels = plan.runs(legs_per_run, todo, at_once)
    return [[left for run in level if (left := iterations(run))] for level in levels]


def unshared_levels(plan: Plan) -> Levels:
    """The runs of the grid with every cell trained on its own from scratch."""
    whole = {leg.id: leg.last_iteration for leg in plan.legs}
    return [[[whole[end]] for end in plan.ends.values()]]


def measured_speed(run: Run) -> Speed:
    """The speed of a run that has trained something, from its own files.

    Raises:
        UserError: it has not trained enough to tell.
    """
    timing = run.manifest.timing
    results = [run.legs[leg.id].result_or_none() for leg in run.manifest.legs]
    folds = [(fold, fold.rate) for result in results if result for fold in result.folds if fold.rate]
    if timing is None or not folds:
        raise UserError(f"{run.store} has trained nothing to the end: name another run, or state a speed")
    seconds = sum(fold.seconds for fold, _ in folds)
    iterating = sum(fold.own_iterations / rate for fold, rate in folds)
    iterations = sum(fold.own_iterations for fold, _ in folds)
    start = (timing.seconds * timing.runs_at_once - seconds / run.experiment.folds) / timing.runs
    return Speed(
        iterations / iterating / timing.share, max(start, 0.0), max(seconds - iterating, 0.0) / len(folds)
    )
