"""Files of scores, read back by other programs; a submission has its form's rows and columns."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestrator.tagging.outputs import (
    Form,
    read_form,
    store_and_name,
    write_csv,
    write_json,
    write_submission,
)
from orchestrator.tagging.predict import TaggingResults
from orchestrator.tagging.tag import Bad, Tagged
from trainable.errors import UserError

CLASSES = ("Bark", "Gong", "Meow")
VOCABULARY = ("Bark", 'Bass, "deep"', "[red]Meow")
SHORT = Tagged('a, "b".wav', ((0.0, 1.5),), np.array([[0.1, 1e-9, 1.0]], np.float32))
LONG = Tagged("long.wav", ((0.0, 2.0), (1.0, 3.0)), np.array([[0.2, 0, 0.3], [0.1, 0.5, 0.4]], np.float32))
DONE = TaggingResults((SHORT, LONG), (Bad("x.wav", "x.wav: cut off"),))


def test_a_csv_file_has_a_line_for_each_recording(tmp_path: Path) -> None:
    write_csv(str(tmp_path / "x.csv"), VOCABULARY, DONE)
    frame = pd.read_csv(tmp_path / "x.csv", dtype=dict.fromkeys(VOCABULARY, np.float32))
    assert list(frame.columns) == ["path", *VOCABULARY]
    assert list(frame["path"]) == ['a, "b".wav', "long.wav"]
    np.testing.assert_array_equal(frame[list(VOCABULARY)], np.stack([SHORT.scores_C, LONG.scores_C]))


def test_or_for_each_window(tmp_path: Path) -> None:
    write_csv(str(tmp_path / "x.csv"), VOCABULARY, DONE, windows=True)
    with (tmp_path / "x.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["path", "start", "end", *VOCABULARY]
    assert [line[:3] for line in lines[1:]] == [
        ['a, "b".wav', "0.0", "1.5"], ["long.wav", "0.0", "2.0"], ["long.wav", "1.0", "3.0"],
    ]  # fmt: skip


def test_a_json_file_names_classes_windows_and_what_was_bad(tmp_path: Path) -> None:
    write_json(str(tmp_path / "x.json"), "a/b", VOCABULARY, DONE)
    content = json.loads((tmp_path / "x.json").read_text())
    short, long = content["recordings"]
    assert content["system"] == "a/b"
    assert content["bad"] == {"x.wav": "x.wav: cut off"}
    assert short["windows"] == []
    assert short["scores"]["[red]Meow"] == 1.0
    assert long["seconds"] == 3.0
    assert [window["start"] for window in long["windows"]] == [0.0, 1.0]
    assert long["scores"]["Bark"] == pytest.approx(0.2)


def test_nothing_tagged_leaves_a_file_of_titles(tmp_path: Path) -> None:
    write_csv(str(tmp_path / "x.csv"), VOCABULARY, TaggingResults((), ()))
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 1


def test_a_place_must_name_a_file(tmp_path: Path) -> None:
    for place in ("", f"{tmp_path}/", str(tmp_path), "s3://bucket"):
        with pytest.raises(UserError, match="is no name of a file"):
            store_and_name(place)
    assert store_and_name(str(tmp_path / "x.csv"))[1] == "x.csv"


def kaggle(folder: Path, rows: list[str], classes: tuple[str, ...] = CLASSES, nested: bool = False) -> Path:
    """A copy of the competition's data: the form, and files in the place of clips."""
    test = folder / "test" / "test" if nested else folder / "test"
    test.mkdir(parents=True)
    for name in rows:
        (test / name).write_bytes(b"")
    with (folder / "sample_submission.csv").open("w") as file:
        csv.writer(file).writerows([["fname", *classes], *([name, *"0" * len(classes)] for name in rows)])
    return folder


