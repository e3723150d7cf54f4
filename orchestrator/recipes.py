"""The sounds of the embedded data set: every class has a recipe of its own, every clip its own draw of it.

A class is a family of sounds and a register in it (slow or fast, low or high, up or down), so that neighbours
are alike enough to be confused. All functions return `count` samples in [-1, 1] at RATE Hz.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.signal import sosfilt

RATE = 44100
"""Hz."""
Wave = NDArray[np.float64]
Recipe = Callable[[np.random.Generator, int, float], Wave]
"""(generator, samples, register in [0, 1]) -> samples."""


def _time(count: int) -> Wave:
    return np.arange(count) / RATE


def _between(
    low: float, high: float, register: float, rng: np.random.Generator, jitter: float = 0.12
) -> float:
    """A value on the logarithmic scale from low to high, near the class's place on it."""
    return float(low * (high / low) ** np.clip(register + rng.normal(0, jitter), -0.1, 1.1))


def _band(noise: Wave, centre: float, q: float) -> Wave:
    """Noise through a resonance at `centre` Hz."""
    w = 2 * np.pi * min(centre, 0.45 * RATE) / RATE
    alpha = np.sin(w) / (2 * q)
    sos = np.array([[alpha, 0, -alpha, 1 + alpha, -2 * np.cos(w), 1 - alpha]])
    sos /= sos[0, 3]
    filtered: Wave = sosfilt(sos, noise)
    return filtered


def tone(rng: np.random.Generator, count: int, register: float) -> Wave:
    """A steady tone with a few harmonics."""
    pitch = _between(200, 3000, register, rng)
    phase = 2 * np.pi * pitch * _time(count)
    parts = [rng.uniform(0.2, 1) / k * np.sin(k * phase + rng.uniform(0, 6)) for k in range(1, 5)]
    return np.asarray(np.sum(parts, axis=0))


def sweep(rng: np.random.Generator, count: int, register: float) -> Wave:
    """A tone that glides: down in the lower half of the registers, up in the upper half; again and again."""
    low, high = rng.uniform(300, 900), rng.uniform(1500, 4000)
    period = rng.uniform(0.4, 0.9)
    place = (_time(count) / period + rng.uniform()) % 1
    place = place if register >= 0.5 else 1 - place
    return np.asarray(np.sin(2 * np.pi * np.cumsum(low * (high / low) ** place) / RATE))


def burst(rng: np.random.Generator, count: int, register: float) -> Wave:
    """Bursts of noise in a band, each dying away."""
    noise = _band(rng.normal(size=count), _between(400, 6000, register, rng), 2.0)
    gap, decay = rng.uniform(0.25, 0.6), rng.uniform(0.05, 0.15)
    return noise * np.exp(-((_time(count) + rng.uniform(0, gap)) % gap) / decay)


def pulses(rng: np.random.Generator, count: int, register: float) -> Wave:
    """A train of clicks through a resonance."""
    rate = _between(4, 40, register, rng)
    clicks = np.zeros(count)
    clicks[(np.arange(0, count / RATE, 1 / rate) * RATE).astype(int).clip(max=count - 1)] = 30
    return _band(clicks, rng.uniform(800, 3000), 6.0)


def tremolo(rng: np.random.Generator, count: int, register: float) -> Wave:
    """A tone whose loudness beats."""
    rate = _between(3, 25, register, rng)
    carrier = np.sin(2 * np.pi * rng.uniform(400, 2500) * _time(count))
    return np.asarray(carrier * (1 + np.sin(2 * np.pi * rate * _time(count) + rng.uniform(0, 6))) / 2)


def vibrato(rng: np.random.Generator, count: int, register: float) -> Wave:
    """A tone whose pitch swings."""
    rate, depth = _between(3, 20, register, rng), rng.uniform(0.1, 0.3)
    swing = 1 + depth * np.sin(2 * np.pi * rate * _time(count) + rng.uniform(0, 6))
    return np.asarray(np.sin(2 * np.pi * np.cumsum(rng.uniform(500, 2500) * swing) / RATE))


def hiss(rng: np.random.Generator, count: int, register: float) -> Wave:
    """A broad band of noise that swells and fades."""
    noise = _band(rng.normal(size=count), _between(500, 8000, register, rng), 0.7)
    return noise * (1.2 + np.sin(2 * np.pi * rng.uniform(0.3, 1.5) * _time(count)))


def chord(rng: np.random.Generator, count: int, register: float) -> Wave:
    """Three tones at once: close together in the lower registers, wide apart in the upper ones."""
    pitch, step = rng.uniform(250, 900), _between(1.1, 1.9, register, rng, 0.08)
    tones = [np.sin(2 * np.pi * pitch * step**k * _time(count)) for k in range(3)]
    return np.asarray(np.sum(tones, axis=0))


FAMILIES: tuple[Recipe, ...] = (tone, sweep, burst, pulses, tremolo, vibrato, hiss, chord)


def vocabulary(classes: int) -> list[str]:
    """Names of the classes, such as sweep_1: family and number of the register."""
    per_family = -(-classes // len(FAMILIES))
    names = [f"{family.__name__}_{number + 1}" for number in range(per_family) for family in FAMILIES]
    return names[:classes]


def sound(name: str, classes: int, rng: np.random.Generator, count: int) -> Wave:
    """A draw of class `name` of a vocabulary of `classes`, with a peak of 1."""
    family, _, number = name.rpartition("_")
    recipe = next(recipe for recipe in FAMILIES if recipe.__name__ == family)
    registers = sum(other.startswith(f"{family}_") for other in vocabulary(classes))
    wave = recipe(rng, count, (int(number) - 0.5) / registers)
    return np.asarray(wave / max(np.abs(wave).max(), 1e-9))


def stranger(rng: np.random.Generator, count: int) -> Wave:
    """A sound of no class: a crackle, a hum or a babble of random partials."""
    kind = rng.integers(3)
    if kind == 0:
        wave = np.where(rng.random(count) < 0.002, rng.normal(size=count), 0.0)
    elif kind == 1:
        wave = np.sign(np.sin(2 * np.pi * rng.uniform(45, 110) * _time(count)))
    else:
        pitches = rng.uniform(200, 6000, 8)
        wave = np.sum([np.sin(2 * np.pi * p * _time(count)) * rng.random() for p in pitches], axis=0)
    return np.asarray(wave / max(np.abs(wave).max(), 1e-9))
