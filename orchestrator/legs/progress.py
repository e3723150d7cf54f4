"""What is said while work goes on, in small files that are kept fresh: by a fold's worker how far it is, by
the driver what only it knows.
"""

from __future__ import annotations

import math
import platform
import time
from dataclasses import dataclass, field

import numpy as np
import torch

from orchestrator.files.processes import Process, this_process
from orchestrator.files.store import Artifact, Store
from orchestrator.legs.artifacts import DRIVER, PROGRESS, FoldProgress
from orchestrator.legs.fold_folder import FoldFolder
from trainable.errors import UserError
from trainable.record import CURVES

LOCAL_SECONDS = 1.0
"""How often a fold says how far it is."""
REMOTE_SECONDS = 10.0
"""The same on object storage; nobody asks there more often either."""
RECENT = 2000
"""Iterations among which the newest value of a curve is looked for."""
POINTS = 60
"""Values of a curve that is drawn an inch wide."""
DIGITS = 4
"""Digits that are kept of each of them."""
FRESH_SECONDS = 40.0
"""A driver's note of another machine that is older is a dead driver's; of this one we see its process."""


@dataclass
class ProgressWriter:
    """Writes the progress of one fold, not more often than people look."""

    folder: FoldFolder
    first: int
    """Iterations before this leg."""
    last: int
    """Iterations at its end."""
    began: float = field(default_factory=time.monotonic)
    began_at: int | None = None
    """Iteration at which this process took up the work; None before its first one."""
    _due: float = 0.0
    _newest: FoldProgress | None = None

    @property
    def seconds(self) -> float:
        """Least time from one writing to the next."""
        return LOCAL_SECONDS if self.folder.store.is_local else REMOTE_SECONDS

    def note(self, iteration: int, curves: torch.Tensor) -> FoldProgress | None:
        """Note that `iteration` iterations are done; what was written, if it was time to write."""
        now = time.monotonic()
        if self.began_at is None:
            self.began, self.began_at = now, iteration
        if now < self._due and iteration < self.last:
            return None
        self._due = now + self.seconds
        self._newest = self._progress(iteration, curves, now, self.began_at)
        self._write(self._newest)
        return self._newest

    def note_scores(self, done: int, total: int) -> None:
        """Note that a pass over clips, which may take minutes, goes on: `done` of `total` are scored."""
        now = time.monotonic()
        if self._newest is not None and now >= self._due:
            self._due = now + self.seconds
            self._write(
                self._newest.model_copy(update={"scored": done, "to_score": total, "time": time.time()})
            )

    def _write(self, progress: FoldProgress) -> None:
        self.folder.store.write_model(PROGRESS, progress, durable=False)

    def _progress(self, iteration: int, curves: torch.Tensor, now: float, began_at: int) -> FoldProgress:
        elapsed = now - self.began
        process = this_process()
        newest = {name: _newest(curves[:iteration, number]) for number, name in enumerate(CURVES)}
        return FoldProgress(
            iteration=iteration,
            first=self.first,
            last=self.last,
            rate=(iteration - began_at) / elapsed if elapsed > 0 else None,
            **newest,
            host=process.host,
            pid=process.pid,
            time=time.time(),
            history=_thinned(curves[:iteration]),
        )


def _newest(column: torch.Tensor) -> float | None:
    """The newest finite value of a curve."""
    known = torch.nonzero(column[-RECENT:].isfinite())
    return float(column[-RECENT:][known[-1, 0]]) if len(known) else None


def _thinned(curves: torch.Tensor) -> dict[str, list[float | None]]:
    """Of each curve (iterations, len(CURVES)) the means of equal spans; those without any are left out."""
    values = curves.detach().to("cpu", torch.float32).numpy()
    known = np.isfinite(values)
    starts = np.linspace(0, len(values), min(POINTS, len(values)), endpoint=False).astype(int)
    if not len(starts):
        return {}
    counts = np.add.reduceat(known, starts, axis=0, dtype=np.int32)
    sums = np.add.reduceat(np.where(known, values, 0), starts, axis=0, dtype=np.float64)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    columns = {name: [_short(value) for value in means[:, number]] for number, name in enumerate(CURVES)}
    return {name: column for name, column in columns.items() if any(v is not None for v in column)}


def _short(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")


class DriverNote(Artifact):
    """driver.json: what only a run's driver knows of it, for people."""

    host: str
    """Name of the driver's machine."""
    pid: int
    """Number of the driver's process on it."""
    time: float
    """When this was written: seconds since 1970."""
    stage: str
    """What the driver is at."""
    waits: dict[str, str]
    """Why legs do not train yet, by their ids."""
    alert: str | None
    """What holds up the run: no free CPUs, a lost machine."""
    dashboard: str
    """Address of Ray's dashboard, as the driver reaches it; no token."""


def write_note(
    out: Store, stage: str, waits: dict[str, str] | None = None, alert: str | None = None, dashboard: str = ""
) -> None:
    """Say what the driver sees now."""
    process = this_process()
    note = DriverNote(
        host=process.host, pid=process.pid, time=time.time(), stage=stage, waits=waits or {}, alert=alert,
        dashboard=dashboard,
    )  # fmt: skip
    out.write_model(DRIVER, note, durable=False)


def read_note(out: Store) -> DriverNote | None:
    """What the driver says that is at work; None where none is, or nobody can read it."""
    try:
        note = out.read_model(DRIVER, DriverNote)
    except (FileNotFoundError, NotADirectoryError, UserError):
        return None
    if note.host == platform.node():
        return None if Process(host=note.host, pid=note.pid).is_gone else note
    return note if time.time() - note.time < FRESH_SECONDS else None
