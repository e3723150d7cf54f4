"""All clips' frames in flat float16 blocks, read by gathering alone.

The blocks are shared by every fold (and read-only in name only: a write through torch would reach all of
them), so nothing outside this class holds them and everything that leaves is a copy. They may be mapped from
a file that is larger than memory: a batch touches its own frames and no others.

Shapes: B clips, T frames, M mel bands, N frames of all clips, or of those gathered.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from trainable.arrays import Ints
from trainable.device import move, send


class Bank:
    """Log-mel frames (dB) of all clips, un-wrapped; clip i owns frames offsets[i] up to offsets[i + 1].

    Within its block, clip i begins at frame starts[i].
    """

    def __init__(
        self,
        blocks: Sequence[NDArray[np.float16]],
        offsets: Ints,
        clip_frames: int,
        device: torch.device | str = "cpu",
        resident: bool = True,
    ) -> None:
        """`blocks`: the frames (N, M) in their order, each block with whole clips. `resident`: the frames
        move to `device`; else only what is gathered does."""
        ends = np.cumsum([len(block) for block in blocks])
        assert offsets[-1] == ends[-1]
        assert np.isin(ends, offsets).all()
        assert (np.diff(offsets) > 0).all()
        self.device = torch.device(device)
        self._blocks = [torch.utils.dlpack.from_dlpack(block) for block in blocks]
        if resident and self.device.type != "cpu":
            self._blocks, ends = [_on_device(self._blocks, self.device)], ends[-1:]
        self._block_of = np.searchsorted(ends, offsets[:-1], side="right")
        self._starts = offsets[:-1] - np.concatenate([[0], ends])[self._block_of]
        self._lengths = np.diff(offsets)
        self.clip_frames = clip_frames

    @property
    def n_mels(self) -> int:
        """Mel bands."""
        return self._blocks[0].shape[1]

    def gather(self, clips_B: Ints, frames_BT: Ints) -> torch.Tensor:
        """Frames of clips fixed to `clip_frames` frames each (section 2.1): float32 (B, T, M).

        A shorter clip is repeated; a longer one is decimated uniformly.
        """
        return self.take(clips_B, self.rows(clips_B, frames_BT))

    def rows(self, clips_B: Ints, frames_BT: Ints) -> Ints:
        """Where frames of the fixed clips stand in the clips' blocks: (B, T). Reads no feature."""
        length_B1 = self._lengths[clips_B][:, None]
        wrapped_BT = np.where(
            length_B1 <= self.clip_frames, frames_BT % length_B1, frames_BT * length_B1 // self.clip_frames
        )
        return np.asarray(self._starts[clips_B][:, None] + wrapped_BT)

    def take(self, clips_B: Ints, rows_BT: Ints) -> torch.Tensor:
        """The features in these `rows` of the clips' blocks: float32 (B, T, M)."""
        x_BTM = self._take(clips_B, rows_BT)
        return (x_BTM if x_BTM.device == self.device else move(x_BTM, self.device)).float()

    def _take(self, clips_B: Ints, rows_BT: Ints) -> torch.Tensor:
        """Rows of the clips' blocks, where these are: float16 (B, T, M)."""
        first = self._blocks[0]
        if len(self._blocks) == 1:
            x_NM = first.index_select(0, send(rows_BT.ravel(), first.device))
            return x_NM.view(*rows_BT.shape, self.n_mels)
        x_BTM = first.new_empty(*rows_BT.shape, self.n_mels)
        blocks = self._block_of[clips_B].tolist()
        for x_TM, block, rows_T in zip(x_BTM, blocks, torch.from_numpy(rows_BT), strict=True):
            torch.index_select(self._blocks[block], 0, rows_T, out=x_TM)
        return x_BTM

    def whole(self, clips_B: Ints) -> torch.Tensor:
        """Clips at their full fixed length: float32 (B, clip_frames, M)."""
        frames_T = np.arange(self.clip_frames)
        return self.gather(clips_B, np.broadcast_to(frames_T, (len(clips_B), self.clip_frames)))

    def band_statistics(self, clips: Ints) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and standard deviation (dB) of each band over all frames of these clips: (M,) and (M,)."""
        total = square = torch.zeros(self.n_mels, dtype=torch.float64)
        count = int(self._lengths[clips].sum())
        for clip in clips:
            start, length = int(self._starts[clip]), int(self._lengths[clip])
            x_TM = self._blocks[self._block_of[clip]][start : start + length].cpu().double()
            total, square = total + x_TM.sum(0), square + (x_TM**2).sum(0)
        mean_M = total / count
        variance_M = (square / count - mean_M**2).clamp_min(1e-6)
        return mean_M.float(), variance_M.sqrt().float()


def _on_device(blocks: Sequence[torch.Tensor], device: torch.device) -> torch.Tensor:
    """All blocks as one tensor there, which never holds two copies of them."""
    lengths = [len(block) for block in blocks]
    whole_NM = torch.empty(sum(lengths), blocks[0].shape[1], dtype=torch.float16, device=device)
    for part, block in zip(torch.split(whole_NM, lengths), blocks, strict=True):
        part.copy_(block)
    return whole_NM
