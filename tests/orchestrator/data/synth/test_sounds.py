"""How the recipes of the embedded data sound, measured on what they give."""

import numpy as np
import pytest
from scipy.signal import hilbert, welch

from orchestrator.data.synth.sounds import RATE, Sound, add_background, list_sounds, record, through_channel


@pytest.mark.parametrize("sound", list_sounds(86), ids=lambda sound: sound.name)
def test_every_recipe_sounds_at_every_length(sound: Sound) -> None:
    for seed, n in enumerate((13230, 7000, 44100)):
        samples = record([sound], n, np.random.default_rng(seed))
        assert samples.shape == (n,)
        assert np.isfinite(samples).all()
        assert 0.3 < np.sqrt(np.mean(samples**2)) < 2


def modulation(sound: Sound, seed: int) -> float:
    """Hz at which the level of a sound swings most."""
    samples = record([sound], 4 * RATE, np.random.default_rng(seed))
    level = np.abs(hilbert(samples)).reshape(-1, 441).mean(1)
    spectrum = np.abs(np.fft.rfft((level - level.mean()) * np.hanning(len(level)), 4096))
    return float(np.fft.rfftfreq(4096, 0.01)[spectrum.argmax()])


@pytest.mark.parametrize(
    ("family", "variant", "rate"),
    [("Tremolo", 0, 3.0), ("Tremolo", 1, 5.4), ("Pulse", 0, 12.0), ("Pulse", 1, 21.6)],
)
def test_the_level_swings_at_the_variants_rate(family: str, variant: int, rate: float) -> None:
    for seed in range(4):
        assert modulation(Sound(family, variant), seed) == pytest.approx(rate, rel=0.13)


@pytest.mark.parametrize(("variant", "sign"), [(0, 1), (1, -1)])
def test_sweeps_rise_or_fall(variant: int, sign: int) -> None:
    """Within a sweep the pitch moves on in one direction nearly all the time."""
    for seed in range(4):
        samples = record([Sound("Sweep", variant)], RATE, np.random.default_rng(seed))
        frames = np.abs(np.fft.rfft(samples.reshape(-1, 882) * np.hanning(882), 8192))
        steps = np.diff(frames.argmax(1))
        assert np.sign(np.median(steps[steps != 0])) == sign


def test_background_has_the_asked_level() -> None:
    rng = np.random.default_rng(0)
    samples = np.sin(np.arange(RATE) * 0.1)
    noise = add_background(samples, 10.0, rng) - samples
    assert 10 * np.log10(np.mean(samples**2) / np.mean(noise**2)) == pytest.approx(10, abs=1e-6)


def test_the_channel_weakens_low_and_high_tones() -> None:
    """Of three equal tones the middle one stays."""
    seconds = np.arange(RATE) / RATE
    tones = sum(np.sin(2 * np.pi * f * seconds) for f in (30, 1000, 18000))
    for seed in range(8):
        heard = np.abs(np.fft.rfft(through_channel(np.asarray(tones), np.random.default_rng(seed))))
        assert heard[30] < 0.5 * heard[1000]
        assert heard[18000] < 0.5 * heard[1000]


def test_several_sounds_overlap_in_part() -> None:
    """The second sound is heard at the end alone, the first at the start alone."""
    low, high = Sound("Hum", 0), Sound("Hiss", 11)
    samples = record([low, high], RATE, np.random.default_rng(1))
    share = [
        welch(part, RATE, nperseg=2048)[1][300:].sum() / welch(part, RATE, nperseg=2048)[1].sum()
        for part in (samples[: RATE // 8], samples[-RATE // 4 :])
    ]
    assert share[0] < 0.05 < 0.3 < share[1]


def test_sounds_are_listed_as_neighbours_of_each_family_in_turn() -> None:
    sounds = list_sounds(32)
    families = [sound.family for sound in sounds[:16:2]]
    assert len(set(families)) == 8
    for start, variants in ((0, (0, 1)), (16, (2, 3))):
        expected = [Sound(family, variant) for family in families for variant in variants]
        assert sounds[start : start + 16] == expected
    assert list_sounds(5) == sounds[:5]
    assert sounds[1].name == f"{families[0]}_2"


def test_a_recording_begins_and_ends_in_silence() -> None:
    for seed, sound in enumerate(list_sounds(16)):
        samples = record([sound], RATE, np.random.default_rng(seed))
        assert samples[0] == samples[-1] == 0


def test_odd_hums_lack_the_even_partials() -> None:
    """Their even partials are 0.05 as strong: the share of the power in these tells the variants apart."""
    shares = []
    for variant in (0, 1):
        samples = record([Sound("Hum", variant)], 4 * RATE, np.random.default_rng(2))
        f, power = welch(samples, RATE, nperseg=16384)
        pitch = f[power[f < 480].argmax()]
        bands = [power[abs(f - k * pitch) < 0.25 * pitch].sum() for k in range(1, 7)]
        shares.append(sum(bands[1::2]) / sum(bands))
    assert shares[1] < 0.05 < 0.1 < shares[0]
