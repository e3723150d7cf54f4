"""Acoustic recipes of the embedded data's classes, and how sounds become a recording (not in the paper).

Sounds of one family differ in one property alone (a rate, a direction, a timbre), and pitch, level and
background are drawn anew for every clip: so a class is learned from examples, not read off a spectrum.

Shapes: n samples at 44.1 kHz; K partials of a wave; E events (bursts, notes) in a sound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 44100
"""Samples in a second, as in FSDKaggle2019."""
BLOCK = RATE // 100
"""Clips are whole multiples of 10 ms: lengths of small factors are quick to transform."""
TABLE = 4096
"""Samples in one period of a stored wave."""


@dataclass(frozen=True)
class Sound:
    """One recipe: variants 0, 1, 2, ... of a family are neighbours."""

    family: str
    variant: int

    @property
    def name(self) -> str:
        """Name of the class that sounds like this."""
        return f"{self.family}_{self.variant + 1}"


def list_sounds(count: int) -> list[Sound]:
    """The first `count` sounds: two neighbours of each family, then the next two of each."""
    families = list(_FAMILIES)
    rounds = [divmod(i // 2, len(families)) for i in range(count)]
    return [Sound(families[f], 2 * turn + i % 2) for i, (turn, f) in enumerate(rounds)]


def record(sounds: Sequence[Sound], n: int, rng: Generator) -> Samples:
    """`sounds` in one recording that lasts `n` samples: one fills it, more of them overlap in part: (n,)."""
    mixed = np.zeros(n)
    for number, sound in enumerate(sounds):
        length, start = _span(len(sounds), number, n, rng)
        samples = _FAMILIES[sound.family](sound.variant, length, rng) * _edges(length, rng)
        level = 10 ** (rng.uniform(-4, 4) / 20) / _rms(samples)
        mixed[start : start + length] += level * samples
    return mixed


def add_background(samples: Samples, snr_db: float, rng: Generator) -> Samples:
    """`samples` over noise that falls by 0 to 6 dB per octave, `snr_db` below them: (n,)."""
    noise = _noise(len(samples), _tilt(rng.uniform(0, 1)), rng)
    return samples + noise * (_rms(samples) / _rms(noise) / 10 ** (snr_db / 20))


def through_channel(samples: Samples, rng: Generator) -> Samples:
    """`samples` as a cheap camera records them: a band cut out, loud parts flattened, noise added: (n,)."""
    low, high = _log_uniform(60, 250, rng), _log_uniform(4000, 10000, rng)
    f = _frequencies(len(samples))
    gain = 1 / np.sqrt((1 + (low / f) ** 4) * (1 + (f / high) ** 4))
    filtered = np.fft.irfft(np.fft.rfft(samples) * gain, len(samples))
    drive = rng.uniform(0.1, 0.6) / _rms(filtered)
    return add_background(np.tanh(drive * filtered), rng.uniform(10, 25), rng)


# --- families: (variant, n, rng) -> (n,) ---------------------------------------------------------------


def _sweep(variant: int, n: int, rng: Generator) -> Samples:
    """Glides: even variants rise, odd ones fall; later ones span more octaves."""
    _, since, period = _events(n, _log_uniform(1.2, 3, rng), 0.1, rng)
    phase = np.minimum(since / period, 1)
    octaves = (0.8 + 0.6 * (variant // 2)) * (phase if variant % 2 == 0 else 1 - phase)
    return _tone(_log_uniform(300, 1500, rng) * 2**octaves, _partials(3, rng)) * np.sin(np.pi * phase) ** 0.5


def _tremolo(variant: int, n: int, rng: Generator) -> Samples:
    """A steady tone that swells at a rate of its variant."""
    swell = 1 + rng.uniform(0.6, 1) * np.sin(_phase(n, _rate(3, 1.8, variant, rng), rng))
    return _tone(np.full(n, _log_uniform(200, 2000, rng)), _partials(4, rng)) * swell


def _vibrato(variant: int, n: int, rng: Generator) -> Samples:
    """A tone whose pitch swings at a rate of its variant."""
    swing = rng.uniform(0.05, 0.12) * np.sin(_phase(n, _rate(3, 1.8, variant, rng), rng))
    return _tone(_log_uniform(300, 1500, rng) * 2**swing, _partials(4, rng))


def _burst(variant: int, n: int, rng: Generator) -> Samples:
    """Irregular bursts of noise, more of them in a second in later variants."""
    _, since, _ = _events(n, _rate(2.5, 1.8, variant, rng), 0.25, rng)
    centre = _log_uniform(500, 5000, rng)
    return _noise(n, _bump(centre, 1.0), rng) * _decay(since, rng.uniform(0.02, 0.06))


def _pulse(variant: int, n: int, rng: Generator) -> Samples:
    """A regular train of clicks that ring, faster in later variants."""
    rate = _rate(12, 1.8, variant, rng)
    since: Samples = (_seconds(n) + rng.random() / rate) % (1 / rate)
    ring = np.sin(since * (2 * np.pi * _log_uniform(600, 3500, rng)))
    return _decay(since, rng.uniform(0.003, 0.012)) * np.asarray(ring, np.float64)


def _hum(variant: int, n: int, rng: Generator) -> Samples:
    """A drifting tone: even variants have all partials, odd ones every second; later ones are brighter."""
    order = np.arange(1, 17)
    weights = order ** -(1.2 / (1 + variant // 2)) * rng.uniform(0.5, 1, 16)
    weights = weights * np.where((variant % 2 == 1) & (order % 2 == 0), 0.05, 1)
    drift = 2 ** (rng.uniform(0.01, 0.05) * np.sin(_phase(n, rng.uniform(0.3, 1), rng)))
    return _tone(_log_uniform(90, 450, rng) * drift, weights)


def _pluck(variant: int, n: int, rng: Generator) -> Samples:
    """Dying notes: even variants climb, odd ones descend; later ones in larger steps."""
    event, since, _ = _events(n, _log_uniform(3, 6, rng), 0.1, rng)
    step = (1 + variant // 2) * (2 if variant % 2 == 0 else -2)
    pitch = _log_uniform(400, 1000, rng) * 2 ** (step * (event % 6 - 2.5) / 12)
    return _tone(pitch, _partials(5, rng)) * _decay(since, rng.uniform(0.06, 0.2))


def _hiss(variant: int, n: int, rng: Generator) -> Samples:
    """Noise around a pitch of its variant that comes and goes slowly."""
    swell = 1 + 0.7 * np.sin(_phase(n, rng.uniform(0.3, 1.5), rng))
    return _noise(n, _bump(_rate(500, 1.35, variant, rng), rng.uniform(0.6, 1.2)), rng) * swell


_FAMILIES: dict[str, Callable[[int, int, Generator], Samples]] = {
    "Sweep": _sweep,
    "Tremolo": _tremolo,
    "Burst": _burst,
    "Vibrato": _vibrato,
    "Pulse": _pulse,
    "Hum": _hum,
    "Pluck": _pluck,
    "Hiss": _hiss,
}
"""In the order in which classes are taken from them; changing one changes the data: see synth.VERSION."""


# --- parts of sounds -----------------------------------------------------------------------------------


def _log_uniform(low: float, high: float, rng: Generator) -> float:
    return float(low * (high / low) ** rng.random())


def _rate(lowest: float, ratio: float, variant: int, rng: Generator) -> float:
    """Hz; the variant's own rate, up to a tenth off: the ratio keeps neighbours apart."""
    return float(lowest * ratio**variant * rng.uniform(0.9, 1.1))


