"""Which tables and folders a data set has, told from its folder and its settings."""

from pathlib import Path

import pytest

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.layouts import DataSettings, PartFiles, PlainSettings, find_layout
from tests.orchestrator.data.small_sets import (
    CLASSES,
    EXPECTED,
    TEST,
    kaggle,
    problem,
    summary,
    write_csv,
    write_wavs,
    zenodo,
)
from trainable.errors import UserError


@pytest.mark.parametrize("nested", [False, True])
def test_the_kaggle_layout_has_no_test_labels(tmp_path: Path, nested: bool) -> None:
    table = read_dataset(kaggle(tmp_path, nested), DataSettings())
    usages = [("1.wav", "test", (), "Public"), ("9.wav", "test", (), "Private")]
    assert summary(table) == EXPECTED[:4] + usages
    assert (table.layout, table.vocabulary, table.dropped) == ("kaggle", CLASSES, ("f76181c4.wav",))
    assert all(Path(path).is_file() for path in table.clips["path"])
    assert not table.targets()[4:].any()


def test_an_empty_inner_folder_is_not_taken_for_the_files(tmp_path: Path) -> None:
    folder = kaggle(tmp_path)
    (folder / "test" / "test").mkdir()
    assert all(Path(path).is_file() for path in read_dataset(folder, DataSettings()).clips["path"])


@pytest.mark.parametrize("place", ["", "FSDKaggle2019.meta"])
def test_a_later_test_table_labels_a_kaggle_copy(tmp_path: Path, place: str) -> None:
    """Clips of the table that neither the submission nor the folder has are not in this copy."""
    folder = kaggle(tmp_path)
    elsewhere = ("7.wav", "Bark", "Public")
    write_csv(folder / place / "test_post_competition.csv", ("fname", "labels", "usage"), [elsewhere, *TEST])
    assert summary(read_dataset(folder, DataSettings())) == EXPECTED
    (folder / "test" / "7.wav").touch()
    assert len(read_dataset(folder, DataSettings()).clips) == 7
    (folder / "test" / "9.wav").unlink()
    assert "line 3: " in problem(folder, DataSettings())


def test_a_named_layout_is_taken_whatever_else_lies_there(tmp_path: Path) -> None:
    folder = kaggle(zenodo(tmp_path))
    assert read_dataset(folder, DataSettings(layout="zenodo")).layout == "zenodo"
    assert read_dataset(folder, DataSettings(layout="kaggle")).layout == "kaggle"


def test_the_plain_layout(tmp_path: Path) -> None:
    write_csv(tmp_path / "mine.csv", ("id", "labels", "fname"), [("1", "x, y", "1.wav"), ("2", "b", "0.wav")])
    write_wavs(tmp_path / "sounds", [("1.wav",), ("0.wav",), ("without a row.wav",)])
    plain = PlainSettings(verified_csv="mine.csv", verified_folder="sounds")
    table = read_dataset(tmp_path, DataSettings(plain=plain))
    assert table.vocabulary == ("b", "x", "y")
    assert summary(table) == [("0.wav", "verified", ("b",), ""), ("1.wav", "verified", ("x", "y"), "")]
    assert table.layout == "plain"
    (tmp_path / "classes.csv").write_text("0,y\n1,x\n2,b\n3,never\n")
    named = plain.model_copy(update={"vocabulary_csv": "classes.csv"})
    assert read_dataset(tmp_path, DataSettings(plain=named)).vocabulary == ("y", "x", "b", "never")


def test_one_half_of_a_plain_part_is_refused(tmp_path: Path) -> None:
    plain = PlainSettings(verified_csv="a.csv", verified_folder="a", test_csv="b.csv")
    assert "test_folder" in problem(tmp_path, DataSettings(plain=plain))
    assert "data.plain" in problem(tmp_path, DataSettings(layout="plain"))


def test_a_folder_of_no_known_layout_is_refused(tmp_path: Path) -> None:
    assert "plain" in problem(tmp_path)
    assert "no such folder" in problem(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "line"), [("0,Bark\n2,Meow", 2), ("Bark", 1), ("0,Bark\n1,Bark", 2), ("0,", 1)]
)
def test_a_malformed_vocabulary_is_refused(tmp_path: Path, content: str, line: int) -> None:
    folder = zenodo(tmp_path)
    (folder / "FSDKaggle2019.meta" / "vocabulary.csv").write_text(content)
    assert f"vocabulary.csv, line {line}: " in problem(folder)


@pytest.mark.parametrize("content", ["", "fname\n1.wav\n", "fname,Bark,Bark\n", "Bark,Meow\n"])
def test_a_malformed_submission_is_refused(tmp_path: Path, content: str) -> None:
    folder = kaggle(tmp_path)
    (folder / "sample_submission.csv").write_text(content)
    assert "sample_submission.csv, line 1: " in problem(folder)


def test_of_two_layouts_in_a_folder_kaggles_is_found(tmp_path: Path) -> None:
    """Zenodo's tables may lie beside for the labels of the test clips."""
    layout = find_layout(kaggle(zenodo(tmp_path)), DataSettings())
    assert layout.name == "kaggle"
    assert layout.sources[2].table == tmp_path / "FSDKaggle2019.meta" / "test_post_competition.csv"


def test_without_a_later_table_the_submission_lists_the_test_clips(tmp_path: Path) -> None:
    submission = find_layout(kaggle(tmp_path), DataSettings()).sources[2]
    assert submission == PartFiles(
        "test", tmp_path / "sample_submission.csv", tmp_path / "test", labelled=False
    )
    write_csv(tmp_path / "test_post_competition.csv", ("fname", "labels", "usage"), TEST)
    labelled = find_layout(tmp_path, DataSettings()).sources[2]
    assert labelled.labelled
    assert labelled.expected == frozenset(row[0] for row in TEST)


def test_plain_settings_are_enough_to_choose_the_plain_layout(tmp_path: Path) -> None:
    plain = PlainSettings(verified_csv="v.csv", verified_folder="v", test_csv="t.csv", test_folder="t")
    for settings in (DataSettings(plain=plain), DataSettings(layout="plain", plain=plain)):
        layout = find_layout(kaggle(tmp_path), settings)
        assert [(s.part, s.table, s.folder) for s in layout.sources] == [
            ("verified", tmp_path / "v.csv", tmp_path / "v"),
            ("test", tmp_path / "t.csv", tmp_path / "t"),
        ]
        assert layout.vocabulary is None
    assert find_layout(tmp_path, DataSettings(layout="kaggle", plain=plain)).name == "kaggle"


def test_a_byte_order_mark_is_passed_over_and_a_blank_line_is_not(tmp_path: Path) -> None:
    """Excel writes the one; the other may be a lost line."""
    folder = kaggle(zenodo(tmp_path))
    (folder / "FSDKaggle2019.meta" / "vocabulary.csv").write_bytes(b"\xef\xbb\xbf0,Bark\r\n1,Meow\r\n")
    (folder / "sample_submission.csv").write_bytes(b"\xef\xbb\xbffname,Bark\n1.wav,0\n")
    assert find_layout(folder, DataSettings(layout="zenodo")).vocabulary == ("Bark", "Meow")
    found = find_layout(folder, DataSettings(layout="kaggle"))
    assert found.vocabulary == ("Bark",)
    (folder / "FSDKaggle2019.meta" / "vocabulary.csv").write_bytes(b"0,Bark\n\n1,Meow\n")
    with pytest.raises(UserError, match=r"vocabulary\.csv, line 2: the line is blank"):
        find_layout(folder, DataSettings(layout="zenodo"))
