"""librosa is the oracle: its trimming, its melspectrogram and its power_to_db."""

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.places import REAL_MINI
from trainable.config import Audio
from trainable.errors import UserError
from trainable.logmel import LogMel, trim

Samples = NDArray[np.float32]

SETTINGS = [
    Audio(),
    Audio(top_db=None, trim_db=None),
    Audio(sample_rate=22050, window=882, hop=441, n_fft=1024, n_mels=40, f_max=11025),
    Audio(sample_rate=16000, window=401, hop=160, n_fft=511, n_mels=23, f_min=0, f_max=7600, amin=1e-6),
    Audio(sample_rate=16000, window=256, hop=300, n_fft=512, n_mels=20, f_max=8000),
    Audio(spectrum="magnitude"),
    Audio(spectrum="magnitude", top_db=None, sample_rate=16000, window=401, n_fft=511, n_mels=23, f_max=7600),
]


def librosa_logmel(samples: Samples, audio: Audio) -> Samples:
    mel = librosa.feature.melspectrogram(
        y=samples, sr=audio.sample_rate, n_fft=audio.n_fft, hop_length=audio.hop, win_length=audio.window,
        window="hann", center=True, power=2 if audio.spectrum == "power" else 1, n_mels=audio.n_mels,
        fmin=audio.f_min, fmax=audio.f_max,
    )  # fmt: skip
    if audio.spectrum == "magnitude":
        decibel = librosa.amplitude_to_db(mel, ref=1.0, amin=audio.amin**0.5, top_db=audio.top_db)
        return np.asarray(decibel.T)
    return np.asarray(librosa.power_to_db(mel, ref=1.0, amin=audio.amin, top_db=audio.top_db).T)


def librosa_trim(samples: Samples, audio: Audio) -> Samples:
    assert audio.trim_db is not None
    trimmed, _ = librosa.effects.trim(
        samples, top_db=audio.trim_db, frame_length=audio.window, hop_length=audio.hop
    )
    return np.asarray(trimmed)


def noise(n: int, seed: int = 0, level: float = 0.1) -> Samples:
    return (np.random.default_rng(seed).standard_normal(n) * level).astype(np.float32)


def assert_like_librosa(samples: Samples, audio: Audio) -> None:
    ours, theirs = LogMel(audio)(samples), librosa_logmel(trim(samples, audio), audio)
    assert ours.shape == theirs.shape
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-3)


@pytest.mark.parametrize("audio", SETTINGS, ids=range(len(SETTINGS)))
@pytest.mark.parametrize("seconds", [0.3, 1.0, 3.7])
def test_noise(audio: Audio, seconds: float) -> None:
    assert_like_librosa(noise(int(audio.sample_rate * seconds)), audio)


WIDE = [*SETTINGS[:2], Audio(spectrum="magnitude", top_db=None, trim_db=None)]


@pytest.mark.parametrize("audio", WIDE, ids=["floor", "no floor", "magnitude"])
@pytest.mark.parametrize("hertz", [30, 100, 440, 5000, 17000])
@pytest.mark.parametrize("hiss", [0, 1e-5, 1e-3])
def test_wide_range_between_bands(audio: Audio, hertz: float, hiss: float) -> None:
    time = np.arange(audio.sample_rate) / audio.sample_rate
    tone = (0.9 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)
    assert_like_librosa(tone + noise(len(tone), level=hiss), audio)


def test_constant_offset_does_not_drown_the_bands() -> None:
    assert_like_librosa(noise(44100, level=1e-4) + np.float32(0.5), Audio(top_db=None))


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large:UserWarning")  # librosa's, not ours
@pytest.mark.parametrize("n", [1, 2, 100, 881, 882, 883, 1764, 2047])
def test_shorter_than_a_transform(n: int) -> None:
    assert_like_librosa(noise(n), Audio())


