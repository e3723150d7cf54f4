"""Waveform to log-mel energies (section 2.1), with the silent ends cut off.

The values are librosa's; the speed comes from transforming blocks of frames that stay in a core's cache and
from multiplying only the part of the filter bank that is not zero.

Shapes: n samples of a clip, N of a window, T frames, M mel bands, F bins of the Fourier transform.
"""

import math
import warnings
from collections.abc import Iterator

import librosa
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainable.arrays import Floats
from trainable.config import Audio
from trainable.errors import UserError

Samples = NDArray[np.float32]
Frames = NDArray[np.float32]

BLOCK_FRAMES = 128
"""Frames transformed at a time: they and their spectrum (2 MB) stay in a core's cache."""
GROUP_BANDS = 16
"""Mel bands multiplied at a time: few enough to skip most zeros, enough for a fast product."""
SINGLE_RANGE = 10**-5.2
"""Power of a frame's quietest band over its mean bin under which single precision, whose rounding spreads
over all bins, is not enough. Measured on recordings: errors reach 7e-4 dB at 10^-6, 2e-3 dB at 10^-6.4."""


class LogMel:
    """Log-mel energies (dB), a clip at a time; not for several threads: calls share its buffers.

    Raises:
        UserError: a mel band has no bin of the Fourier transform.
    """

    def __init__(self, audio: Audio) -> None:
        self.audio = audio
        self._window = torch.from_numpy(librosa.filters.get_window("hann", audio.window, fftbins=True))
        self._window_single = self._window.float()
        self._groups = _band_groups(audio)
        self._framed = torch.zeros(BLOCK_FRAMES, audio.n_fft)
        self._padded = torch.zeros(0)
        # Slaney's filters all have about the same area, so one of them turns bin power into band power.
        area = float(self._groups[-1][2][::2, -1].sum())
        n_bins = audio.n_fft // 2 + 1
        self._single_range = SINGLE_RANGE / n_bins * (area if audio.spectrum == "power" else area**2)

    def __call__(self, samples: Samples) -> Frames:
        """Energies of the clip without its silent ends: (n,) at `audio.sample_rate` to dB, (T, M).

        T = 1 + n // hop for an even n_fft (frames are centred, the ends padded with zeros), n counted after
        trimming. Equal to librosa 0.11's `melspectrogram` and `power_to_db`, or for magnitudes
        `amplitude_to_db`, within 1e-3 dB.

        Raises:
            UserError: there are no samples, or some are not finite.
        """
        frames_TN = self._frames(trim(samples, self.audio))
        power_TM = torch.empty(len(frames_TN), self.audio.n_mels)
        total_T = torch.empty(len(frames_TN))
        for block in _blocks(len(frames_TN)):
            self._single(frames_TN[block], power_TM[block], total_T[block])
        quietest_T = power_TM.amin(1).clamp_(min=_floor(power_TM, self.audio))
        unsure = torch.nonzero(quietest_T < total_T * self._single_range)[:, 0]
        for block in _blocks(len(unsure)):
            power_TM[unsure[block]] = self._double(frames_TN[unsure[block]])
        return power_TM.clamp_(min=_floor(power_TM, self.audio)).log10_().mul_(10).numpy()

    def _frames(self, samples: Samples) -> Tensor:
        """A view of the samples, zeros around them, as overlapping frames: (T, window)."""
        audio, pad = self.audio, self.audio.n_fft // 2
        n_frames = 1 + (len(samples) + 2 * pad - audio.n_fft) // audio.hop
        lead = pad - (audio.n_fft - audio.window) // 2
        end = lead + len(samples)
        size = max(end, (n_frames - 1) * audio.hop + audio.window)
        if size > len(self._padded):
            self._padded = torch.zeros(size)
        buffer = self._padded.numpy()
        buffer[:lead] = 0
        buffer[lead:end] = samples
        buffer[end:size] = 0
        return self._padded.as_strided((n_frames, audio.window), (audio.hop, 1))

    def _single(self, frames_TN: Tensor, power_TM: Tensor, total_T: Tensor) -> None:
        """Write mel power and the sum over all bins of at most BLOCK_FRAMES frames."""
        framed = self._framed[: len(frames_TN)]
        # The window may stand anywhere in the transform: moving it changes phases alone.
        torch.mul(frames_TN, self._window_single, out=framed[:, : self.audio.window])
        # Without `out`, with which torch transforms elsewhere and copies.
        total_T.copy_(self._mel_power(torch.fft.rfft(framed), power_TM))

    def _double(self, frames_TN: Tensor) -> Tensor:
        """Mel power of at most BLOCK_FRAMES frames, transformed in double precision."""
        power_TM = torch.empty(len(frames_TN), self.audio.n_mels)
        spectrum_TF = torch.fft.rfft(frames_TN.double() * self._window, n=self.audio.n_fft)
        self._mel_power(spectrum_TF.to(torch.complex64), power_TM)
        return power_TM

    def _mel_power(self, spectrum_TF: Tensor, power_TM: Tensor) -> Tensor:
        """Write mel power and return the sum over all bins: (T,). The spectrum is overwritten."""
        squares_TF2 = torch.view_as_real(spectrum_TF).square_()
        parts = squares_TF2.flatten(1)
        total_T = parts.sum(1)
        if self.audio.spectrum == "magnitude":
            squares_TF2[..., 0] = squares_TF2.sum(2).sqrt_()
            squares_TF2[..., 1] = 0
        for bands, used, weights in self._groups:
            torch.mm(parts[:, used], weights, out=power_TM[:, bands])
        if self.audio.spectrum == "magnitude":
            power_TM.square_()
        return total_T


