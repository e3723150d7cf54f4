"""What Tune is told of a trial while it goes on: from the progress files of its folds."""

import math
import time
from collections.abc import Callable, Sequence
from threading import Thread

from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg
from orchestrator.legs.progress import LOCAL_SECONDS, REMOTE_SECONDS

METRICS = {"lwlrap": "lwlrap", "fscore": "F-score", "loss": "loss", "eta": "threshold"}
"""Fields of a progress file, and what Tune's table calls them."""
Metrics = dict[str, float | int | str]


class Background:
    """A function in a thread of its own, which ends with the process."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._error = error

    def ended(self, seconds: float) -> bool:
        """Wait for its end, at most so long; an error of it is raised here."""
        self._thread.join(seconds)
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()


class TrialProgress:
    """How far the folds of a trial are."""

    def __init__(self, trial: Sequence[Leg], legs: LegFolders, folds: int, evaluate_every: int) -> None:
        self.trial, self.legs, self.folds = trial, legs, range(folds)
        self.evaluate_every = evaluate_every
        self.seconds = LOCAL_SECONDS if legs.store.is_local else REMOTE_SECONDS
        self._began = time.time()
        self._told = (0, 0)

    def next_evaluation(self, work: Background) -> Metrics | None:
        """Wait until all folds have been evaluated anew, and say how they are; None: the work has ended."""
        while not work.ended(self.seconds):
            place, seen = self._present()
            if seen is not None and place > self._told:
                self._told = place
                return self._metrics(place[0], seen)
        return None

    def last(self) -> Metrics:
        """The newest state of the trial, at its end."""
        place, seen = self._present()
        return self._metrics(place[0], seen) if seen else {}

    def _present(self) -> tuple[tuple[int, int], list[FoldProgress] | None]:
        """The number of the leg that all folds have reached, and of the evaluation there."""
        for number, leg in reversed(list(enumerate(self.trial))):
            seen = [self.legs[leg].fold(fold).progress() for fold in self.folds]
            fresh = [fold for fold in seen if fold and self._is_fresh(fold)]
            if len(fresh) == len(seen):
                done = min(fold.iteration for fold in fresh)
                return (number, done // self.evaluate_every), fresh
        return (0, 0), None

    def _is_fresh(self, fold: FoldProgress) -> bool:
        """Not left over from an earlier start that went no further."""
        return fold.time >= self._began or fold.iteration == fold.last

    def _metrics(self, number: int, seen: list[FoldProgress]) -> Metrics:
        before = sum(leg.iterations for leg in self.trial[:number])
        iteration = min(fold.iteration for fold in seen)
        return {
            "leg": self.trial[number].label,
            "iteration": iteration,
            "timesteps_total": before + iteration - seen[0].first,
            **{name: _mean([getattr(fold, field) for fold in seen]) for field, name in METRICS.items()},
        }


def _mean(values: Sequence[float | None]) -> float:
    """Of the folds; NaN where one has no value yet."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else math.nan