def tagged(form: Form, seed: int = 0) -> TaggingResults:
    """Scores in another order than the form's."""
    scores = np.random.default_rng(seed).random((len(form.paths), 1, len(CLASSES)), np.float32)
    results = [Tagged(path, ((0.0, 1.0),), rows) for path, rows in zip(form.paths, scores, strict=True)]
    return TaggingResults(tuple(reversed(results)), ())


@pytest.mark.parametrize("nested", [False, True])
def test_rows_and_columns_are_those_of_the_form(tmp_path: Path, nested: bool) -> None:
    columns = ("Meow", "Bark", "Gong")
    data = kaggle(tmp_path / "data", ["c.wav", "a.wav", "b.wav"], columns, nested)
    form = read_form(data, CLASSES)
    done = tagged(form)
    write_submission(str(tmp_path / "s.csv"), form, CLASSES, done)
    frame = pd.read_csv(tmp_path / "s.csv", dtype=dict.fromkeys(columns, np.float32))
    assert list(frame.columns) == ["fname", *columns]
    assert list(frame["fname"]) == ["c.wav", "a.wav", "b.wav"]
    scores = {Path(one.path).name: one.scores_C for one in done.tagged}
    for row in frame.to_dict("records"):
        assert [row[name] for name in CLASSES] == scores[row["fname"]].tolist()


@pytest.mark.parametrize(
    ("rows", "which"),
    [
        (1120, " (the public test clips)"),
        (3361, " (the private test clips)"),
        (4481, " (all test clips)"),
        (3, ""),
    ],
)
def test_the_competitions_forms_are_known_by_their_size(tmp_path: Path, rows: int, which: str) -> None:
    names = [f"{number:08x}.wav" for number in range(rows)]
    form = read_form(kaggle(tmp_path / "data", names), CLASSES)
    write_submission(str(tmp_path / "s.csv"), form, CLASSES, tagged(form))
    frame = pd.read_csv(tmp_path / "s.csv")
    assert list(frame["fname"]) == names
    assert not frame.isna().any(axis=None)
    assert form.which == which


@pytest.mark.parametrize(
    ("rows", "classes", "message"),
    [
        (["a.wav"], ("Bark", "Meow"), "the form has no column for Gong"),
        (["a.wav"], (*CLASSES, "Moo"), "the model does not know Moo"),
        (["a.wav"], ("Bark", "Bark", "Gong"), "class Bark is there twice"),
        (["a.wav", "b.wav", "a.wav"], CLASSES, "names clips twice: a.wav"),
        ([], CLASSES, "names no clip"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(
    tmp_path: Path, rows: list[str], classes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        read_form(kaggle(tmp_path, rows, classes), CLASSES)


def test_a_row_without_a_clip_is_refused_by_name(tmp_path: Path) -> None:
    data = kaggle(tmp_path, ["a.wav", "b.wav"])
    (data / "test/b.wav").unlink()
    with pytest.raises(UserError, match=r"1 clips of .* are missing: .*b\.wav"):
        read_form(data, CLASSES)
    shutil.rmtree(data / "test")
    with pytest.raises(UserError, match="2 clips"):
        read_form(data, CLASSES)
    with pytest.raises(UserError, match=r"sample_submission\.csv is missing"):
        read_form(tmp_path / "nothing", CLASSES)


def test_a_row_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    data = kaggle(tmp_path, ["a.wav"])
    with (data / "sample_submission.csv").open("a") as file:
        file.write("../../etc/passwd,0,0,0\n")
    with pytest.raises(UserError, match="is no name of a clip"):
        read_form(data, CLASSES)


def test_a_score_that_is_no_number_is_never_written(tmp_path: Path) -> None:
    form = read_form(kaggle(tmp_path / "data", ["a.wav"]), CLASSES)
    broken = Tagged(form.paths[0], ((0.0, 1.0),), np.array([[0.5, np.nan, 0.5]], np.float32))
    with pytest.raises(AssertionError):
        write_submission(str(tmp_path / "s.csv"), form, CLASSES, TaggingResults((broken,), ()))
    assert not (tmp_path / "s.csv").exists()
