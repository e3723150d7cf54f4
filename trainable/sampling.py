"""What iteration t sees: a pure function of (seed, fold, t).

Every random draw comes from a counter-based generator keyed by (seed, fold, iteration, purpose). So no
generator has a state to save, a branch sees what an unshared run would see, and all cells see the same clips.

Shapes: B clips of a batch, T frames of a crop.
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Purpose(IntEnum):
    """What a draw is for; the values are part of every result (see NUMERICS in the plan)."""

    WEIGHTS = 0
    VERIFIED = 1
    UNVERIFIED = 2
    CROPS = 3
    WARP = 4
    MIXUP = 5
    MASKS = 6
    DROPOUT = 7
    SELECTION = 8


def generator(seed: int, fold: int, iteration: int, purpose: Purpose) -> np.random.Generator:
    """An independent generator for one purpose in one iteration of one fold."""
    return np.random.Generator(np.random.Philox(key=[seed, fold], counter=[0, 0, iteration, purpose]))


def torch_seed(seed: int, fold: int, iteration: int, purpose: Purpose) -> int:
    """A seed for torch's own generator, for draws that torch makes itself: dropout, initial weights."""
    return int(generator(seed, fold, iteration, purpose).integers(2**62))


@lru_cache(maxsize=8)
def _shuffled(count: int, seed: int, fold: int, epoch: int, purpose: Purpose) -> Ints:
    return generator(seed, fold, epoch, purpose).permutation(count)


def draw_clips(count: int, size: int, seed: int, fold: int, iteration: int, purpose: Purpose) -> Ints:
    """`size` indices below `count` for this iteration: one shuffled pass over all clips after another."""
    place = iteration * size + np.arange(size)
    epochs, rank = np.divmod(place, count)
    return np.array(
        [_shuffled(count, seed, fold, int(e), purpose)[r] for e, r in zip(epochs, rank, strict=True)],
        np.int64,
    )


@dataclass(frozen=True)
class BatchPlan:
    """The clips of one batch, the verified ones first, and where each is cut."""

    clips_B: Ints
    starts_B: Ints
    verified_B: NDArray[np.bool_]


@dataclass(frozen=True)
class TrainingClips:
    """The clips that a fold may train on, as rows of the feature bank."""

    verified: Ints
    unverified: Ints


def plan_batch(
    training: TrainingClips, size: int, unverified: int, slack: int, seed: int, fold: int, iteration: int
) -> BatchPlan:
    """Choose `size` clips, `unverified` of them unverified, and a crop start in [0, slack] for each."""
    trusted = draw_clips(len(training.verified), size - unverified, seed, fold, iteration, Purpose.VERIFIED)
    clips = training.verified[trusted]
    if unverified:
        doubtful = draw_clips(len(training.unverified), unverified, seed, fold, iteration, Purpose.UNVERIFIED)
        clips = np.concatenate([clips, training.unverified[doubtful]])
    starts = generator(seed, fold, iteration, Purpose.CROPS).integers(0, slack + 1, size)
    return BatchPlan(clips, starts, np.arange(size) < size - unverified)
