"""Mixup and SpecAugment on batches (section 2.1; sizes are not in the paper).

Shapes: B clips of a batch, T frames of a crop, M mel bands, C classes.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from trainable.activations import Targets
from trainable.arrays import Bools, Ints, Singles
from trainable.config import Augment
from trainable.device import send

Pairs = tuple[Ints, Singles]
"""Every clip's partner, and the clip's own share of the mixture: (B,) and (B,)."""


@dataclass(frozen=True)
class Masks:
    """Places that SpecAugment leaves, as factors: 1 where a value stays, 0 where it is masked."""

    bands_BM: Singles
    frames_BT: Singles


def warp_frames(rng: np.random.Generator, clips: int, frames: int, most: int) -> Ints:
    """SpecAugment's time warp: the source frame of every output frame, nearest neighbour: (B, T).

    A random point more than `most` frames from both ends moves by up to `most`; both sides stretch linearly.
    """
    out_T = np.arange(frames)
    if most == 0:
        return np.broadcast_to(out_T, (clips, frames))
    point_B1 = rng.integers(most + 1, frames - most - 1, (clips, 1))
    moved_B1 = point_B1 + rng.integers(-most, most + 1, (clips, 1))
    last = frames - 1
    left_BT = out_T * (point_B1 / moved_B1)
    right_BT = last - (last - out_T) * ((last - point_B1) / (last - moved_B1))
    return np.rint(np.where(out_T <= moved_B1, left_BT, right_BT)).astype(np.int64)


def mixing(rng: np.random.Generator, alpha: float, verified_B: Bools) -> Pairs:
    """A partner from the same source for every clip, and the clip's own share of the mixture: (B,) and (B,).

    Verified clips mix with verified ones only, so that a mixture has one V_i. The share is at least one half:
    the mixture's loss then speaks of the clip that gives it its name (ours; in mixup a pair is symmetric).
    """
    partner_B = np.arange(len(verified_B))
    for source in (verified_B, ~verified_B):
        partner_B[source] = rng.permutation(partner_B[source])
    share_B = rng.beta(alpha, alpha, len(verified_B))
    return partner_B, np.maximum(share_B, 1 - share_B).astype(np.float32)


def mixup(x_BTM: Tensor, targets: Targets, partner_B: Ints, share_B: Singles) -> tuple[Tensor, Targets]:
    """Mix every clip with its partner; both forms of the targets mix linearly."""
    partner = send(partner_B, x_BTM.device)
    share = send(share_B, x_BTM.device)

    def mix(value: Tensor) -> Tensor:
        other = value.index_select(0, partner)  # several times faster than value[partner]
        return torch.lerp(other, value, share.view(-1, *[1] * (value.dim() - 1)))

    return mix(x_BTM), Targets(mix(targets.y_BC), mix(targets.q_BC))


def _stripes(rng: np.random.Generator, clips: int, count: int, length: int, share: float) -> Bools:
    """`count` random masks over `length` places, each at most a `share` of them wide: bool (B, length)."""
    width = rng.integers(0, int(share * length) + 1, (clips, count, 1))
    start = rng.integers(0, length - width + 1)
    place = np.arange(length)
    return np.asarray(((place >= start) & (place < start + width)).any(1))


def draw_masks(rng: np.random.Generator, clips: int, frames: int, bands: int, augment: Augment) -> Masks:
    """SpecAugment's frequency and time masks of a batch."""
    bands_BM = _stripes(rng, clips, augment.frequency_masks, bands, augment.frequency_mask_share)
    frames_BT = _stripes(rng, clips, augment.time_masks, frames, augment.time_mask_share)
    return Masks((~bands_BM).astype(np.float32), (~frames_BT).astype(np.float32))


def mask(x_BTM: Tensor, masks: Masks, fill_M: Tensor) -> Tensor:
    """Masked places filled with each band's mean."""
    keep_B1M = send(masks.bands_BM, x_BTM.device)[:, None, :]
    keep_BT1 = send(masks.frames_BT, x_BTM.device)[:, :, None]
    return torch.lerp(fill_M, x_BTM, keep_B1M * keep_BT1)  # exact at 0 and 1, faster than where