def test_real_recordings() -> None:
    if not REAL_MINI.is_dir():
        pytest.skip("the recordings for development are not here")
    for path in sorted(REAL_MINI.rglob("*.wav"))[::12]:
        assert_like_librosa(soundfile.read(path, dtype="float32")[0], Audio())
        assert_like_librosa(soundfile.read(path, dtype="float32")[0], Audio(spectrum="magnitude"))


def test_one_extractor_for_many_clips_forgets_each() -> None:
    logmel = LogMel(Audio())
    clips = [noise(n, seed=n) for n in (90_000, 30_000, 200_000, 500, 90_001)]
    kept = [logmel(clip) for clip in clips]
    for clip, before in zip(clips, kept, strict=True):
        np.testing.assert_array_equal(before, LogMel(Audio())(clip))


def test_read_only_samples_are_left_alone() -> None:
    samples = noise(44100)
    before = samples.copy()
    samples.setflags(write=False)
    LogMel(Audio())(samples)
    np.testing.assert_array_equal(samples, before)


@settings(deadline=None, max_examples=60)
@given(
    head=st.integers(0, 9000),
    middle=st.integers(1, 9000),
    tail=st.integers(0, 9000),
    quiet=st.sampled_from([0.0, 1e-2, 0.3, 10.0]),
    audio=st.sampled_from(SETTINGS),
)
def test_trims_as_librosa_does(head: int, middle: int, tail: int, quiet: float, audio: Audio) -> None:
    assume(audio.trim_db is not None)
    samples = noise(head + middle + tail, level=quiet)
    samples[head : head + middle] = noise(middle, seed=1, level=300)  # librosa has a floor: far above it
    expected = librosa_trim(samples, audio)
    assume(len(expected))
    np.testing.assert_array_equal(trim(samples, audio), expected)


def test_trimming_does_not_depend_on_the_level() -> None:
    samples = np.concatenate([np.zeros(44100, np.float32), noise(44100), np.zeros(44100, np.float32)])
    assert len(trim(samples, Audio())) == len(trim(samples * np.float32(1 / 4096), Audio())) < 47000


def test_no_trimming_where_it_is_off() -> None:
    samples = np.zeros(44100, np.float32)
    samples[22050] = 1
    assert len(trim(samples, Audio(trim_db=None))) == 44100


def test_silent_clip_is_kept_at_the_floor() -> None:
    frames = LogMel(Audio())(np.zeros(44100, np.float32))
    assert frames.shape == (51, 80)
    np.testing.assert_array_equal(frames, -100)


@pytest.mark.parametrize("position", [0, 300, 441])
def test_a_click_keeps_a_frame_wherever_it_is(position: int) -> None:
    samples = np.zeros(442, np.float32)
    samples[position] = 0.5
    for audio in SETTINGS:
        assert len(LogMel(audio)(samples)) >= 1


def test_frames_with_gaps_keep_a_sample() -> None:
    audio = Audio(sample_rate=16000, window=256, hop=300, n_fft=512, n_mels=20, f_max=8000)
    samples = np.zeros(600, np.float32)
    samples[-100:] = 0.5
    assert len(trim(samples, audio)) == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("audio", SETTINGS[:2], ids=["trimmed", "whole"])
def test_refuses_what_is_not_finite(value: float, audio: Audio) -> None:
    samples = noise(44100)
    samples[-1] = value
    with pytest.raises(UserError, match="not finite"):
        LogMel(audio)(samples)


def test_refuses_an_empty_clip() -> None:
    with pytest.raises(UserError, match="no samples"):
        LogMel(Audio())(np.zeros(0, np.float32))


def test_a_band_without_a_bin_is_refused() -> None:
    """The lowest of 256 bands to 8 kHz are 23 Hz wide; the bins are 31 Hz apart, then 16 Hz."""
    with pytest.raises(UserError, match=r"of the 256 mel bands have no bin .* raise audio.n_fft \(512\)"):
        LogMel(Audio(sample_rate=16000, window=400, n_fft=512, n_mels=256, f_min=0, f_max=8000))
    LogMel(Audio(sample_rate=16000, window=400, n_fft=1024, n_mels=256, f_min=0, f_max=8000))
