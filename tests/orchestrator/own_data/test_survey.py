"""Which table is which part's, told from names, then from sizes; what is needed where there is none."""

from pathlib import Path

import pytest

from orchestrator.own_data.survey import survey
from tests.orchestrator.data.small_sets import write_csv
from tests.orchestrator.own_data.faulty_set import healthy
from tests.orchestrator.own_data.own_sets import own_set
from trainable.errors import UserError


def problem(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        survey(folder)
    return str(caught.value)


@pytest.mark.parametrize(
    ("names", "parts", "guessed"),
    [
        (["good", "web"], {"verified": "good", "unverified": "web"}, set()),
        (["verified", "unverified"], {"verified": "verified", "unverified": "unverified"}, set()),
        (["train", "test"], {"verified": "train", "test": "test"}, set()),
        (["sounds"], {"verified": "sounds"}, {"verified"}),
        (["noisy"], {"verified": "noisy"}, {"verified"}),
        (["test"], {"verified": "test"}, {"verified"}),
        (["a", "b"], {"verified": "a", "unverified": "b"}, {"verified", "unverified"}),
        (["b", "eval"], {"verified": "b", "test": "eval"}, {"verified"}),
        (["deep/curated", "deep/raw"], {"verified": "deep/curated", "unverified": "deep/raw"}, set()),
    ],
)
def test_tables_are_told_apart(
    tmp_path: Path, names: list[str], parts: dict[str, str], guessed: set[str]
) -> None:
    """The second one is the larger."""
    found = survey(own_set(tmp_path, {name: 6 + 3 * number for number, name in enumerate(names)}))
    assert {part: table.folder for part, table in found.tables.items()} == parts
    assert {part: table.csv for part, table in found.tables.items()} == {
        part: f"{name}.csv" for part, name in parts.items()
    }
    assert found.guessed == guessed
    assert found.ignored == ()
    assert found.rate == 22050
    assert found.longest == pytest.approx(10000 / 22050)


def test_a_table_too_many_is_named(tmp_path: Path) -> None:
    found = survey(own_set(tmp_path, {"good": 6, "clean": 9}))
    assert found.tables["verified"].csv == "good.csv"
    assert {table.csv for table in found.tables.values()} | set(found.ignored) == {"good.csv", "clean.csv"}


def test_fsdkaggle2019_is_known(tmp_path: Path) -> None:
    found = survey(healthy(tmp_path))
    assert (found.layout, found.tables) == ("zenodo", {})
    assert found.clips == {"verified": 4, "unverified": 2, "test": 2}


def test_what_is_needed_is_said(tmp_path: Path) -> None:
    assert problem(tmp_path / "none") == f"{tmp_path / 'none'}: no such folder"
    assert "no sound files are here" in problem(tmp_path)
    own_set(tmp_path, {"good": 3}, header=("filename", "category"))
    assert "write one, such as\n  fname,labels" in problem(tmp_path)
    assert "good.csv begins with filename,category: the columns must be called fname and labels" in problem(
        tmp_path
    )
    write_csv(tmp_path / "good.csv", ("fname", "labels"), [("other.wav", "Bark")])
    assert "no table says what is to be heard" in problem(tmp_path)


def test_sounds_that_cannot_be_read_are_left_to_check(tmp_path: Path) -> None:
    folder = own_set(tmp_path, {"good": 3})
    (folder / "good" / "good-0.wav").write_bytes(b"")
    assert survey(folder).rate == 22050
    for path in (folder / "good").iterdir():
        path.write_bytes(b"")
    assert "`stagegrid check` says why" in problem(folder)
