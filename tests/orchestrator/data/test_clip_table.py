"""The reader on small folders made here, on the real tables, and on the real recordings."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import MultiLabelBinarizer

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.folded import read_noise_truth
from orchestrator.data.folds import assign_folds
from orchestrator.data.layouts import DataSettings
from tests.orchestrator.data.small_sets import (
    CLASSES,
    EXPECTED,
    UNVERIFIED,
    problem,
    summary,
    write_csv,
    zenodo,
)
from tests.places import META, REAL_MINI

real_meta = pytest.mark.skipif(not META.exists(), reason="the real tables are not beside the checkout")
real_mini = pytest.mark.skipif(not REAL_MINI.exists(), reason="the recordings are not beside the checkout")


# --- layouts -------------------------------------------------------------------------------------------


def test_the_zenodo_layout(tmp_path: Path) -> None:
    table = read_dataset(zenodo(tmp_path), DataSettings())
    assert summary(table) == EXPECTED
    assert (table.layout, table.vocabulary, table.dropped) == ("zenodo", CLASSES, ("f76181c4.wav",))
    assert all(Path(path).is_file() for path in table.clips["path"])
    assert list(table.clips.index) == list(range(6))
    truth = [[1, 1, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 0]]
    np.testing.assert_array_equal(table.targets(), truth)
    assert table.targets().dtype == np.uint8


def test_bad_clips_can_be_kept_and_need_no_file_when_dropped(tmp_path: Path) -> None:
    folder = zenodo(tmp_path)
    assert len(read_dataset(folder, DataSettings(keep_bad=True)).clips) == 7
    (folder / "FSDKaggle2019.audio_train_curated" / "f76181c4.wav").unlink()
    assert read_dataset(folder, DataSettings()).dropped == ("f76181c4.wav",)
    assert "f76181c4.wav is missing" in problem(folder, DataSettings(keep_bad=True))


# --- what is refused -----------------------------------------------------------------------------------

TABLE = "FSDKaggle2019.meta/train_noisy_post_competition.csv"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (("e.wav", "Barc"), "unknown label Barc, did you mean Bark?"),
        (("e.wav", ""), "empty label"),
        (("e.wav", "Bark,,Accordion"), "empty label"),
        (("e.wav", "Bark,Bark"), "label twice"),
        (("e.wav", "Bark", "Accordion"), "in quotes"),
        (("d.wav", "Bark"), "d.wav is in train_noisy_post_competition.csv, line 2"),
        (("a.wav", "Bark"), "a.wav is in train_curated_post_competition.csv, line 3"),
        (("", "Bark"), "file name is empty"),
        (("gone.wav", "Bark"), "gone.wav is missing"),
    ],
)
def test_a_wrong_row_is_named_with_file_and_line(
    tmp_path: Path, row: tuple[str, ...], complaint: str
) -> None:
    folder = zenodo(tmp_path)
    write_csv(folder / TABLE, ("fname", "labels"), [*UNVERIFIED, row])
    if row[0] and row[0] != "gone.wav":
        (folder / "FSDKaggle2019.audio_train_noisy" / row[0]).touch()
    if not row[0]:
        with pytest.raises(ValueError, match=complaint):
            read_dataset(folder, DataSettings(), check_audio=False)
        return
    message = problem(folder)
    assert complaint in message
    assert f"{folder / TABLE}, line 4: " in message


def test_one_message_tells_ten_problems(tmp_path: Path) -> None:
    folder = zenodo(tmp_path)
    write_csv(folder / TABLE, ("fname", "labels"), [(f"{i}.wav", "Bark") for i in range(20, 35)])
    lines = problem(folder).splitlines()
    assert len(lines) == 11
    assert lines[9].startswith(f"{folder / TABLE}, line 11: ")
    assert lines[10] == "... and 5 more"


@pytest.mark.parametrize("name", ["FSDKaggle2019.audio_test", "FSDKaggle2019.meta/vocabulary.csv", TABLE])
def test_a_missing_table_or_folder_is_named(tmp_path: Path, name: str) -> None:
    folder = zenodo(tmp_path)
    (folder / name).rename(folder / "elsewhere")
    assert str(folder / name) in problem(folder)


# --- the real data set ---------------------------------------------------------------------------------


def real_zenodo(folder: Path) -> Path:
    """The real tables where the Zenodo layout has them, without the recordings."""
    (folder / "FSDKaggle2019.meta").symlink_to(META)
    return folder


def real_kaggle(folder: Path) -> Path:
    """The Kaggle form of the real tables, its rows in another order."""
    for name in ("train_curated", "train_noisy"):
        table = pd.read_csv(META / f"{name}_post_competition.csv")[["fname", "labels"]]
        table.sort_values("labels").to_csv(folder / f"{name}.csv", index=False)
    classes = [line.split(",")[1] for line in (META / "vocabulary.csv").read_text().splitlines()]
    test = pd.read_csv(META / "test_post_competition.csv")["fname"]
    write_csv(folder / "sample_submission.csv", ("fname", *classes), ((f, *"0" * 80) for f in test))
    return folder


@real_meta
def test_the_real_test_parts_and_bad_clips(tmp_path: Path) -> None:
    table = read_dataset(real_zenodo(tmp_path), DataSettings(), check_audio=False)
    bad = ("1d44b0bd", "6a1f682a", "7752cc8a", "77b925c2", "c7db12aa", "f76181c4")
    assert table.dropped == tuple(f"{name}.wav" for name in bad)
    assert (table.clips["part"] == "verified").sum() == 4964
    y_NC = table.targets()
    for usage, clips, labels, single in (("Public", 1120, 1571, 794), ("Private", 3361, 4679, 2401)):
        own = y_NC[(table.clips["usage"] == usage).to_numpy()]
        assert (len(own), int(own.sum()), int((own.sum(1) == 1).sum())) == (clips, labels, single)
    oracle = MultiLabelBinarizer(classes=table.vocabulary).fit_transform(table.clips["labels"])
    np.testing.assert_array_equal(y_NC, oracle)


@real_meta
def test_both_layouts_give_the_same_clips_and_folds(tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    (tmp_path / "k").mkdir()
    ours = read_dataset(real_zenodo(tmp_path / "z"), DataSettings(), check_audio=False)
    theirs = read_dataset(real_kaggle(tmp_path / "k"), DataSettings(), check_audio=False)
    assert theirs.layout == "kaggle"
    assert theirs.vocabulary == ours.vocabulary
    for column in ("fname", "part", "usage"):  # usage is known from the names
        assert theirs.clips[column].tolist() == ours.clips[column].tolist()
    verified = (ours.clips["part"] == "verified").to_numpy()
    one, other = (assign_folds(table.targets()[verified], 4, 0) for table in (ours, theirs))
    np.testing.assert_array_equal(one, other)


@real_mini
def test_the_real_recordings() -> None:
    table = read_dataset(REAL_MINI, DataSettings())
    assert table.clips["part"].value_counts().to_dict() == {"unverified": 150, "verified": 120, "test": 75}
    assert len(table.vocabulary) == 25
    truth = read_noise_truth(REAL_MINI, table)
    assert truth is not None
    assert (truth["given"] != truth["true"]).sum() == 73
    unverified = table.clips[table.clips["part"] == "unverified"].set_index("fname")["labels"]
    assert (truth.set_index("fname")["given"].str.split(",").map(tuple) == unverified).all()


def test_a_data_set_without_known_errors(tmp_path: Path) -> None:
    assert read_noise_truth(tmp_path, read_dataset(zenodo(tmp_path), DataSettings())) is None
