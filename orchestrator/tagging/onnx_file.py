"""A system as one ONNX graph: a clip's samples in, its scores out.

What numpy and torch do clip by clip elsewhere stands here once more, as operations that a graph may have: the
silent ends are cut off, frames are transformed by products with sines and cosines, clips are fixed to their
length, networks are averaged. The tests hold the two against each other.

Shapes: n samples, T frames, N samples of a window, F bins of the transform, M mel bands, C classes.
"""

import io
import warnings

import numpy as np
import torch
from librosa.filters import get_window
from torch import Tensor, nn

from trainable.activations import Activation
from trainable.config import Audio
from trainable.errors import UserError
from trainable.logmel import mel_filters
from trainable.model import CnnGru
from trainable.tagger import Tagger

OPSET = 17
FLOOR = 1e-7
"""Of a score in the geometric mean, as in `trainable.postprocess`."""


def onnx_bytes(tagger: Tagger) -> bytes:
    """The content of model.onnx: input `samples` (n,) float32, output `scores` (C,) float32.

    Raises:
        UserError: ONNX is not installed.
    """
    try:
        import onnx  # noqa: F401  # torch needs it, and says so in other words
    except ModuleNotFoundError as missing:
        raise UserError("ONNX is not installed: pip install 'stagegrid[onnx]'") from missing
    buffer = io.BytesIO()
    example = torch.randn(tagger.file.audio.sample_rate, generator=torch.Generator().manual_seed(0))
    with warnings.catch_warnings(action="ignore"), torch.no_grad():  # tracing warns of every shape it meets
        torch.onnx.export(
            _Whole(tagger).eval(),
            (example,),
            buffer,  # type: ignore[arg-type]  # of the older exporter's two kinds torch's type knows one
            input_names=["samples"],
            output_names=["scores"],
            dynamic_axes={"samples": {0: "n"}},
            opset_version=OPSET,
            dynamo=False,
        )
    return buffer.getvalue()


class _Whole(nn.Module):
    """Samples to scores."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.frames = _Frames(tagger.file.audio, tagger.file.batches.clip_frames)
        self.networks = nn.ModuleList([_Scores(*network) for network in tagger.networks])

    def forward(self, samples: Tensor) -> Tensor:
        x_1TM = self.frames(samples).unsqueeze(0)
        scores: list[Tensor] = [network(x_1TM)[0] for network in self.networks]
        if len(scores) == 1:
            return scores[0]
        logs_KC = torch.stack(scores).double().clamp_min(FLOOR).log()
        return logs_KC.mean(0).exp().float()


class _Scores(nn.Module):
    """A network with its output structure."""

    def __init__(self, network: CnnGru, activation: Activation) -> None:
        super().__init__()
        self.network, self.activation = network, activation

    def forward(self, x_1TM: Tensor) -> Tensor:
        scores_1C: Tensor = self.activation.predict(self.network(x_1TM))
        return scores_1C


class _Frames(nn.Module):
    """Samples to the log-mel frames that a network hears: (n,) to (clip_frames, M)."""

    waves_N2F: Tensor
    filters_FM: Tensor

    def __init__(self, audio: Audio, clip_frames: int) -> None:
        super().__init__()
        self.window, self.hop, self.n_fft = audio.window, audio.hop, audio.n_fft
        self.clip_frames = clip_frames
        self.trims = audio.trim_db is not None
        self.silent = 10 ** (-(audio.trim_db or 0.0) / 10)
        self.magnitudes = audio.spectrum == "magnitude"
        self.amin = audio.amin
        self.floors = audio.top_db is not None
        self.range = 10 ** (-(audio.top_db or 0.0) / 10)
        self.register_buffer("waves_N2F", _waves(audio))
        self.register_buffer("filters_FM", torch.from_numpy(mel_filters(audio)).T.contiguous())

    def forward(self, samples: Tensor) -> Tensor:
        x = samples
        if self.trims:
            x = self.trimmed(x)
        half = self.n_fft // 2
        inset = (self.n_fft - self.window) // 2
        padded = torch.nn.functional.pad(x, [half - inset, half + self.window])
        room = _length(x) + (2 * half - self.n_fft)
        count = 1 + torch.div(room, self.hop, rounding_mode="floor")
        frames_TN = self.framed(padded, count).double()
        parts_T2F = torch.matmul(frames_TN, self.waves_N2F.double())
        real_TF, imaginary_TF = parts_T2F.chunk(2, 1)
        power_TF = (real_TF * real_TF + imaginary_TF * imaginary_TF).float()
        if self.magnitudes:
            power_TM = torch.matmul(power_TF.sqrt(), self.filters_FM).square()
        else:
            power_TM = torch.matmul(power_TF, self.filters_FM)
        floor = torch.full([1], self.amin)
        if self.floors:
            floor = torch.maximum(floor, power_TM.max() * self.range)
        logmel_TM = (torch.maximum(power_TM, floor).log10() * 10).half().float()
        return self.fixed(logmel_TM)

    def framed(self, padded: Tensor, count: Tensor) -> Tensor:
        starts_T1 = _range(count).unsqueeze(1) * self.hop
        return padded[starts_T1 + torch.arange(self.window).unsqueeze(0)]

    def trimmed(self, x: Tensor) -> Tensor:
        half = self.window // 2
        padded = torch.nn.functional.pad(x, [half, half + self.window])
        gap = _length(x) + (2 * half - self.window)
        count = 1 + torch.div(gap.clamp_min(0), self.hop, rounding_mode="floor")
        energy_T = self.framed(padded, count).double().square().sum(1)
        loud = torch.nonzero(energy_T >= energy_T.max() * self.silent).squeeze(1)
        start = torch.minimum(loud[0] * self.hop, _length(x) - 1)
        return x[start : (loud[-1] + 1) * self.hop]

    def fixed(self, x_TM: Tensor) -> Tensor:
        length, frames = _length(x_TM), torch.arange(self.clip_frames)
        decimated = torch.div(frames * length, self.clip_frames, rounding_mode="floor")
        return x_TM[torch.where(length <= self.clip_frames, frames % length, decimated)]


def _range(count: Tensor) -> Tensor:
    """Numbers from 0, as many as the graph finds."""
    numbers: Tensor = torch.arange(count)  # type: ignore[call-overload]  # a number that is known later
    return numbers


def _length(x: Tensor) -> Tensor:
    """Size of the first axis, as a part of the graph."""
    return torch._shape_as_tensor(x)[0]


def _waves(audio: Audio) -> Tensor:
    """Cosines, then sines, of every bin under the window: (N, 2 F)."""
    places_N1 = np.arange(audio.window)[:, None]
    turns_NF = places_N1 * np.arange(audio.n_fft // 2 + 1) % audio.n_fft / audio.n_fft
    window_N1 = get_window("hann", audio.window, fftbins=True)[:, None]
    waves = np.concatenate([np.cos(2 * np.pi * turns_NF), np.sin(2 * np.pi * turns_NF)], 1) * window_N1
    return torch.from_numpy(waves.astype(np.float32))
