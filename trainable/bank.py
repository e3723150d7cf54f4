"""All clips' frames in one flat float16 array, read by gathering alone.

The array is shared by every fold (and read-only in name only: a write through torch would reach all of them),
so nothing outside this class holds it and everything that leaves is a copy.

Shapes: B clips, T frames, M mel bands, N frames of all clips, or of those gathered.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainable.arrays import Ints
from trainable.device import move, send


class Bank:
    """Log-mel frames (dB) of all clips, un-wrapped; clip i owns frames offsets[i] up to offsets[i + 1]."""

    def __init__(
        self,
        frames_NM: NDArray[np.float16],
        offsets: Ints,
        clip_frames: int,
        device: torch.device | str = "cpu",
        resident: bool = True,
    ) -> None:
        """`resident`: the frames themselves move to `device`; else only what is gathered does."""
        assert offsets[-1] == len(frames_NM)
        assert (np.diff(offsets) > 0).all()
        self._frames_NM = torch.utils.dlpack.from_dlpack(frames_NM).to(device if resident else "cpu")
        self._starts = offsets[:-1]
        self._lengths = np.diff(offsets)
        self.clip_frames = clip_frames
        self.device = torch.device(device)

    @property
    def n_mels(self) -> int:
        """Mel bands."""
        return self._frames_NM.shape[1]

    def gather(self, clips_B: Ints, frames_BT: Ints) -> Tensor:
        """Frames of clips fixed to `clip_frames` frames each (section 2.1): float32 (B, T, M).

        A shorter clip is repeated; a longer one is decimated uniformly.
        """
        length_B1 = self._lengths[clips_B][:, None]
        wrapped_BT = np.where(
            length_B1 <= self.clip_frames, frames_BT % length_B1, frames_BT * length_B1 // self.clip_frames
        )
        rows = send((self._starts[clips_B][:, None] + wrapped_BT).ravel(), self._frames_NM.device)
        x_NM = self._frames_NM.index_select(0, rows)
        if x_NM.device != self.device:
            x_NM = move(x_NM, self.device)
        return x_NM.float().view(*frames_BT.shape, self.n_mels)

    def whole(self, clips_B: Ints) -> Tensor:
        """Clips at their full fixed length: float32 (B, clip_frames, M)."""
        frames_T = np.arange(self.clip_frames)
        return self.gather(clips_B, np.broadcast_to(frames_T, (len(clips_B), self.clip_frames)))

    def band_statistics(self, clips: Ints) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (dB) of each band over all frames of these clips: (M,) and (M,)."""
        total = square = torch.zeros(self.n_mels, dtype=torch.float64)
        count = int(self._lengths[clips].sum())
        for clip in clips:
            start, length = int(self._starts[clip]), int(self._lengths[clip])
            x_TM = self._frames_NM[start : start + length].cpu().double()
            total, square = total + x_TM.sum(0), square + (x_TM**2).sum(0)
        mean_M = total / count
        variance_M = (square / count - mean_M**2).clamp_min(1e-6)
        return mean_M.float(), variance_M.sqrt().float()
