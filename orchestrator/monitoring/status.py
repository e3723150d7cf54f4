"""How far a run is, from its files alone: a table of legs and folds for the terminal."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.artifacts import files
from orchestrator.artifacts.files import PlannedLeg
from orchestrator.artifacts.progress import REMOTE_SECONDS
from orchestrator.artifacts.run import Run
from orchestrator.storage.processes import Process

Activity = Literal["done", "running", "stalled", "stopped", "failed", "waiting"]
STALLED_SECONDS = 40.0
"""Without a sign of life for so long a fold counts as stalled, unless its process is known to be gone."""
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


@dataclass(frozen=True)
class LegStatus:
    """How far a leg is."""

    leg: PlannedLeg
    state: Activity
    folds: list[FoldStatus]
    reason: str | None = None
    """Why it failed."""

    @property
    def total(self) -> int:
        """Iterations of the leg, over all folds."""
        return self.leg.iterations * len(self.folds)

    @property
    def left(self) -> int:
        """Those of them to do."""
        return sum(self.leg.iterations - fold.done for fold in self.folds)

    @property
    def rate(self) -> float:
        """Iterations per second of its folds that run."""
        return sum(fold.rate or 0.0 for fold in self.folds)

    @property
    def rate_text(self) -> str:
        """The rate for people, where there is one."""
        return f"{self.rate:.1f}" if self.rate else ""

    @property
    def clock_left(self) -> str:
        """Time to its end at this rate for people, where there is one."""
        return clock(seconds_left([self])) if self.rate else ""


class StatusReader:
    """Reads a run's state again and again; what is done is read once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.every = 0.0 if run.store.is_local else REMOTE_SECONDS
        self._next = 0.0
        self._legs: list[LegStatus] = []
        self._done: dict[str, LegStatus] = {}

    def read(self) -> list[LegStatus]:
        """The state of every leg, in the order of the plan; on object storage as it was some seconds ago."""
        if time.monotonic() >= self._next:
            present = self.run.legs.store.sizes()
            self._legs = [
                self._done.get(leg.id) or self._read_leg(leg, present) for leg in self.run.manifest.legs
            ]
            self._next = time.monotonic() + self.every
        return self._legs

    def _read_leg(self, leg: PlannedLeg, present: Collection[str]) -> LegStatus:
        folds = [self._read_fold(leg, fold, present) for fold in range(self.run.experiment.folds)]
        if f"{leg.id}/{files.RESULT}" in present:
            self._done[leg.id] = LegStatus(leg, "done", folds)
            return self._done[leg.id]
        failure = self.run.legs[leg.id].failure() if f"{leg.id}/{files.FAILURE}" in present else None
        if failure:
            return LegStatus(leg, "failed", folds, failure.reason)
        states = {fold.state for fold in folds}
        active: tuple[Activity, ...] = ("running", "stalled")
        idle: Activity = "waiting" if states == {"waiting"} else "stopped"
        return LegStatus(leg, next((state for state in active if state in states), idle), folds)

    def _read_fold(self, leg: PlannedLeg, fold: int, present: Collection[str]) -> FoldStatus:
        folder, path = self.run.legs[leg.id].fold(fold), f"{leg.id}/{files.fold_name(fold)}"
        if f"{path}/{files.FOLD}" in present:
            return FoldStatus("done", leg.iterations, None, folder.result().lwlrap)
        seen = folder.progress() if f"{path}/{files.PROGRESS}" in present else None
        if seen is None:
            return FoldStatus("waiting", 0, None, None)
        process, silent = Process(host=seen.host, pid=seen.pid), abs(time.time() - seen.time)
        state = self._activity(silent, process.is_gone)
        done, rate = seen.iteration - seen.first, seen.rate if state == "running" else None
        if state == "stalled":
            return FoldStatus(state, done, rate, seen.lwlrap, silent, process)
        return FoldStatus(state, done, rate, seen.lwlrap)

    def _activity(self, silent: float, gone: bool) -> Activity:
        replaced = 60 * self.run.experiment.resources.hang_minutes + REPLACED_SECONDS
        if gone or silent > replaced:
            return "stopped"
        return "stalled" if silent > STALLED_SECONDS else "running"


def stalls(legs: Sequence[LegStatus]) -> list[str]:
    """A line for each fold without a sign of life: where, since when, what becomes of it."""
    return [
        f"{leg.leg.label} fold {number}: stalled, no sign of life for {clock(fold.silent)} ({fold.process}); "
        "it is started again after resources.hang_minutes"
        for leg in legs
        for number, fold in enumerate(leg.folds)
        if fold.state == "stalled"
    ]


def seconds_left(legs: Sequence[LegStatus]) -> float | None:
    """Time to the end at the present speed; None before anything has a speed."""
    rate = sum(leg.rate for leg in legs)
    return sum(leg.left for leg in legs) / rate if rate else None


def clock(seconds: float | None) -> str:
    """Seconds as 1:02:03."""
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


STYLES: dict[Activity, str] = {
    "done": "green",
    "running": "cyan",
    "stalled": "magenta",
    "stopped": "yellow",
    "failed": "red",
    "waiting": "dim",
}


def status_view(legs: Sequence[LegStatus]) -> RenderableType:
    """Legs as lines with their state, speed and each fold's newest lwlrap; a line of totals below."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for title, options in _COLUMNS.items():
        table.add_column(title, **options)
    for leg in legs:
        table.add_row(*_row(leg))
    reasons = [Text(f"{leg.leg.label}: {leg.reason}", style="red") for leg in legs if leg.reason]
    silent = [Text(line, style="magenta") for line in stalls(legs)]
    return Group(table, *reasons, *silent, Text(summary(legs)))


_COLUMNS: dict[str, dict[str, Any]] = {
    "leg": {"no_wrap": True, "overflow": "ellipsis", "max_width": 34},
    "state": {"no_wrap": True, "min_width": 7},
    "it/s": {"justify": "right", "no_wrap": True, "min_width": 5},
    "left": {"justify": "right", "no_wrap": True, "min_width": 7},
    "lwlrap by fold": {"no_wrap": True},
}


def _row(status: LegStatus) -> tuple[RenderableType, ...]:
    scores = " ".join("  - " if f.lwlrap is None else f"{f.lwlrap:.3f}"[-4:] for f in status.folds)
    share = (
        f"{1 - status.left / status.total:.0%}" if status.state in ("running", "stalled", "stopped") else ""
    )
    return (
        status.leg.label,
        Text(
            share if status.state == "running" else f"{status.state} {share}".rstrip(), STYLES[status.state]
        ),
        status.rate_text,
        status.clock_left,
        scores,
    )


def summary(legs: Sequence[LegStatus]) -> str:
    """One line: legs, folds, iterations, speed, time left."""
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
    return " · ".join(parts)
