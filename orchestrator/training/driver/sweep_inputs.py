"""What every trial and every fold worker of a grid needs, as one object in Ray's object store."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import ray

from orchestrator.data.folded import FoldedDataset
from orchestrator.features.frame_file import FrameFile
from orchestrator.files.store import Store
from orchestrator.legs.allocation import Shares
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg, Plan
from orchestrator.legs.run import Run
from orchestrator.settings.tree import Experiment
from orchestrator.training.fold.frames import StoredFrames

TRACKED_CPUS = 8
"""On fewer an actor more is felt: its start takes some seconds of a CPU."""


@dataclass(frozen=True)
class SweepInputs:
    """What all trials of a grid have in common."""

    experiment: Experiment
    dataset: FoldedDataset
    out: Store
    frames: StoredFrames | FrameFile
    shares: Shares
    levels: list[dict[str, tuple[Leg, ...]]]
    """Of each level its trials by name: legs, parents first."""
    tracked: bool
    """Ray Train keeps a record of its runs for the dashboard: an actor more, where CPUs are many."""
    stamp: str
    """Names this start of the grid, so that Ray never takes up the notes of an earlier one."""

    @property
    def legs(self) -> LegFolders:
        """The folders of the legs."""
        return LegFolders.of(self.out)

    def trial(self, name: str) -> tuple[Leg, ...]:
        """The legs of a trial."""
        return next(level[name] for level in self.levels if name in level)


def sweep_inputs(
    run: Run,
    dataset: FoldedDataset,
    frames: StoredFrames | FrameFile,
    shares: Shares,
    plan: Plan,
    todo: Collection[str],
) -> SweepInputs:
    """All of it; `todo`: ids of the legs that are not done."""
    cpus: float = ray.cluster_resources().get("CPU", 0.0)  # type: ignore[no-untyped-call]
    levels = plan.runs(run.experiment.resources.legs_per_run, todo, shares.trials)
    return SweepInputs(
        experiment=run.experiment,
        dataset=dataset,
        out=run.store,
        frames=frames,
        shares=shares,
        levels=[{_trial_name(legs): legs for legs in level} for level in levels],
        tracked=cpus >= TRACKED_CPUS,
        stamp=datetime.now(UTC).strftime("%Y%m%d-%H%M%S"),
    )


def _trial_name(legs: tuple[Leg, ...]) -> str:
    """Readable in the dashboard, and unique."""
    stems = sum(leg.parent is None for leg in legs)
    more = f"+{stems - 1}_more" if stems > 1 else ""
    return f"{legs[0].label}{more}-{legs[0].id[:6]}"
