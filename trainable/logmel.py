"""Waveform to log-mel energies (section 2.1), with the silent ends cut off.

The values are librosa's; the speed comes from transforming blocks of frames into buffers that are used again and
from multiplying only the part of the filter bank that is not zero.

Shapes: n samples, T frames, M mel bands, K groups of bands, F bins of the Fourier transform.
"""

import math

import numpy as np
import torch
from librosa.filters import get_window, mel
from numpy.typing import NDArray
from torch import Tensor

from trainable.config import Audio

Samples = NDArray[np.float32]
Frames = NDArray[np.float32]

BLOCK_FRAMES = 128
"""Frames transformed at a time: their buffers (2 MB) stay in a core's cache."""
GROUP_BANDS = 10
"""Mel bands multiplied at a time: few enough to skip most zeros, enough for a fast product."""


class LogMel:
    """Log-mel energies (dB) of clips, one at a time; not for several threads, its buffers are shared by calls."""

    def __init__(self, audio: Audio) -> None:
        self.audio = audio
        window = torch.from_numpy(get_window("hann", audio.window, fftbins=True).astype(np.float32))
        self._window = window
        self._skipped = (audio.n_fft - audio.window) // 2
        self._groups = _band_groups(audio)
        self._framed = torch.zeros(BLOCK_FRAMES, audio.n_fft)
        self._spectrum = torch.empty(BLOCK_FRAMES, audio.n_fft // 2 + 1, dtype=torch.complex64)
        self._padded = torch.zeros(0)

    def __call__(self, samples: Samples) -> Frames:
        """Energies of the clip without its silent ends: (n,) at `audio.sample_rate` to dB, (T, M).

        T = 1 + n // hop for an even n_fft (frames are centred, the ends padded with zeros), n counted after
        trimming. Equal to librosa 0.11's `melspectrogram` and `power_to_db` within 1e-3 dB.

        Raises:
            ValueError: there are no samples, or some are not finite.
        """
        kept = trim(samples, self.audio)
        frames_TN = self._frames(kept)
        power_TM = torch.empty(len(frames_TN), self.audio.n_mels)
        for start in range(0, len(frames_TN), BLOCK_FRAMES):
            self._mel_power(frames_TN[start : start + BLOCK_FRAMES], power_TM[start : start + BLOCK_FRAMES])
        return _decibels(power_TM, self.audio).numpy()

    def _frames(self, samples: Samples) -> Tensor:
        """A view of the samples, zeros around them, as overlapping frames: (T, window)."""
        audio, pad = self.audio, self.audio.n_fft // 2
        n_frames = 1 + (len(samples) + 2 * pad - audio.n_fft) // audio.hop
        lead = pad - self._skipped
        end = lead + len(samples)
        size = max(end, (n_frames - 1) * audio.hop + audio.window)
        if size > len(self._padded):
            self._padded = torch.zeros(size)
        buffer = self._padded.numpy()
        buffer[lead:end] = samples
        buffer[end:size] = 0
        return self._padded.as_strided((n_frames, audio.window), (audio.hop, 1))

    def _mel_power(self, frames_TN: Tensor, out_TM: Tensor) -> None:
        """Write the mel power of at most BLOCK_FRAMES frames to `out_TM`."""
        count, inner = len(frames_TN), slice(self._skipped, self._skipped + self.audio.window)
        framed, spectrum_TF = self._framed[:count], self._spectrum[:count]
        torch.mul(frames_TN, self._window, out=framed[:, inner])
        torch.fft.rfft(framed, out=spectrum_TF)
        squares = torch.view_as_real(spectrum_TF).flatten(1)
        squares.square_()
        for bands, parts, weights in self._groups:
            torch.mm(squares[:, parts], weights, out=out_TM[:, bands])


def _band_groups(audio: Audio) -> list[tuple[slice, slice, Tensor]]:
    """For each group of bands: its bands, its span of real and imaginary parts, the weights between them.

    A bin's weight stands twice, for the squares of its real and of its imaginary part.
    """
    weights_MF = mel(
        sr=audio.sample_rate, n_fft=audio.n_fft, n_mels=audio.n_mels, fmin=audio.f_min, fmax=audio.f_max
    )
    groups = []
    for first in range(0, audio.n_mels, GROUP_BANDS):
        bands = slice(first, min(first + GROUP_BANDS, audio.n_mels))
        used = np.flatnonzero(weights_MF[bands].any(axis=0))
        low, high = (used[0], used[-1] + 1) if used.size else (0, 1)
        doubled = np.repeat(weights_MF[bands, low:high], 2, axis=1)
        groups.append((bands, slice(2 * low, 2 * high), torch.from_numpy(doubled.T.copy())))
    return groups


def _decibels(power_TM: Tensor, audio: Audio) -> Tensor:
    """10 log10 of the power, not under `amin` nor `top_db` below the clip's maximum; in place: (T, M)."""
    decibels = power_TM.clamp_(min=audio.amin).log10_().mul_(10)
    return decibels if audio.top_db is None else decibels.clamp_(min=decibels.max() - audio.top_db)


def trim(samples: Samples, audio: Audio) -> Samples:
    """The samples from the first to the last frame that is not silent: a view of (n,).

    Silent is a frame with less than the loudest frame's energy minus `trim_db`, frames placed as in
    `librosa.effects.trim` with this window and hop. A clip that is silent throughout has no such frame and is
    kept whole.

    Raises:
        ValueError: there are no samples, or some are not finite.
    """
    if not len(samples):
        raise ValueError("there are no samples")
    energy_T = _frame_energies(samples, audio)
    if audio.trim_db is None:
        return samples
    loud = np.flatnonzero(energy_T >= energy_T.max() * 10 ** (-audio.trim_db / 10))
    # With gaps between the frames the last one can begin at the clip's end: it keeps a sample.
    start = min(int(loud[0]) * audio.hop, len(samples) - 1)
    return samples[start : (int(loud[-1]) + 1) * audio.hop]


def _frame_energies(samples: Samples, audio: Audio) -> NDArray[np.float64]:
    """Sum of squares in each centred frame, (T,): sums over blocks of which every frame is a whole number."""
    half = audio.window // 2
    block = math.gcd(audio.hop, half, audio.window - half)
    whole = len(samples) // block * block
    blocks = samples[:whole].reshape(-1, block)
    energies = np.einsum("ij,ij->i", blocks, blocks)
    rest = samples[whole:]
    total = np.concatenate([[0.0], energies, [np.einsum("i,i", rest, rest)]]).cumsum()
    if not np.isfinite(total[-1]):
        raise ValueError("there are samples that are not finite numbers")
    n_frames = 1 + max(0, len(samples) + 2 * half - audio.window) // audio.hop
    starts = np.arange(n_frames) * audio.hop - half
    edges = np.stack([starts, starts + audio.window]) // block
    low, high = total[edges.clip(0, len(total) - 1)]
    return np.asarray(high - low)
