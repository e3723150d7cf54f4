"""How far a run is, from its files alone."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.files.printable import clock
from orchestrator.files.processes import Process
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.plan import Leg
from orchestrator.legs.progress import REMOTE_SECONDS, DriverNote, read_note
from orchestrator.legs.run import Run

Activity = Literal["done", "running", "stalled", "stopped", "failed", "waiting"]
STALLED_SECONDS = 40.0
"""Without a sign of life for so long a fold counts as stalled, unless its process is known to be gone."""
NOBODY = "nobody fills the grid now: the same command goes on from here"
REPLACED_SECONDS = 60.0
"""And so long after `resources.hang_minutes` as stopped: whoever runs would have replaced it."""


@dataclass(frozen=True)
class FoldStatus:
    """How far one fold of one leg is."""

    state: Activity
    done: int
    """Iterations of this leg that are done."""
    rate: float | None
    """Iterations per second, while it runs."""
    lwlrap: float | None
    """Its newest one."""
    silent: float = 0.0
    """Seconds since its last sign of life, where it is stalled."""
    process: Process | None = None
    """Its worker, where it is stalled."""
    seen: FoldProgress | None = None
    """What it last said of itself."""
    aside: float = 0.0
    """Seconds that a finished fold has spent on other things than iterations, such as its last scores."""

    @property
    def scores(self) -> FoldProgress | None:
        """What the fold said last, where it scores clips after its last iteration."""
        seen = self.seen if self.state == "running" else None
        return seen if seen and seen.to_score and seen.iteration == seen.last else None


@dataclass(frozen=True)
class LegStatus:
    """How far a leg is."""

    leg: Leg
    state: Activity
    folds: list[FoldStatus]
    reason: str | None = None
    """Why it failed."""
    name: str = ""
    """In the reader's words."""
    why: str = ""
    """Why it does not train, where it does not."""

    @property
    def total(self) -> int:
        """Iterations of the leg, over all folds."""
        return self.leg.iterations * len(self.folds)

    @property
    def left(self) -> int:
        """Iterations of the leg that are still to do, over all folds."""
        return sum(self.leg.iterations - fold.done for fold in self.folds)

    @property
    def rate(self) -> float:
        """Iterations per second of its folds that run."""
        return sum(fold.rate or 0.0 for fold in self.folds)

    @property
    def rate_text(self) -> str:
        """Iterations per second for people; empty where no fold runs."""
        return f"{self.rate:.1f}" if self.rate else ""

    @property
    def clock_left(self) -> str:
        """Time to its last iteration for people; `scoring` where only clips are left to score."""
        if any(fold.scores for fold in self.folds) and not self.left:
            return "scoring"
        return clock(self.left / self.rate) if self.rate else ""


