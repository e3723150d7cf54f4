"""All clips' frames for the `Bank`: in blocks of memory, or as one file that is mapped into it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.features.feature_set import Frames

BLOCK_BYTES = 2**28
"""Of a block: what its maker holds besides what is already made."""


@dataclass(frozen=True)
class BankArrays:
    """What a `Bank` reads, in the order of the `ClipTable`."""

    blocks: list[Frames]
    """Frames (N, bands), each block with whole clips."""
    offsets: NDArray[np.int64]
    """Clip i owns the frames from offsets[i] up to offsets[i + 1]: (clips + 1,)."""

    @property
    def size(self) -> int:
        """Bytes of all frames."""
        return sum(block.nbytes for block in self.blocks)


def into_blocks(
    clips: Iterable[Frames], keep: Callable[[Frames], None], most_bytes: int = BLOCK_BYTES
) -> NDArray[np.int64]:
    """Give `keep` the frames of all clips in blocks, each with as many clips as fit into `most_bytes`.

    `keep` must copy what it is given: the next block is written over it. The offsets of the clips,
    (clips + 1,), among all frames.
    """
    lengths, block, filled = [0], np.empty((0, 0), np.float16), 0
    for clip in clips:
        lengths.append(len(clip))
        if filled + len(clip) > len(block):
            if filled:
                keep(block[:filled])
            rows = max(most_bytes // clip[0].nbytes, len(clip))
            if len(block) != rows:
                block = np.empty((rows, clip.shape[1]), np.float16)
            filled = 0
        block[filled : filled + len(clip)] = clip
        filled += len(clip)
    if filled:
        keep(block[:filled])
    return np.cumsum(lengths)
