"""The embedded data: its layout, its counts, its known errors, and that it is made whole or not at all."""

import csv
import hashlib
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from pydantic import ValidationError
from scipy.signal import hilbert, welch

from orchestrator.dataset.clip_table import read_dataset
from orchestrator.dataset.layouts import DataSettings
from orchestrator.dataset.noise_truth import read_noise_truth
from orchestrator.synth import synthesize as synth
from orchestrator.synth.clip_plan import PART_PLANS, Clip, plan_clips
from orchestrator.synth.sounds import RATE, Sound, add_background, list_sounds, record, through_channel
from orchestrator.synth.synthesize import SynthSettings, synthesize

SMALL = SynthSettings(classes=5, verified=20, unverified=30, test=20, longest=1.0, seed=3)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("synth") / "new" / "data"
    synthesize(folder, SMALL)
    return folder


def files(folder: Path) -> dict[str, str]:
    """Hash of every file by its path."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def planned(seed: int = 0, wrong_rate: float = 0.4, classes: int = 12) -> list[Clip]:
    counts = {"verified": 200, "unverified": 400, "test": 200}
    return plan_clips(classes, counts, wrong_rate, np.random.default_rng(seed))


# --- files ---------------------------------------------------------------------------------------------


def test_the_reader_takes_it_for_the_real_layout(made: Path) -> None:
    table = read_dataset(made, DataSettings())
    assert table.layout == "zenodo"
    assert table.clips["part"].value_counts().to_dict() == {"unverified": 30, "verified": 20, "test": 20}
    assert len(table.vocabulary) == 5
    assert list(table.vocabulary) == sorted(table.vocabulary)
    assert table.clips["fname"].str.fullmatch("[0-9a-f]{8}.wav").all()
    test = table.clips[table.clips["part"] == "test"]  # in the order of the names
    assert test["usage"].tolist() == ["Public"] * 5 + ["Private"] * 15


def test_tables_look_like_the_real_ones(made: Path) -> None:
    meta = made / "FSDKaggle2019.meta"
    headers = {path.name: path.read_bytes().split(b"\r\n")[0].decode() for path in meta.glob("*_post_*")}
    assert headers == {
        "train_curated_post_competition.csv": "fname,labels,freesound_id,license",
        "train_noisy_post_competition.csv": "fname,labels,flickr_video_URL,license",
        "test_post_competition.csv": "fname,labels,usage,freesound_id,license",
    }
    vocabulary = (meta / "vocabulary.csv").read_text()
    assert not vocabulary.endswith("\n")
    assert [line[0] for line in csv.reader(vocabulary.splitlines())] == list("01234")


def test_recordings_are_pcm16_mono_of_all_lengths(made: Path) -> None:
    seconds = []
    for path in made.rglob("*.wav"):
        info = soundfile.info(path)
        assert (info.subtype, info.channels, info.samplerate, info.format) == ("PCM_16", 1, RATE, "WAV")
        samples, _ = soundfile.read(path, dtype="int16")
        assert len(samples) == info.frames
        assert 3000 < np.abs(samples.astype(int)).max() < 32767  # audible, not clipped
        seconds.append(info.duration)
    assert len(seconds) == 70
    assert 0.3 <= min(seconds) < 0.45
    assert 0.8 < max(seconds) <= 1.0


def test_some_recordings_have_silent_ends(made: Path) -> None:
    silent = 0
    for path in made.rglob("*.wav"):
        samples, _ = soundfile.read(path, dtype="int16")
        silent += not samples[:441].any() or not samples[-441:].any()
    assert 0.1 < silent / 70 < 0.4


def test_the_same_settings_give_the_same_bytes(made: Path, tmp_path: Path) -> None:
    synthesize(tmp_path / "again", SMALL)
    assert files(tmp_path / "again") == files(made)
    synthesize(tmp_path / "other", SMALL.model_copy(update={"seed": 4}))
    assert not set(files(tmp_path / "other").values()) & {h for n, h in files(made).items() if ".wav" in n}


def test_a_clip_depends_on_its_own_key_alone() -> None:
    clips = planned()
    one = synth.sound_of(clips[7], SMALL)
    synth.sound_of(clips[8], SMALL)
    np.testing.assert_array_equal(one, synth.sound_of(clips[7], SMALL))
    other_part = Clip("x.wav", "test", 7, clips[7].given, clips[7].sounds, "correct")
    assert not np.array_equal(one[:1000], synth.sound_of(other_part, SMALL)[:1000])


def test_known_errors_are_written_down(made: Path) -> None:
    truth = read_noise_truth(made, read_dataset(made, DataSettings()))
    assert truth is not None
    assert list(truth.columns) == ["fname", "given", "true", "kind"]
    table = pd.read_csv(made / "FSDKaggle2019.meta" / "train_noisy_post_competition.csv")
    assert truth["fname"].tolist() == table["fname"].tolist()
    assert truth["given"].tolist() == table["labels"].tolist()
    assert Counter(truth["kind"]) == {"correct": 18, "in_vocabulary": 6, "out_of_vocabulary": 6}


# --- made whole or not at all --------------------------------------------------------------------------


def test_the_same_again_does_nothing(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    synthesize(made, SMALL)
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    assert [path.name for path in made.parent.iterdir()] == ["data"]


def test_other_folders_are_left_alone(made: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="other settings"):
        synthesize(made, SMALL.model_copy(update={"seed": 9}))
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(ValueError, match="not empty"):
        synthesize(tmp_path, SMALL)
    with pytest.raises(ValueError, match="is a file"):
        synthesize(tmp_path / "mine.txt", SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_nothing_is_left_of_a_broken_attempt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(synth, "_write_tables", full_disk)
    with pytest.raises(OSError, match="no space"):
        synthesize(tmp_path / "data", SMALL)
    assert not list(tmp_path.iterdir())


def test_an_empty_folder_is_filled_and_a_faster_twin_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = SynthSettings(classes=2, verified=2, unverified=1, test=1, longest=0.5)
    (tmp_path / "data").mkdir()
    synthesize(tmp_path / "data", tiny)
    made = files(tmp_path / "data")
    monkeypatch.setattr(synth, "_check_free", lambda folder: None)
    answers = iter([False, True])  # not there before, there after
    monkeypatch.setattr(synth, "_is_made", lambda *_: next(answers))
    synthesize(tmp_path / "data", tiny)
    assert files(tmp_path / "data") == made
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("wrong", [{"classes": 1}, {"wrong_rate": 1.1}, {"verified": 0}, {"longest": 0.1}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SynthSettings.model_validate(wrong)


# --- which clips ---------------------------------------------------------------------------------------


def test_shares_of_labels_and_public_clips() -> None:
    clips = planned()
    for name, part in PART_PLANS.items():
        own = [clip for clip in clips if clip.part == name]
        sizes = Counter(len(clip.given) for clip in own)
        assert sizes[1] == round(part.one * len(own))
        assert sizes[2] == round(part.two * len(own))
        assert all(len(set(clip.given)) == len(clip.given) for clip in own)
    test = [clip for clip in clips if clip.part == "test"]
    assert np.mean([len(clip.given) for clip in test]) == pytest.approx(1.395, abs=0.01)  # section 4.1
    public = sum(clip.fields()["usage"] == "Public" for clip in test)
    assert public == 50
    assert len({clip.fname for clip in clips}) == len(clips)


def test_every_class_is_about_as_frequent() -> None:
    clips = planned()
    for name in PART_PLANS:
        first = Counter(clip.given[0].name for clip in clips if clip.part == name)
        assert len(first) == 12
        assert max(first.values()) - min(first.values()) <= 1


@pytest.mark.parametrize("classes", [2, 3, 12, 80])
def test_wrong_labels_are_exactly_as_many_as_asked(classes: int) -> None:
    vocabulary = {sound.name for sound in list_sounds(classes)}
    assert len(vocabulary) == classes
    clips = [clip for clip in planned(wrong_rate=0.3, classes=classes) if clip.part == "unverified"]
    kinds = Counter(clip.kind for clip in clips)
    assert kinds["in_vocabulary"] + kinds["out_of_vocabulary"] == 120
    assert kinds["in_vocabulary"] == 60 or classes < 4
    for clip in clips:
        given, heard = ({sound.name for sound in sounds} for sounds in (clip.given, clip.sounds))
        assert given <= vocabulary
        assert heard
        if clip.kind == "correct":
            assert clip.given == clip.sounds
        elif clip.kind == "in_vocabulary":
            assert heard <= vocabulary
            assert not heard & given
        else:
            assert not heard & vocabulary


def test_verified_and_test_labels_are_right() -> None:
    assert all(clip.given == clip.sounds for clip in planned(wrong_rate=1) if clip.part != "unverified")


# --- how they sound ------------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("variant", "rate"), [(0, 3.0), (1, 5.4)])
def test_tremolo_swells_at_its_variants_rate(variant: int, rate: float) -> None:
    for seed in range(4):
        assert modulation(Sound("Tremolo", variant), seed) == pytest.approx(rate, rel=0.13)


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
