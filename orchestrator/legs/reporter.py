"""How a grid that is being filled tells of itself: training knows no terminal and no page."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from orchestrator.data.folded import FoldedDataset
from orchestrator.files.store import Store
from orchestrator.legs.folders import WorkLeft
from orchestrator.legs.plan import Plan
from orchestrator.legs.progress import DriverNote
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus


class Reporter(Protocol):
    """Whoever shows people how far a run is."""

    def say(self, text: str) -> None:
        """Show one line."""

    def copy_to(self, write: Callable[[str], None]) -> None:
        """Call `write` with every line from now on, and first with those that were said already."""

    def busy(self, text: str) -> AbstractContextManager[None]:
        """Show that the block of this `with` takes some seconds."""

    def features(self, total: int) -> AbstractContextManager[Callable[[int, int], None]]:
        """Show how many of `total` clips have features; gives the function to call with (done, total)."""

    def begun(self, out: Store, name: str, stage: str) -> None:
        """Show that the run of experiment `name` has begun in `out`, and what it is at."""

    def dataset(self, dataset: FoldedDataset) -> None:
        """Show what the data set has."""

    def plan(self, plan: Plan, work_left: Mapping[str, WorkLeft], stale: Mapping[str, str]) -> None:
        """Show what work each leg has left, and why results of other legs are stale."""

    def training(self, run: Run) -> AbstractContextManager[None]:
        """Show how far the legs are while the block of this `with` trains them."""

    def refresh(self, run: Run, legs: Sequence[LegStatus], note: DriverNote | None) -> None:
        """Show the newest state of all legs, and what the driver notes; called every few seconds."""
