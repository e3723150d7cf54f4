"""What is wrong with a data set is named with file and line, or said, before anything long begins."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from orchestrator.data.folded import BadClips, FoldedDataset, open_dataset
from orchestrator.data.layouts import DataSettings, PlainSettings
from tests.orchestrator.data.small_sets import CLASSES, VERIFIED, sounding, write_csv
from trainable.errors import UserError

META = "FSDKaggle2019.meta"
TABLE = f"{META}/train_noisy_post_competition.csv"
TRUTH = "FSDKaggle2019.doc/noise_truth.csv"


def opened(folder: Path, **settings: object) -> FoldedDataset:
    return open_dataset(folder, DataSettings.model_validate(settings), folds=2, fold_seed=0)


def problem(folder: Path, **settings: object) -> str:
    with pytest.raises(UserError) as caught:
        opened(folder, **settings)
    return str(caught.value)


# --- tables --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name,labels\n", "line 1: the columns must include fname, labels"),
        ("", "line 1: the columns must include fname, labels"),
        ("fname,labels,labels\nc.wav,Bark,Bark\n", "line 1: two columns are called labels"),
        ("fname,labels\nc.wav,Bark\n\nd.wav,Bark\n", "line 3: the line is blank: remove it"),
        ("fname,labels\nc.wav,Bark\n , \n", "line 3: the line is blank: remove it"),
        ("fname,labels\nc.wav\n", "line 2: 1 values where there are 2 columns"),
        ("fname,labels\nc.wav,Bark,Accordion\n", "line 2: more values than columns: put labels"),
        ('fname,labels\nc.wav,"Bark\nd.wav,Bark\n', "line 3: not a CSV file"),
        ("fname,labels\nc.wav,B\x00ark\n", "c.wav has the unknown label"),
        ("fname,labels\n../c.wav,Bark\n", "../c.wav is missing"),
        (
            "fname,labels,usage\nc.wav,Bark,private\n",
            "line 2: the usage private is neither Public nor Private",
        ),
        (f"fname,labels\nc.wav,{100_000 * 'x'}\n", "unknown label xxx"),
        (f"fname,labels\nc.wav,{200_000 * 'x'}\n", "line 2: not a CSV file (field larger than field limit"),
    ],
)
def test_a_malformed_table_is_named_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    (sounding(tmp_path) / TABLE).write_text(text)
    message = problem(tmp_path)
    assert complaint in message
    assert message.startswith(f"{tmp_path / TABLE}, line ")
    assert len(message) < 1000


def test_bytes_that_are_no_text_are_named_with_their_line(tmp_path: Path) -> None:
    (sounding(tmp_path) / TABLE).write_bytes(b"fname,labels\nc.wav,Bark\nd.wav,B\xffark\n")
    assert problem(tmp_path) == f"{tmp_path / TABLE}, line 3: not a CSV file in UTF-8: save it as such"
    (sounding(tmp_path) / META / "vocabulary.csv").write_bytes(b"0,Bark\n1,\xe9\n")
    assert "vocabulary.csv, line 2: not a CSV file in UTF-8" in problem(tmp_path)


@pytest.mark.parametrize("name", [TABLE, f"{META}/vocabulary.csv", TRUTH])
@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a device"])
def test_what_is_no_file_is_refused_in_place_of_a_table(tmp_path: Path, name: str, kind: str) -> None:
    path = sounding(tmp_path) / name
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert f"{path} is {kind}, not a file" in problem(tmp_path)


def test_a_file_in_place_of_the_clips_folder_is_refused(tmp_path: Path) -> None:
    folder = sounding(tmp_path) / "FSDKaggle2019.audio_test"
    folder.rename(tmp_path / "elsewhere")
    folder.touch()
    assert f"{folder} is no folder: it must hold the files of test_post_competition.csv" in problem(tmp_path)


def test_a_class_without_verified_clips_is_refused(tmp_path: Path) -> None:
    table = sounding(tmp_path) / META / "train_curated_post_competition.csv"
    write_csv(table, ("fname", "labels"), VERIFIED)
    assert "1 of 3 classes have no verified clip, so nothing can be learned" in problem(tmp_path)
    assert "Zipper_(clothing): add clips or take them out of the vocabulary" in problem(tmp_path)


def test_fewer_verified_clips_than_folds_are_refused_and_thin_classes_known(tmp_path: Path) -> None:
    dataset = opened(sounding(tmp_path))
    assert dataset.thin_classes == {"Accordion": 1, "Zipper_(clothing)": 1}
    with pytest.raises(UserError, match="3 verified clips cannot fill 4 folds: lower folds"):
        open_dataset(tmp_path, DataSettings(), folds=4, fold_seed=0)
    assert problem(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: no such folder"


@pytest.mark.parametrize("form", ["no table", "header alone"])
def test_no_test_clips_are_no_problem(tmp_path: Path, form: str) -> None:
    sounding(tmp_path)
    if form == "header alone":
        (tmp_path / META / "test_post_competition.csv").write_text("fname,labels,usage\n")
        dataset = opened(tmp_path)
    else:
        plain = PlainSettings(
            verified_csv=f"{META}/train_curated_post_competition.csv",
            verified_folder="FSDKaggle2019.audio_train_curated",
        )
        dataset = opened(tmp_path, plain=plain)
    assert "test" not in set(dataset.table.clips["part"])
    assert len(dataset.rows_of(0).test) == 0


# --- noise_truth.csv -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["fname,given,true"], "line 1: the columns must include fname, given, true, kind"),
        (["fname,given,true,kind", "e.wav,Bark,Bark,correct"], "line 2: e.wav is no unverified clip"),
        (["fname,given,true,kind", "a.wav,Bark,Bark,correct"], "line 2: a.wav is no unverified clip"),
        (["fname,given,true,kind", *2 * ["c.wav,Bark,Bark,correct"]], "line 3: c.wav is there twice"),
        (["fname,given,true,kind", "", "c.wav,Bark,Bark,correct"], "line 2: the line is blank"),
        (["fname,given,true,kind", "c.wav,\udcff,Bark,correct"], "line 2: not a CSV file in UTF-8"),
    ],
)
def test_a_malformed_list_of_label_errors_is_named(
    tmp_path: Path, lines: Sequence[str], complaint: str
) -> None:
    (sounding(tmp_path) / TRUTH).parent.mkdir()
    (tmp_path / TRUTH).write_bytes("\n".join(lines).encode(errors="surrogateescape"))
    assert f"{tmp_path / TRUTH}, {complaint}" in problem(tmp_path)


# --- bad clips -----------------------------------------------------------------------------------------


def damage(folder: Path, names: Iterable[str]) -> None:
    for name in names:
        (path,) = folder.glob(f"FSDKaggle2019.audio_*/{name}")
        path.write_bytes(path.read_bytes()[:-100])


def test_bad_clips_stop_with_the_first_ones_named_and_what_to_do(tmp_path: Path) -> None:
    damage(sounding(tmp_path), ["c.wav", "9.wav"])
    with pytest.raises(BadClips) as caught:
        opened(tmp_path)
    assert list(caught.value.reasons) == ["c.wav", "9.wav"]
    first, *files, hint = str(caught.value).splitlines()
    assert first == "2 of 7 clips cannot be used:"
    assert [line.partition(": cannot be read (")[0].rpartition("/")[2] for line in files] == [
        "c.wav",
        "9.wav",
    ]
    assert hint == "with --set data.bad_clips=skip they are left out"


def test_skipped_clips_are_nowhere_and_named_with_their_reason(tmp_path: Path) -> None:
    whole = opened(sounding(tmp_path))
    damage(tmp_path, ["9.wav", "c.wav"])
    (tmp_path / TRUTH).parent.mkdir()
    (tmp_path / TRUTH).write_text("fname,given,true,kind\nc.wav,Bark,Bark,correct\n")
    dataset = opened(tmp_path, bad_clips="skip")
    clips = dataset.table.clips
    assert list(dataset.table.skipped) == ["9.wav", "c.wav"]
    assert "header claims" in dataset.table.skipped["c.wav"]
    assert clips["fname"].tolist() == ["a.wav", "b.wav", "third.wav", "d.wav", "1.wav"]
    assert clips.index.tolist() == list(range(5))
    assert dataset.targets.shape == (5, len(CLASSES))
    assert dataset.rows_of(0).test.tolist() == [4]
    assert dataset.data_id("f") != whole.data_id("f")
    assert dataset.data_id("f") == opened(tmp_path, bad_clips="skip").data_id("f")


def test_a_class_whose_verified_clips_are_all_bad_is_refused(tmp_path: Path) -> None:
    damage(sounding(tmp_path), ["third.wav"])
    assert "have no verified clip" in problem(tmp_path, bad_clips="skip")