def _blocks(count: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK_FRAMES) for start in range(0, count, BLOCK_FRAMES))


def _band_groups(audio: Audio) -> list[tuple[slice, slice, Tensor]]:
    """For each group of bands: its bands, its span of real and imaginary parts, the weights between them.

    A bin's weight stands twice, for the squares of its real and of its imaginary part.
    """
    weights_MF = mel_filters(audio)
    groups = []
    for first in range(0, audio.n_mels, GROUP_BANDS):
        bands = slice(first, min(first + GROUP_BANDS, audio.n_mels))
        used = np.flatnonzero(weights_MF[bands].any(axis=0))
        low, high = used[0], used[-1] + 1
        doubled = np.repeat(weights_MF[bands, low:high], 2, axis=1)
        groups.append((bands, slice(2 * low, 2 * high), torch.from_numpy(doubled.T.copy())))
    return groups


def mel_filters(audio: Audio) -> NDArray[np.float32]:
    """Slaney's mel filters: (M, F).

    Raises:
        UserError: a band is so narrow that it has no bin of the Fourier transform.
    """
    with warnings.catch_warnings(action="ignore"):  # librosa warns of what is refused here
        weights_MF: NDArray[np.float32] = librosa.filters.mel(
            sr=audio.sample_rate, n_fft=audio.n_fft, n_mels=audio.n_mels, fmin=audio.f_min, fmax=audio.f_max
        )
    empty = np.flatnonzero(~weights_MF.any(axis=1))
    if empty.size:
        raise UserError(
            f"{empty.size} of the {audio.n_mels} mel bands have no bin of the Fourier transform, such as "
            f"band {empty[0] + 1}: raise audio.n_fft ({audio.n_fft}) or lower audio.n_mels"
        )
    return weights_MF


def _floor(power_TM: Tensor, audio: Audio) -> float:
    """The least power that counts: `amin`, or `top_db` below the clip's maximum where that is more."""
    if audio.top_db is None:
        return audio.amin
    return max(audio.amin, float(power_TM.max()) * 10 ** (-audio.top_db / 10))


def trim(samples: Samples, audio: Audio) -> Samples:
    """The samples from the first to the last frame that is not silent: a view of (n,).

    Silent is a frame with less than the loudest frame's energy minus `trim_db`, frames placed as in
    `librosa.effects.trim` with this window and hop. A clip that is silent throughout has no such frame and is
    kept whole.

    Raises:
        UserError: there are no samples, or some are not finite.
    """
    if not len(samples):
        raise UserError("there are no samples")
    energy_T = _frame_energies(samples, audio)
    if audio.trim_db is None:
        return samples
    loud = np.flatnonzero(energy_T >= energy_T.max() * 10 ** (-audio.trim_db / 10))
    # With gaps between the frames the last one can begin at the clip's end: it keeps a sample.
    start = min(int(loud[0]) * audio.hop, len(samples) - 1)
    return samples[start : (int(loud[-1]) + 1) * audio.hop]


def _frame_energies(samples: Samples, audio: Audio) -> Floats:
    """Sum of squares in each centred frame, (T,): sums over blocks of which every frame is a whole number."""
    half = audio.window // 2
    block = math.gcd(audio.hop, half, audio.window - half)
    whole = len(samples) // block * block
    blocks = samples[:whole].reshape(-1, block)
    energies = np.einsum("ij,ij->i", blocks, blocks)
    rest = samples[whole:]
    total = np.concatenate([[0.0], energies, [np.einsum("i,i", rest, rest)]]).cumsum()
    if not np.isfinite(total[-1]):
        raise UserError("there are samples that are not finite numbers")
    n_frames = 1 + max(0, len(samples) + 2 * half - audio.window) // audio.hop
    starts = np.arange(n_frames) * audio.hop - half
    edges = np.stack([starts, starts + audio.window]) // block
    low, high = total[edges.clip(0, len(total) - 1)]
    return np.asarray(high - low)
