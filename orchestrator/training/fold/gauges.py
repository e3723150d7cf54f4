"""Live numbers for Prometheus, through Ray: a view of a run, never its record.

They vanish with the process that sets them. Tags are names of rows and columns, no secrets: Ray serves them
without asking for a token.
"""

import math
from collections.abc import Mapping

from ray.util.metrics import Gauge

from orchestrator.legs.artifacts import FoldProgress

FOLD = {
    "iteration": "Iterations of the cell that are done",
    "rate": "Iterations per second",
    "loss": "Batch loss (eq. 1)",
    "eta": "Updatable threshold (eq. 2)",
    "kept": "Share of unverified clips whose loss counts",
    "lwlrap": "Newest lwlrap of the validation fold",
}
"""What a fold's worker shows, by the names of its progress file."""
NAMES = {"rate": "iterations_per_second"}
RUN = {
    "legs_done": "Legs that are done",
    "legs_total": "Legs of the plan",
    "seconds_left": "Time to the end at the present speed",
}
"""What the driver shows."""


class FoldGauges:
    """The gauges of one fold's worker."""

    def __init__(self, activation: str, selection: str, fold: int) -> None:
        self.tags = {"activation": activation, "selection": selection, "fold": str(fold)}
        keys = (*self.tags, "stage")
        self.gauges = {
            name: Gauge(f"stagegrid_{NAMES.get(name, name)}", description=text, tag_keys=keys)
            for name, text in FOLD.items()
        }

    def show(self, progress: FoldProgress, stage: int) -> None:
        """Show what a progress file says; a value that is not there keeps its gauge."""
        tags = self.tags | {"stage": str(stage + 1)}
        for name, gauge in self.gauges.items():
            value = getattr(progress, name)
            if value is not None and math.isfinite(value):
                gauge.set(value, tags=tags)


class RunGauges:
    """The gauges of the driver."""

    def __init__(self) -> None:
        self.gauges = {name: Gauge(f"stagegrid_{name}", description=text) for name, text in RUN.items()}

    def show(self, values: Mapping[str, float | None]) -> None:
        """Show the state of the whole run."""
        for name, gauge in self.gauges.items():
            value = values[name]
            if value is not None:
                gauge.set(value)