def _phase(n: int, rate: float, rng: Generator) -> Samples:
    """Radians of a slow oscillation at `rate` Hz, from a random start: (n,)."""
    return _seconds(n) * (2 * np.pi * rate) + rng.uniform(0, 2 * np.pi)


def _seconds(n: int) -> Samples:
    """Time of each sample: (n,)."""
    return np.arange(n, dtype=np.float64) / RATE


def _partials(count: int, rng: Generator) -> Samples:
    """Random strengths of the first partials of a tone: (K,)."""
    return rng.uniform(0.2, 1, count) / np.arange(1, count + 1)


def _tone(pitch: Samples, weights: Samples) -> Samples:
    """A tone at `pitch` Hz (n,) with partials of these strengths (K,): (n,)."""
    turn = np.arange(TABLE) / TABLE
    table = np.sin(2 * np.pi * turn[:, None] * np.arange(1, len(weights) + 1)) @ weights
    position = np.cumsum(pitch * (TABLE / RATE)).astype(np.int64)
    return np.asarray(table[position % TABLE])


def _decay(since: Samples, seconds: float) -> Samples:
    """Share that is left after `since` seconds of a level that falls to 37 % in `seconds`: (n,)."""
    left: Samples = np.exp(-since / seconds)
    return left


def _rms(samples: Samples) -> float:
    return max(float(np.sqrt(np.mean(samples**2))), 1e-9)


