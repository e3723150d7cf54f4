"""Where a grid's features are while it trains: in Ray's object store, or in a file on each machine's disk."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from numpy.typing import NDArray

from orchestrator.features.feature_set import FeatureSet, Frames, read_clips
from orchestrator.features.frame_file import BankArrays, FrameFile, into_blocks


@dataclass(frozen=True)
class StoredFrames:
    """References to the features in Ray's object store: one copy a machine, read by all its workers."""

    blocks: "list[ray.ObjectRef[Frames]]"
    offsets: "ray.ObjectRef[NDArray[Any]]"

    def arrays(self) -> BankArrays:
        """The features in this machine's memory."""
        return BankArrays(ray.get(self.blocks), ray.get(self.offsets))


def place_frames(features: FeatureSet, folder: Path | None) -> StoredFrames | FrameFile:
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
