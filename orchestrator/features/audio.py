"""Sound files to mono samples at one rate."""

from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from orchestrator.data.sound_files import MEND, WavHeader, check_sound
from trainable.errors import UserError

Samples = NDArray[np.float32]


def read_audio(path: str | Path, sample_rate: int) -> Samples:
    """The samples of a sound file as float32 in -1 to 1, channels averaged, at `sample_rate` Hz: (n,).

    Silence and a single sample are sounds too: whatever is legal gives at least one sample.

    Raises:
        UserError: the file is bad by its header (see `sound_files`) or cannot be decoded to its end; the
            message names it.
    """
    channels_NC, rate = read_samples(path)
    samples = channels_NC[:, 0] if channels_NC.shape[1] == 1 else channels_NC.mean(axis=1)
    if rate != sample_rate:
        resampled = soxr.resample(samples, rate, sample_rate)
        samples = resampled if len(resampled) else samples[:1]
    return np.asarray(samples, np.float32)


def read_samples(path: str | Path) -> tuple[Samples, int]:
    """The samples of a sound file (n, channels) and its own rate (Hz).

    Raises:
        UserError: as `read_audio`.
    """
    header = check_sound(path)
    try:
        return _read_pcm16(path, header) if header else _read_any(path)
    except (OSError, soundfile.SoundFileError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}): {MEND}") from error


def _read_any(path: str | Path) -> tuple[Samples, int]:
    """Samples (n, channels) and rate (Hz) of any file that libsndfile knows."""
    with soundfile.SoundFile(str(path)) as file:
        samples_NC = file.read(dtype="float32", always_2d=True)
        if len(samples_NC) < file.frames:
            raise ValueError(f"its header claims {file.frames} samples, the file has {len(samples_NC)}")
        return samples_NC, int(file.samplerate)


def _read_pcm16(path: str | Path, header: WavHeader) -> tuple[Samples, int]:
    """Samples (n, channels) and rate (Hz) of a plain 16-bit wav file.

    This is the data set's format, and reading it here takes half of libsndfile's time for the same bits.
    """
    count = header.size // 2
    integers = np.fromfile(path, "<i2", count, offset=header.start)
    if len(integers) < count:
        raise ValueError(f"its header claims {count} samples, the file has {len(integers)}")
    samples = integers.astype(np.float32)
    samples *= np.float32(1 / 32768)
    return samples.reshape(-1, header.channels), header.rate
