"""Files of scores, read back by other programs."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from orchestrator.tagging.outputs import file_place, write_csv, write_json
from orchestrator.tagging.predict import Predictions
from orchestrator.tagging.tag import Bad, Tagged
from trainable.errors import UserError

VOCABULARY = ("Bark", 'Bass, "deep"', "[red]Meow")
SHORT = Tagged('a, "b".wav', ((0.0, 1.5),), np.array([[0.1, 1e-9, 1.0]], np.float32))
LONG = Tagged("long.wav", ((0.0, 2.0), (1.0, 3.0)), np.array([[0.2, 0, 0.3], [0.1, 0.5, 0.4]], np.float32))
DONE = Predictions((SHORT, LONG), (Bad("x.wav", "x.wav: cut off"),))


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
    write_csv(str(tmp_path / "x.csv"), VOCABULARY, Predictions((), ()))
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 1


def test_a_place_must_name_a_file(tmp_path: Path) -> None:
    for place in ("", f"{tmp_path}/", str(tmp_path), "s3://bucket"):
        with pytest.raises(UserError, match="is no name of a file"):
            file_place(place)
    assert file_place(str(tmp_path / "x.csv"))[1] == "x.csv"
