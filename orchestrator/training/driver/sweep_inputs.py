"""What every trial and every fold worker of a grid needs, as one object in Ray's object store; the features
beside it, there or in a file on each machine's disk."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ray
from numpy.typing import NDArray

from orchestrator.data.folded import FoldedDataset
from orchestrator.features.feature_set import FeatureSet, Frames, read_clips
from orchestrator.features.frame_file import BankArrays, FrameFile, into_blocks
from orchestrator.files.store import Store
from orchestrator.legs.allocation import Shares
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg, Plan
from orchestrator.legs.run import Run
from orchestrator.settings.tree import Experiment

TRACKED_CPUS = 8
"""On fewer an actor more is felt: its start takes some seconds of a CPU."""


@dataclass(frozen=True)
class StoredFrames:
    """References to the features in Ray's object store: one copy a machine, read by all its workers."""

    blocks: "list[ray.ObjectRef[Frames]]"
    offsets: "ray.ObjectRef[NDArray[Any]]"

    def arrays(self) -> BankArrays:
        """The features in this machine's memory."""
        return BankArrays(ray.get(self.blocks), ray.get(self.offsets))


def load_frames(features: FeatureSet, folder: Path | None) -> StoredFrames | FrameFile:
    """Put the features into a file in `folder`, None: into the object store; whichever, this process does
    not hold them: a block at most.

    Raises:
        DamagedFile: a shard is not what the manifest says.
        UserError: the folder cannot be written to, or has no room.
    """
    if folder is not None:
        file = FrameFile(features, folder)
        file.arrays()  # written here, where damage is mended; other machines follow when they need it
        return file
    blocks: list[ray.ObjectRef[Frames]] = []
    offsets = into_blocks(read_clips(features), lambda block: blocks.append(ray.put(block)))
    return StoredFrames(blocks, ray.put(offsets))


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
