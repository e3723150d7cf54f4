"""How long a grid takes on a cluster of any size: the levels of the plan, played through without training.

Every leg is a run of `folds` workers that start together and finish together; a level begins when the one before
it has ended, as in the real grid (see orchestrator.grid).
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.plan import Leg, Plan


@dataclass(frozen=True)
class Speed:
    """What a fold's worker does in what time."""

    iterations_per_second: float
    """Of one fold on the share of a device that it gets."""
    start_seconds: float = 20.0
    """From the start of a run to its first iteration, and its end."""
    evaluation_seconds: float = 0.0
    """Scoring and writing at the end of each leg."""


@dataclass(frozen=True)
class Forecast:
    """A simulated run of the whole grid."""

    seconds: float
    busy_seconds: float
    """Time in which devices train, summed over devices: what has to be paid for at least."""
    devices: float

    @property
    def efficiency(self) -> float:
        """Share of the paid time in which devices train."""
        return self.busy_seconds / (self.devices * self.seconds) if self.seconds else 1.0

    @property
    def device_hours(self) -> float:
        """Devices x time: what a rented cluster costs."""
        return self.devices * self.seconds / 3600


def forecast(levels: Sequence[Sequence[Sequence[int]]], folds: int, devices: float, share: float, speed: Speed) -> Forecast:
    """Play through the levels: lists of trials, each the iterations of its legs one after another.

    A fold takes `share` of a device (1: a whole one); of a shared device each fold gets its share of the speed.
    """
    at_once = max(1, int(devices / (share * folds) + 1e-9))
    end = busy = 0.0
    for trials in levels:
        slots = [end] * min(at_once, len(trials)) or [end]
        for legs in sorted(trials, key=sum, reverse=True):
            training = sum(legs) / (speed.iterations_per_second * share) + len(legs) * speed.evaluation_seconds
            heapq.heappush(slots, heapq.heappop(slots) + speed.start_seconds + training)
            busy += folds * share * training
        end = max(slots)
    return Forecast(end, busy, devices)


def shared_levels(plan: Plan, todo: set[str], subtree: bool) -> list[list[list[int]]]:
    """The trials that `todo` (ids of legs) still needs, as the grid would start them."""

    def iterations(legs: Sequence[Leg]) -> list[int]:
        return [leg.own_iterations for leg in legs if leg.id in todo]

    groups = [plan.subtrees] if subtree else [[[leg] for leg in level] for level in plan.levels]
    return [[left for trial in trials if (left := iterations(trial))] for trials in groups]


def unshared_levels(plan: Plan) -> list[list[list[int]]]:
    """The same grid with every cell trained on its own from scratch."""
    whole = {leg.id: sum(stage.iterations for stage in leg.stages) for leg in plan.legs}
    return [[[whole[end]] for end in plan.ends.values()]]
