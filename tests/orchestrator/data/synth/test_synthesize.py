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

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.folded import read_noise_truth
from orchestrator.data.layouts import DataSettings
from orchestrator.data.synth import synthesize as synth
from orchestrator.data.synth.clip_plan import Clip
from orchestrator.data.synth.sounds import RATE
from orchestrator.data.synth.synthesize import DamagedData, SynthSettings, synthesize
from tests.orchestrator.data.synth.test_clip_plan import planned

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


@pytest.mark.parametrize(
    "name", ["synth.json", "FSDKaggle2019.meta/vocabulary.csv", "FSDKaggle2019.audio_test"]
)
@pytest.mark.parametrize("fault", ["flipped", "cut", "gone"])
def test_damage_to_the_data_set_is_noticed(tmp_path: Path, name: str, fault: str) -> None:
    folder = tmp_path / "data"
    settings = SynthSettings(classes=2, verified=4, unverified=2, test=2, longest=0.5)
    synthesize(folder, settings)
    synthesize(folder, settings)
    path = folder / name if "." in name.rsplit("/")[-1][-5:] else next((folder / name).iterdir())
    data = path.read_bytes()
    if fault == "gone" and name != "synth.json":
        path.unlink()
    else:
        path.write_bytes(data[:-10] if fault == "cut" else data[:-3] + bytes([data[-3] ^ 1]) + data[-2:])
    with pytest.raises(DamagedData, match="is not what was written"):
        synthesize(folder, settings)
