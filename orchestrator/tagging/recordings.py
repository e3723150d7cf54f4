"""Recordings to tag: found by path, folder, glob or list; a long one is cut into windows.

Shapes: n samples.
"""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from orchestrator.data.sound_files import MEND, Samples, as_mono, measure_sound, read_audio
from trainable.errors import UserError

STDIN = "-"
SUFFIXES = frozenset(f".{name.lower()}" for name in soundfile.available_formats() if name != "RAW") | {
    ".aif",
    ".aifc",
    ".oga",
    ".opus",
    ".snd",
}
"""Of the files that count in a folder; raw samples have no header that says what they are."""
WHOLE_SECONDS = 30.0
"""A recording of at most so long is one clip, as the run would score it: the data set's longest has 30 s."""
OVERLAP = 0.5
"""Share of a window that the next one hears again."""
ENDLESS = float("inf")


@dataclass(frozen=True)
class Piece:
    """What a network hears at once: a whole clip, or a window of a long recording."""

    start: float
    """Seconds from the recording's start."""
    end: float
    samples: Samples
    """(n,) at the model's rate."""


def find_recordings(arguments: Iterable[str], stdin: Iterable[str] = ()) -> list[str]:
    """The paths that the arguments name, each once: files, folders with all below, globs, `-` for a list.

    A path that is not there stays in the list: it is a bad recording among others.

    Raises:
        UserError: an argument names nothing at all.
    """
    recordings: dict[str, None] = {}
    for argument in arguments:
        named = [line.rstrip("\r\n") for line in stdin] if argument == STDIN else _named(argument)
        recordings |= dict.fromkeys(path for path in named if path)
    if not recordings:
        raise UserError("there is no recording to tag: name files, folders, globs, or - for a list on stdin")
    return list(recordings)


def _named(argument: str) -> list[str]:
    if Path(argument).is_dir():
        return _below(argument)
    if not Path(argument).exists() and glob.has_magic(argument):
        matches = sorted(glob.glob(argument, recursive=True))  # noqa: PTH207  # with **, and as written
        if not matches:
            raise UserError(f"{argument}: no file has such a name")
        return [path for match in matches for path in _named(match)]
    return [argument]


def _below(folder: str) -> list[str]:
    """Every sound file in a folder and below, but hidden ones."""
    paths = [
        os.path.join(parent, name)  # noqa: PTH118  # as the user wrote it
        for parent, _, names in os.walk(folder)
        for name in names
        if Path(name).suffix.lower() in SUFFIXES and not name.startswith(".")
    ]
    if not paths:
        raise UserError(f"{folder}: no sound file is in this folder")
    return sorted(paths)


def pieces(path: str, sample_rate: int, window: float, whole: float = WHOLE_SECONDS) -> Iterator[Piece]:
    """The recording as one clip where it has at most `whole` seconds, else in windows of `window` seconds.

    A clip is read as for training. Windows overlap by half and are read one after the other, so that a
    recording of any length fits into memory.

    Raises:
        UserError: it cannot be read to its end; names the file.
    """
    _, seconds = measure_sound(path, ENDLESS)
    if seconds <= max(whole, window):
        yield Piece(0.0, seconds, read_audio(path, sample_rate))
    else:
        yield from _windows(path, sample_rate, window)


def _windows(path: str, sample_rate: int, window: float) -> Iterator[Piece]:
    try:
        with soundfile.SoundFile(path) as file:
            size = max(2, round(window * file.samplerate))
            step = size - int(size * OVERLAP)
            for number, samples_NC in enumerate(_blocks(file, size, step)):
                start = number * step / file.samplerate
                end = start + len(samples_NC) / file.samplerate
                yield Piece(start, end, as_mono(samples_NC, file.samplerate, sample_rate))
    except (OSError, soundfile.SoundFileError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"{path}: cannot be read ({error}): {MEND}") from error


def _blocks(file: soundfile.SoundFile, size: int, step: int) -> Iterator[Samples]:
    """Windows of (at most `size`, channels), each `step` samples after the one before."""
    heard = np.zeros((0, file.channels), np.float32)
    total = 0
    while True:
        more = file.read(size - len(heard), dtype="float32", always_2d=True)
        total += len(more)
        if len(more):
            yield np.concatenate([heard, more])
        if len(heard) + len(more) < size or total >= file.frames:
            break
        heard = np.concatenate([heard, more])[step:]
    if total < file.frames:
        raise ValueError(f"its header claims {file.frames} samples, the file has {total}")


def stamps(paths: Sequence[str]) -> dict[str, str]:
    """Size and date of each file, by its path: another stamp is another recording. Missing: an empty one."""
    return {path: _stamp(path) for path in paths}


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116  # for many files: a Path takes twice as long
    except (OSError, ValueError):
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"
