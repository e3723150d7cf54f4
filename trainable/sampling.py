"""What iteration t sees: a pure function of (seed, fold, t), and of where t's stage begins.

Every random draw comes from a counter-based generator keyed by (seed, fold, iteration, purpose). So no
generator has a state to save, and a branch sees what an unshared run would see.

Clips come from an endless row of places, one shuffled pass over all clips after another. A stage that begins
at iteration s reads it from place s B on: no stage reads what another has read, and cells that draw equally
many verified clips in a batch draw the same ones. `verified_only` draws more of them in stage 2 than the
columns beside it: it begins at the same place and goes on faster, so where they draw B / 2 its batch t holds
the verified clips of their batches 2 t and 2 t + 1, t counted within the stage. Not in the paper.

Shapes: B clips of a batch.
"""

from dataclasses import dataclass, replace
from enum import IntEnum
from functools import lru_cache

import numpy as np

from trainable.arrays import Bools, Ints


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


@dataclass(frozen=True)
class Draw:
    """Random numbers of one iteration of one fold, independent for every purpose."""

    seed: int
    fold: int
    iteration: int
    stage_start: int = 0
    """First iteration of the running stage."""

    def at(self, iteration: int) -> "Draw":
        """The same fold's in another iteration."""
        return replace(self, iteration=iteration)

    def generator(self, purpose: Purpose) -> np.random.Generator:
        """A new generator: it starts with the same numbers whenever it is asked for."""
        key, counter = [self.seed, self.fold], [0, 0, self.iteration, purpose]
        return np.random.Generator(np.random.Philox(key=key, counter=counter))

    def torch_seed(self, purpose: Purpose) -> int:
        """A seed for torch's own generator, for draws that torch makes itself: dropout, initial weights."""
        return int(self.generator(purpose).integers(2**62))


@lru_cache(maxsize=8)
def _shuffled(count: int, epoch: Draw, purpose: Purpose) -> Ints:
    return epoch.generator(purpose).permutation(count)


def draw_clips(count: int, size: int, batch: int, draw: Draw, purpose: Purpose) -> Ints:
    """`size` indices below `count` for this iteration, of a batch of `batch` clips from one source or two.

    They are the next ones of one shuffled pass over all clips after another.
    """
    start = draw.stage_start * batch + (draw.iteration - draw.stage_start) * size
    epoch, rank = divmod(start, count)
    epochs = range(epoch, epoch + (rank + size) // count + 1)
    shuffled = np.concatenate([_shuffled(count, draw.at(e), purpose) for e in epochs])
    return shuffled[rank : rank + size]


@dataclass(frozen=True)
class BatchPlan:
    """The clips of one batch, the verified ones first, and where each is cut."""

    clips_B: Ints
    starts_B: Ints
    verified_B: Bools


@dataclass(frozen=True)
class TrainingClips:
    """The clips that a fold may train on, as rows of the feature bank."""

    verified: Ints
    unverified: Ints


def plan_batch(training: TrainingClips, size: int, unverified: int, slack: int, draw: Draw) -> BatchPlan:
    """Choose `size` clips, `unverified` of them unverified, and a crop start in [0, slack] for each."""
    trusted = draw_clips(len(training.verified), size - unverified, size, draw, Purpose.VERIFIED)
    clips = training.verified[trusted]
    if unverified:
        doubtful = draw_clips(len(training.unverified), unverified, size, draw, Purpose.UNVERIFIED)
        clips = np.concatenate([clips, training.unverified[doubtful]])
    starts = draw.generator(Purpose.CROPS).integers(0, slack + 1, size)
    return BatchPlan(clips, starts, np.arange(size) < size - unverified)
