"""Finding recordings, and cutting long ones."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from orchestrator.data.sound_files import read_audio
from orchestrator.tagging.recordings import find_recordings, pieces, stamps
from trainable.errors import UserError

RATE = 8000


def sound(path: Path, seconds: float, rate: int = RATE, channels: int = 1) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(0).normal(0, 0.1, (int(seconds * rate), channels))
    soundfile.write(path, samples, rate)
    return str(path)


def test_files_folders_globs_and_a_list_name_recordings_once(tmp_path: Path) -> None:
    a, b = sound(tmp_path / "x/a.wav", 0.1), sound(tmp_path / "x/deep/b.FLAC", 0.1)
    c, d = sound(tmp_path / "y/c.ogg", 0.1), sound(tmp_path / "y/d.mp3", 0.1)
    (tmp_path / "x/notes.txt").write_text("no sound")
    (tmp_path / "x/.hidden.wav").write_bytes(b"")
    assert find_recordings([str(tmp_path / "x")]) == [a, b]
    assert find_recordings([str(tmp_path / "y/*")]) == [c, d]
    assert find_recordings([str(tmp_path / "?")]) == [a, b, c, d]
    assert find_recordings(["-", a], [f"{c}\n", "\n", f"{a}\r\n", d]) == [c, a, d]


def test_a_name_with_brackets_is_a_file_where_there_is_one(tmp_path: Path) -> None:
    path = sound(tmp_path / "take [1].wav", 0.1)
    assert find_recordings([path]) == [path]


def test_a_missing_file_stays_a_recording_but_nothing_at_all_is_refused(tmp_path: Path) -> None:
    assert find_recordings(["gone.wav"]) == ["gone.wav"]
    for nothing in (["-"], [str(tmp_path)], [str(tmp_path / "*.wav")]):
        with pytest.raises(UserError, match=r"no recording|no sound file|no file has such a name"):
            find_recordings(nothing)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
def test_a_short_recording_is_one_clip_as_training_reads_it(tmp_path: Path, suffix: str) -> None:
    path = sound(tmp_path / f"x.{suffix}", 1.0)
    (piece,) = pieces(path, RATE, window=0.2)
    assert (piece.samples == read_audio(path, RATE)).all()
    assert piece.start == 0
    assert piece.end == pytest.approx(1.0, abs=0.2)


def test_a_long_one_is_cut_into_windows_that_overlap_by_half(tmp_path: Path) -> None:
    path = sound(tmp_path / "x.wav", 33.0)
    whole = read_audio(path, RATE)
    cut = list(pieces(path, RATE, window=10.0))
    assert [(piece.start, piece.end) for piece in cut] == [(5.0 * k, min(5.0 * k + 10, 33)) for k in range(6)]
    for piece in cut:
        np.testing.assert_array_equal(piece.samples, whole[int(piece.start * RATE) : int(piece.end * RATE)])


@pytest.mark.parametrize("seconds", [30.001, 35.0, 40.0, 44.999])
def test_every_sample_of_a_long_recording_is_heard(tmp_path: Path, seconds: float) -> None:
    path = sound(tmp_path / "x.wav", seconds)
    cut = list(pieces(path, RATE, window=10.0))
    assert cut[-1].end == pytest.approx(seconds, abs=1e-3)
    assert all(after.start < before.end for before, after in pairwise(cut))


def test_windows_are_mono_and_at_the_models_rate(tmp_path: Path) -> None:
    path = sound(tmp_path / "x.wav", 31.0, rate=16000, channels=2)
    cut = list(pieces(path, RATE, window=10.0))
    assert len(cut[0].samples) == 10 * RATE
    assert cut[0].samples.ndim == 1


def test_longer_than_a_clip_may_be_is_no_fault_here(tmp_path: Path) -> None:
    """Ten minutes are the most that training reads."""
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros(601 * 4000, np.int16), 4000)
    assert len(list(pieces(str(path), 4000, window=300.0))) == 4


def test_a_long_file_that_ends_early_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.flac"
    sound(path, 60.0)
    path.write_bytes(path.read_bytes()[:200_000])
    with pytest.raises(UserError, match=r"x\.flac: cannot be read"):
        list(pieces(str(path), RATE, window=10.0))


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = sound(tmp_path / "x.wav", 0.1)
    before = stamps([path, "gone.wav"])
    sound(tmp_path / "x.wav", 0.2)
    assert before["gone.wav"] == ""
    assert stamps([path])[path] != before[path]