def _events(n: int, rate: float, jitter: float, rng: Generator) -> tuple[NDArray[np.int64], Samples, Samples]:
    """Events about every 1 / `rate` seconds, the first one under way: number of the event at each sample,
    seconds since it began, seconds that it lasts: (n,) each."""
    most = int(n / RATE * rate * 2) + 4
    lasts_E = np.clip(1 + jitter * rng.standard_normal(most), 0.5, 2) / rate
    begins_E = np.cumsum(lasts_E) - lasts_E - rng.random() * lasts_E[0]
    seconds = _seconds(n)
    event = np.searchsorted(begins_E, seconds, side="right") - 1
    return event, seconds - begins_E[event], lasts_E[event]


def _frequencies(n: int) -> Samples:
    """Hz of the bins of n samples' transform, the first one not zero: (n // 2 + 1,)."""
    f: Samples = np.fft.rfftfreq(n, 1 / RATE).astype(np.float64)
    f[0] = f[1]
    return f


def _bump(centre: float, octaves: float) -> Callable[[Samples], Samples]:
    """A spectrum around `centre` Hz, `octaves` wide."""
    return lambda f: np.exp(-0.5 * (np.log2(f / centre) / (octaves / 2)) ** 2)


def _tilt(power: float) -> Callable[[Samples], Samples]:
    """A spectrum that falls by 6 dB per octave for a `power` of 1, from 100 Hz on."""
    return lambda f: np.maximum(f, 100.0) ** -power


def _noise(n: int, shape: Callable[[Samples], Samples], rng: Generator) -> Samples:
    """Noise whose spectrum has this shape: (n,)."""
    parts = rng.standard_normal((n // 2 + 1, 2)) * shape(_frequencies(n))[:, None]
    return np.fft.irfft(parts[:, 0] + 1j * parts[:, 1], n)


def _edges(n: int, rng: Generator) -> Samples:
    """An envelope: a rise of 5 to 80 ms, a fall of 10 to 200 ms, as far as they fit: (n,)."""
    rise, fall = (min(int(s * RATE), n // 3) for s in (rng.uniform(0.005, 0.08), rng.uniform(0.01, 0.2)))
    envelope = np.ones(n)
    envelope[:rise] = np.linspace(0, 1, rise)
    envelope[n - fall :] *= np.linspace(1, 0, fall)
    return envelope


def _span(count: int, number: int, n: int, rng: Generator) -> tuple[int, int]:
    """Length and start of one of `count` sounds in n samples: the first begins it, the last ends it."""
    if count == 1:
        return n, 0
    length = int(n * rng.uniform(0.45, 0.85))
    start = int((n - length) * number / (count - 1))
    return length, start
