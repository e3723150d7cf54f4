"""Sound files: checked by their headers before anything is decoded, and read as mono samples at one rate.

Bad is a file that is no sound, that is shorter or longer than its header says, whose rate or length no
recording has. Silence is not bad, nor is a single sample: the data set itself has silent clips, and the
features keep at least one frame of them.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from orchestrator.data.tables import regular_size
from trainable.errors import UserError

Samples = NDArray[np.float32]
PCM = 1
"""Format code of plain integers in a wav file."""
RATES = (4_000, 768_000)
"""Hz: lowest and highest rate of a recording."""
LONGEST = 600.0
"""Seconds of the longest clip; the data set's last 30 at most."""
MEND = "replace the file or drop the clip"


@dataclass(frozen=True)
class WavHeader:
    """The header of a wav file."""

    code: int
    channels: int
    rate: int
    """Hz."""
    frame_bytes: int
    """Bytes of one sample of all channels."""
    bits: int
    """Bits of one sample of one channel."""
    start: int
    """Position of the first sample in the file."""
    size: int
    """Bytes of all samples."""

    @property
    def is_pcm16(self) -> bool:
        """Whether the samples are plain 16-bit integers."""
        return (self.code, self.bits, self.frame_bytes) == (PCM, 16, 2 * self.channels)


def read_header(file: BinaryIO, size: int) -> WavHeader | None:
    """The header of a wav file of `size` bytes; None where it is no wav file.

    Raises:
        ValueError: the file is cut, longer than it says, or has no format; the message is the reason.
    """
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return None
    claimed = 8 + int.from_bytes(head[4:8], "little")
    if abs(claimed - size) > 1:  # one for who forgets the byte that evens out the last chunk
        raise ValueError(f"its header claims {claimed} bytes, the file has {size}")
    return _chunks(file, size)


def _chunks(file: BinaryIO, size: int) -> WavHeader:
    position, form = 12, b""
    while position + 8 <= size:
        file.seek(position)
        name, length = struct.unpack("<4sI", file.read(8))
        position += 8
        if position + length > size:
            raise ValueError(f"its header claims {length} bytes of {name!r}, the file has {size - position}")
        if name == b"fmt ":
            form = file.read(min(length, 16))
        if name == b"data":
            return _header(form, position, length)
        position += length + length % 2
    raise ValueError("it has no samples: there is no data chunk")


def _header(form: bytes, start: int, size: int) -> WavHeader:
    if len(form) < 16:
        raise ValueError("its header names no format")
    code, channels, rate, _, frame_bytes, bits = struct.unpack("<HHIIHH", form)
    header = WavHeader(code, channels, rate, frame_bytes, bits, start, size)
    if not channels:
        raise ValueError("its header names no channels")
    if not size:
        raise ValueError("it holds no samples")
    if header.is_pcm16 and size % frame_bytes:
        raise ValueError("it ends within a sample")
    return header


def check_sound(path: str | Path) -> WavHeader | None:
    """Refuse a file that is bad by its header; the header of a wav file that holds plain 16-bit integers.

    Raises:
        UserError: names the file and the reason.
    """
    return measure_sound(path)[0]


def measure_sound(path: str | Path, longest: float = LONGEST) -> tuple[WavHeader | None, float]:
    """The header as `check_sound` gives it, and the seconds of the sound; longer than `longest` is bad.

    Raises:
        UserError: as `check_sound`.
    """
    size = regular_size(path)
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # as in regular_size
            header = read_header(file, size)
        if header and header.is_pcm16:
            return header, _check_length(header.size // header.frame_bytes, header.rate, longest)
        info = soundfile.info(str(path))
        return None, _check_length(info.frames, info.samplerate, longest)
    except (OSError, soundfile.SoundFileError, ValueError, TypeError) as error:
        # TypeError: a name such as a.raw promises samples without any header.
        reason = getattr(error, "error_string", str(error).replace(str(path), "the file"))
        raise UserError(f"{path}: cannot be read ({reason}): {MEND}") from error


def _check_length(samples: int, rate: int, longest: float) -> float:
    """Seconds of a recording that is legal."""
    if not RATES[0] <= rate <= RATES[1]:
        raise ValueError(f"a rate of {rate} Hz is none of a recording: {RATES[0]} to {RATES[1]} Hz are")
    if samples < 1:
        raise ValueError("it holds no samples")
    if samples > longest * rate:
        raise ValueError(f"it is {samples / rate:.0f} seconds long: {longest:.0f} are the most")
    return samples / rate


def read_audio(path: str | Path, sample_rate: int) -> Samples:
    """The samples of a sound file as float32 in -1 to 1, channels averaged, at `sample_rate` Hz: (n,).

    Silence and a single sample are sounds too: whatever is legal gives at least one sample.

    Raises:
        UserError: the file is bad by its header or cannot be decoded to its end; the
            message names it.
    """
    return as_mono(*read_samples(path), sample_rate)


def as_mono(samples_NC: Samples, rate: int, sample_rate: int) -> Samples:
    """The average of all channels, at `sample_rate` Hz in place of `rate`: (n,)."""
    samples = samples_NC[:, 0] if samples_NC.shape[1] == 1 else samples_NC.mean(axis=1)
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
