"""How far a fold is, as a small file that its worker keeps fresh. Never read back by training."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from orchestrator.storage.processes import this_process
from orchestrator.storage.store import Store
from trainable.record import CURVES

LOCAL_SECONDS = 1.0
"""How often a fold says how far it is."""
REMOTE_SECONDS = 10.0
"""The same on object storage; nobody asks there more often either."""


@dataclass
class FoldProgress:
    """Writes `progress.json` of one fold, at most every `seconds`."""

    folder: Store
    first: int
    """Iterations before this leg."""
    last: int
    """Iterations at its end."""
    seconds: float
    began: float = field(default_factory=time.monotonic)
    began_at: int | None = None
    """Iteration at which this process took up the work; None before its first one."""
    _due: float = 0.0

    def note(self, iteration: int, curves: Tensor) -> dict[str, Any] | None:
        """`iteration` iterations are done; what was written, if it was time to write."""
        now = time.monotonic()
        if self.began_at is None:
            self.began, self.began_at = now, iteration
        if now < self._due and iteration < self.last:
            return None
        self._due = now + self.seconds
        content = self._content(iteration, curves, now)
        self.folder.write_json("progress.json", content)
        return content

    def _content(self, iteration: int, curves: Tensor, now: float) -> dict[str, Any]:
        assert self.began_at is not None
        elapsed = now - self.began
        return {
            "iteration": iteration,
            "first": self.first,
            "last": self.last,
            "rate": (iteration - self.began_at) / elapsed if elapsed > 0 else None,
            **{name: _latest(curves[:iteration, i]) for i, name in enumerate(CURVES)},
            **this_process(),
            "time": time.time(),
        }


def _latest(column: Tensor) -> float | None:
    """The newest value that is one."""
    known = torch.nonzero(column[-2000:].isfinite())
    return float(column[-2000:][known[-1, 0]]) if len(known) else None
