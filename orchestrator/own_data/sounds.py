"""Every sound file decoded once, in processes beside each other: how long, how loud, and whether equal.

Shapes: N samples, C channels.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from orchestrator.data.sound_files import read_samples
from trainable.errors import UserError

AUDIO = frozenset({".wav", ".flac", ".ogg", ".mp3", ".aif", ".aiff", ".opus"})
"""Endings of sound files."""
AT_ONCE = 16
"""Files that a process takes at a time."""
FEW = 64
"""Files for which starting processes is not worth it."""
SILENCE = 1e-4
"""Peak of a clip without signal: -80 dB of full scale."""
FULL_SCALE = 0.9995
"""Samples at or above it are taken for clipped."""
CLIPPED_SHARE = 0.001
"""Share of a clip's samples at full scale that shows: one in a thousand."""


class SoundFacts(NamedTuple):
    """Length, loudness and content of a sound file."""

    error: str = ""
    """Why the file cannot be used; the rest means nothing then."""
    samples: int = 0
    """Number of samples of each channel."""
    rate: int = 0
    """Hz."""
    channels: int = 0
    peak: float = 0.0
    """Largest absolute value; 1 is full scale."""
    at_full_scale: float = 0.0
    """Share of the samples at full scale."""
    content: str = ""
    """Hash of the rate and the samples, whatever the file's header says besides."""

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return self.samples / self.rate

    @property
    def is_silent(self) -> bool:
        """Whether there is no signal throughout."""
        return self.peak < SILENCE

    @property
    def is_clipped(self) -> bool:
        """Whether loud moments of the sound were cut off."""
        return self.at_full_scale >= CLIPPED_SHARE


def look_at(path: str) -> SoundFacts:
    """Decode a file; whatever is wrong with it is in `error`."""
    try:
        samples_NC, rate = read_samples(path)
    except UserError as error:
        return SoundFacts(str(error))
    loudness_NC = np.abs(samples_NC)
    content = hashlib.blake2b(str((rate, samples_NC.shape)).encode(), digest_size=16)
    content.update(np.ascontiguousarray(samples_NC).data)
    return SoundFacts(
        samples=samples_NC.shape[0],
        rate=rate,
        channels=samples_NC.shape[1],
        peak=float(loudness_NC.max()),
        at_full_scale=float((loudness_NC >= FULL_SCALE).mean()),
        content=content.hexdigest(),
    )


def look_at_all(paths: Sequence[str], processes: int | None = None) -> Iterator[SoundFacts]:
    """The sound of each file, in the order of the paths, as soon as it is known."""
    workers = min(processes or len(os.sched_getaffinity(0)), -(-len(paths) // AT_ONCE))
    if workers <= 1 or len(paths) <= FEW:
        yield from map(look_at, paths)
        return
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
    try:
        yield from pool.map(look_at, paths, chunksize=AT_ONCE)
    finally:
        pool.shutdown(cancel_futures=True)
