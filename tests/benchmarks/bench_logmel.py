"""Features of 100 clips x 5 s, ours beside plain librosa: CPU seconds on one thread, methods run in turn."""

import statistics
import tempfile
import time
import wave
from collections.abc import Callable
from pathlib import Path

import librosa
import numpy as np
import soundfile
import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from orchestrator.data.sound_files import read_audio
from tests.benchmarks.table import Call, Row, compared, in_turn
from trainable.config import Audio
from trainable.logmel import LogMel

CLIPS, SECONDS, ROUNDS, TARGET = 100, 5, 5, 1 / 6
AUDIO = Audio()
LOGMEL = LogMel(AUDIO)
FRAMES = torch.randn(1 + (SECONDS - 1) * AUDIO.sample_rate // AUDIO.hop, AUDIO.n_fft)


def write_clips(folder: Path) -> list[str]:
    """PCM-16 files: noise with a moving level and half a second of silence at each end."""
    rng, rate, paths = np.random.default_rng(0), AUDIO.sample_rate, []
    for clip in range(CLIPS):
        samples = rng.standard_normal(rate * SECONDS) * rng.uniform(0.02, 0.2)
        samples *= 0.6 + 0.4 * np.sin(np.linspace(0, rng.uniform(5, 50), len(samples)))
        samples[: rate // 2] = samples[-rate // 2 :] = 0
        paths.append(str(folder / f"{clip:03}.wav"))
        with wave.open(paths[-1], "wb") as file:
            file.setparams((1, 2, rate, 0, "NONE", ""))
            file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return paths


def plain_librosa(path: str) -> None:
    """What a challenge script does."""
    y, rate = librosa.load(path, sr=None)
    y, _ = librosa.effects.trim(y, top_db=60)
    power = librosa.feature.melspectrogram(
        y=y, sr=rate, n_fft=AUDIO.n_fft, hop_length=AUDIO.hop, win_length=AUDIO.window, n_mels=AUDIO.n_mels,
        fmin=AUDIO.f_min, fmax=AUDIO.f_max,
    )  # fmt: skip
    librosa.power_to_db(power, amin=AUDIO.amin, top_db=AUDIO.top_db)


def with_soundfile(path: str) -> None:
    """Our features behind libsndfile's decoder."""
    LOGMEL(soundfile.read(path, dtype="float32")[0])


def with_own_reader(path: str) -> None:
    """Our features behind our reader of PCM-16 files."""
    LOGMEL(read_audio(path, AUDIO.sample_rate))


def transform_alone(path: str) -> None:
    """The Fourier transforms of as many frames: what is left when all else costs nothing."""
    torch.fft.rfft(FRAMES)


def rows() -> list[Row]:
    """CPU seconds of one pass over the clips."""

    def over(method: Callable[[str], None], paths: list[str]) -> Call:
        def run() -> None:
            for path in paths:
                method(path)

        return run

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder, threadpool_limits(1):  # idle BLAS threads would spin
        paths = write_clips(Path(folder))
        measured = [
            in_turn(
                [over(method, paths) for method in (ours, plain_librosa, transform_alone)],
                ROUNDS, time.process_time,
            )
            for ours in (with_own_reader, with_soundfile)
        ]  # fmt: skip
    limit = statistics.median(alone / librosas for _, librosas, alone in measured[0])
    what = f"log-mel of {CLIPS} x {SECONDS} s, librosa"
    return [
        compared(what, measured[0], TARGET, limit),
        compared(f"{what}, libsndfile in both", measured[1]),
    ]
