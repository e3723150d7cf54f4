"""What is odd without being wrong is told with its place, and is no fault."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.own_data.findings import Finding
from tests.orchestrator.own_data.faulty_set import META, healthy, noise, write
from tests.orchestrator.own_data.test_check import checked

CURATED, NOISY, TEST = (f"FSDKaggle2019.audio_{name}" for name in ("train_curated", "train_noisy", "test"))


def remarks(folder: Path, kind: str, *assignments: str) -> list[Finding]:
    check = checked(folder, *assignments)
    assert check.faults == ()
    return [finding for finding in check.findings if finding.kind == kind]


def test_equal_audio_in_two_parts_names_both_clips(tmp_path: Path) -> None:
    healthy(tmp_path)
    (tmp_path / TEST / "9.wav").write_bytes((tmp_path / CURATED / "a.wav").read_bytes())
    (remark,) = remarks(tmp_path, "equal audio in two parts")
    assert (Path(remark.path).name, remark.line) == ("9.wav", 2)
    assert (
        "9.wav (test) sounds like a.wav (verified; train_curated_post_competition.csv, line 3)" in remark.text
    )


def test_equal_audio_in_one_part_is_told_apart(tmp_path: Path) -> None:
    healthy(tmp_path)
    (tmp_path / CURATED / "b.wav").write_bytes((tmp_path / CURATED / "a.wav").read_bytes())
    assert len(remarks(tmp_path, "equal audio in one part")) == 1
    assert remarks(tmp_path, "equal audio in two parts") == []


def test_silent_clips_are_silent_and_not_equal(tmp_path: Path) -> None:
    healthy(tmp_path)
    for name in ("c.wav", "d.wav"):
        write(tmp_path / NOISY / name, np.zeros(500))
    assert len(remarks(tmp_path, "silent")) == 2
    assert remarks(tmp_path, "equal audio in one part") == []


def test_clipped_clips(tmp_path: Path) -> None:
    write(healthy(tmp_path) / NOISY / "c.wav", np.clip(4 * noise(0), -1, 1))
    (remark,) = remarks(tmp_path, "clipped")
    assert "c.wav has" in remark.text


def test_other_rates_and_long_clips_are_counted(tmp_path: Path) -> None:
    write(healthy(tmp_path) / NOISY / "c.wav", noise(0, 3 * 44100), 44100)
    (rate,) = remarks(tmp_path, "other rate")
    assert rate.text == "1 clips have 44100 Hz, audio.sample_rate is 22050"
    (long,) = remarks(tmp_path, "too long")
    assert long.text.startswith("1 clips are longer than the 2.6 s")
    assert remarks(tmp_path, "too long", "batches.clip_frames=100") == []


def test_sound_files_that_no_table_names(tmp_path: Path) -> None:
    write(healthy(tmp_path) / NOISY / "extra.WAV", noise(9))
    (tmp_path / NOISY / "notes.txt").touch()
    (remark,) = remarks(tmp_path, "no line")
    assert remark.text == f"{tmp_path / NOISY}: no table names 1 of its sound files, such as extra.WAV"


@pytest.mark.parametrize("keep", ["true", "false"])
def test_officially_bad_clips_are_named_where_they_are_left_out(tmp_path: Path, keep: str) -> None:
    assert len(remarks(healthy(tmp_path), "officially bad", f"data.keep_bad={keep}")) == (keep == "false")


def test_clips_with_a_neighbour_in_another_fold_are_counted(tmp_path: Path) -> None:
    """Three clips of one source in two folds; kept together there is nothing to tell."""
    path = healthy(tmp_path) / META / "train_curated_post_competition.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([f"{lines[0]},source", *(f"{line},day 1" for line in lines[1:])]))
    (remark,) = remarks(tmp_path, "torn source")
    verified = len(lines) - 1 - sum("f76181c4" in line for line in lines)
    assert remark.text == (
        f"{verified} of {verified} verified clips have one of the same source in another fold (column source)"
    )
    assert remarks(healthy(tmp_path / "without"), "torn source") == []
