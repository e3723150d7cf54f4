"""Batches as they are drawn: which clips, which frames of them, and how they are mixed and masked.

Random numbers alone decide that, not the network, so it is done ahead for several iterations: four times as
fast, for a step of the network leaves nothing of this code and its data in a core's cache.

Shapes: B clips of a batch, U of them unverified, T frames of a crop, M mel bands, N clips of the data set,
C classes.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainable.activations import Targets
from trainable.arrays import Bools, Ints
from trainable.augment import Masks, Pairs, draw_masks, mask, mixing, mixup, warp_frames
from trainable.bank import Bank
from trainable.device import send
from trainable.record import unverified_clips
from trainable.sampling import Purpose, plan_batch
from trainable.stages import Stage
from trainable.task import FoldData, Task

AHEAD = 16
"""Batches drawn at a time: more of them gain little."""


@dataclass(frozen=True)
class Batch:
    """What one iteration sees, before any feature is read."""

    iteration: int
    clips_B: Ints
    """Rows of the feature bank, those of verified clips first."""
    verified_B: Bools
    unverified_U: Tensor
    """The unverified ones as a record keeps them: int32."""
    rows_BT: Ints
    """Frames of the warped crops, as the bank counts them."""
    pairs: Pairs | None
    """Mixup's; None: nothing is mixed."""
    masks: Masks
    dropout_seed: int
    selection_rng: np.random.Generator
    """For the selection mechanism, which uses it once."""

    def inputs(self, bank: Bank, targets_NC: Tensor, fill_M: Tensor) -> tuple[Tensor, Targets]:
        """The crops, mixed and masked, with their targets: (B, T, M). `fill_M`: masked bands' values (dB)."""
        x_BTM = bank.take(self.clips_B, self.rows_BT)
        labels_BC = targets_NC.index_select(0, send(self.clips_B, bank.device))
        targets = Targets.of(labels_BC.float())
        if self.pairs:
            x_BTM, targets = mixup(x_BTM, targets, *self.pairs)
        return mask(x_BTM, self.masks, fill_M), targets


def draw_batch(task: Task, data: FoldData, stage: Stage, iteration: int) -> Batch:
    """The batch of one iteration of a stage: a pure function of (seed, fold, iteration) and the settings."""
    draw, augment, batches = task.draw(iteration), task.settings.augment, task.settings.batches
    size, crop = batches.size, batches.crop_frames
    unverified = unverified_clips(stage, size)
    plan = plan_batch(data.training, size, unverified, batches.clip_frames - crop, draw)
    warped_BT = warp_frames(draw.generator(Purpose.WARP), size, crop, augment.time_warp)
    mixed = augment.mixup_alpha > 0
    return Batch(
        iteration=iteration,
        clips_B=plan.clips_B,
        verified_B=plan.verified_B,
        unverified_U=torch.from_numpy(plan.clips_B[size - unverified :].astype(np.int32)),
        rows_BT=data.bank.rows(plan.clips_B, plan.starts_B[:, None] + warped_BT),
        pairs=mixing(draw.generator(Purpose.MIXUP), augment.mixup_alpha, plan.verified_B) if mixed else None,
        masks=draw_masks(draw.generator(Purpose.MASKS), size, crop, data.bank.n_mels, augment),
        dropout_seed=draw.torch_seed(Purpose.DROPOUT),
        selection_rng=draw.generator(Purpose.SELECTION),
    )


def draw_ahead(task: Task, data: FoldData, stage: Stage, iterations: range) -> Iterator[Batch]:
    """The batches of these iterations of a stage, one after another, AHEAD of them drawn at a time."""
    for first in range(0, len(iterations), AHEAD):
        yield from [draw_batch(task, data, stage, i) for i in iterations[first : first + AHEAD]]