class StatusReader:
    """Reads a run's state again and again; what is done is read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.every = 0.0 if run.store.is_local else REMOTE_SECONDS
        self._next = 0.0
        self._legs: list[LegStatus] = []
        self._done: dict[str, LegStatus] = {}
        self.names = {leg.id: leg.name(run.experiment) for leg in run.manifest.legs}
        self.note: DriverNote | None = None
        """What the driver says that is at work."""

    def read(self) -> list[LegStatus]:
        """The state of every leg, in the order of the plan; on object storage as it was some seconds ago."""
        if time.monotonic() >= self._next:
            present = self.run.legs.store.sizes()
            self.note = read_note(self.run.store)
            self._legs = [
                self._done.get(leg.id) or self._read_leg(leg, present) for leg in self.run.manifest.legs
            ]
            self._next = time.monotonic() + self.every
        return self._legs

    def _read_leg(self, leg: Leg, present: Collection[str]) -> LegStatus:
        folds = [self._read_fold(leg, fold, present) for fold in range(self.run.experiment.folds)]
        name = self.names[leg.id]
        if f"{leg.id}/{artifacts.RESULT}" in present:
            self._done[leg.id] = LegStatus(leg, "done", folds, name=name)
            return self._done[leg.id]
        failure = self.run.legs[leg.id].failure() if f"{leg.id}/{artifacts.FAILURE}" in present else None
        if failure:
            return LegStatus(leg, "failed", folds, failure.reason, name)
        state = _activity_of({fold.state for fold in folds})
        return LegStatus(leg, state, folds, name=name, why=self._why(leg, state, present))

    def _why(self, leg: Leg, state: Activity, present: Collection[str]) -> str:
        """What a leg waits for: as the driver says, or as the files do."""
        if state in ("running", "stalled"):
            return ""
        if leg.parent and f"{leg.parent}/{artifacts.FAILURE}" in present:
            return f"not trained: {self.names[leg.parent]} failed"
        if self.note is None:
            return NOBODY
        return self.note.waits.get(leg.id, self.note.stage)

    def _read_fold(self, leg: Leg, fold: int, present: Collection[str]) -> FoldStatus:
        folder, path = self.run.legs[leg.id].fold(fold), f"{leg.id}/{artifacts.fold_name(fold)}"
        if f"{path}/{artifacts.FOLD}" in present:
            seen = folder.progress() if f"{path}/{artifacts.PROGRESS}" in present else None
            result = folder.result()
            aside = result.seconds - result.own_iterations / result.rate if result.rate else 0.0
            return FoldStatus("done", leg.iterations, None, result.lwlrap, seen=seen, aside=max(aside, 0.0))
        seen = folder.progress() if f"{path}/{artifacts.PROGRESS}" in present else None
        if seen is None:
            return FoldStatus("waiting", 0, None, None)
        process, silent = Process(host=seen.host, pid=seen.pid), abs(time.time() - seen.time)
        state = self._activity(silent, process.is_gone)
        done, rate = seen.iteration - seen.first, seen.rate if state == "running" else None
        if state == "stalled":
            return FoldStatus(state, done, rate, seen.lwlrap, silent, process, seen)
        return FoldStatus(state, done, rate, seen.lwlrap, seen=seen)

    def _activity(self, silent: float, gone: bool) -> Activity:
        replaced = 60 * self.run.experiment.resources.hang_minutes + REPLACED_SECONDS
        if gone or silent > replaced:
            return "stopped"
        return "stalled" if silent > STALLED_SECONDS else "running"


def _activity_of(states: set[Activity]) -> Activity:
    """State of a leg that is neither done nor failed, from its folds'."""
    active: tuple[Activity, ...] = ("running", "stalled")
    idle: Activity = "waiting" if states == {"waiting"} else "stopped"
    return next((state for state in active if state in states), idle)


def stalls(legs: Sequence[LegStatus]) -> list[str]:
    """A line for each fold without a sign of life: where, since when, what becomes of it."""
    return [
        f"{leg.name} fold {number}: stalled, no sign of life for {clock(fold.silent)} ({fold.process}); "
        "it is started again after resources.hang_minutes"
        for leg in legs
        for number, fold in enumerate(leg.folds)
        if fold.state == "stalled"
    ]


def alerts(legs: Sequence[LegStatus], note: DriverNote | None) -> list[str]:
    """What holds up the run as a whole: the driver says so, or there is none."""
    if note is not None:
        return [note.alert] if note.alert else []
    idle = any(leg.state in ("waiting", "stopped") for leg in legs)
    busy = any(leg.state in ("running", "stalled") for leg in legs)
    return [NOBODY] if idle and not busy else []


def seconds_left(legs: Sequence[LegStatus]) -> float | None:
    """Time to the end at the present speed; None before anything has a speed.

    Folds that have ended tell how long one takes besides its iterations; as many go on at once as do now.
    """
    rate = sum(leg.rate for leg in legs)
    folds = [fold for leg in legs for fold in leg.folds]
    ended = [fold.aside for fold in folds if fold.state == "done"]
    aside = sum(ended) / len(ended) * (len(folds) - len(ended)) if ended else 0.0
    at_once = max(sum(fold.state == "running" for fold in folds), 1)
    return sum(leg.left for leg in legs) / rate + aside / at_once if rate else None


def summary(legs: Sequence[LegStatus]) -> str:
    """The whole run in one line: legs, folds, iterations, speed, time left."""
    folds = [fold for leg in legs for fold in leg.folds]
    total = sum(leg.total for leg in legs)
    done = total - sum(leg.left for leg in legs)
    rate = sum(leg.rate for leg in legs)
    parts = [
        f"{sum(leg.state == 'done' for leg in legs)}/{len(legs)} legs",
        f"{sum(fold.state == 'done' for fold in folds)}/{len(folds)} folds",
        f"{done}/{total} iterations",
    ]
    if rate:
        parts += [f"{rate:.1f} it/s", f"{clock(seconds_left(legs))} left"]
    if scoring := [fold.scores for fold in folds if fold.scores]:
        done, total = sum(seen.scored for seen in scoring), sum(seen.to_score for seen in scoring)
        parts.append(f"scoring clips: {done}/{total}")
    return " · ".join(parts)
