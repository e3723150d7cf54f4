"""A data set with folds: which rows a fold trains on, and what its name depends on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.data.clip_table import ClipTable, read_dataset
from orchestrator.data.folded import FoldedDataset, open_dataset
from orchestrator.data.folds import assign_folds
from orchestrator.data.layouts import PARTS, DataSettings
from tests.orchestrator.data.small_sets import CLASSES, EXPECTED, THIRD, sounding, summary


def dataset(counts: list[int], folds: int = 2, first: str = "") -> FoldedDataset:
    """So many clips of each part; the verified ones take turns in the folds."""
    part = [name for name, count in zip(PARTS, counts, strict=True) for _ in range(count)]
    clips = {
        "fname": [f"{first}{row}.wav" for row in range(len(part))],
        "part": part,
        "labels": [(("a", "b")[row % 2],) for row in range(len(part))],
    }
    table = ClipTable(("a", "b"), pd.DataFrame(clips), (), "plain")
    return FoldedDataset(table, np.arange(counts[0]) % folds)


@given(st.lists(st.integers(0, 8), min_size=3, max_size=3), st.integers(1, 4))
def test_rows_of_a_fold_against_a_loop(counts: list[int], folds: int) -> None:
    data = dataset(counts, folds)
    for fold in range(folds):
        verified, unverified, validation, test = list[int](), list[int](), list[int](), list[int]()
        for row, part in enumerate(data.table.clips["part"]):
            if part == "unverified":
                unverified.append(row)
            elif part == "test":
                test.append(row)
            elif row % folds == fold:  # the verified clips come first
                validation.append(row)
            else:
                verified.append(row)
        rows = data.rows_of(fold)
        assert rows.training.verified.tolist() == verified
        assert rows.training.unverified.tolist() == unverified
        assert rows.validation.tolist() == validation
        assert rows.test.tolist() == test


def test_a_folder_is_read_and_split(tmp_path: Path) -> None:
    data = open_dataset(sounding(tmp_path), DataSettings(), 2, 0)
    expected = [*EXPECTED[:2], (THIRD[0], "verified", (THIRD[1],), ""), *EXPECTED[2:]]
    assert summary(data.table) == expected
    assert sorted(data.fold_of) in ([0, 0, 1], [0, 1, 1])
    for row, (_, _, labels, _) in enumerate(expected):
        assert isinstance(labels, tuple)
        assert data.targets[row].tolist() == [int(name in labels) for name in CLASSES]


def test_only_verified_clips_are_split_and_the_seed_says_how(tmp_path: Path) -> None:
    table = read_dataset(sounding(tmp_path), DataSettings(keep_bad=True))
    for seed in range(5):
        data = open_dataset(tmp_path, DataSettings(keep_bad=True), 4, seed)
        np.testing.assert_array_equal(data.fold_of, assign_folds(table.targets()[:4], 4, seed))
        assert sorted(data.fold_of) == [0, 1, 2, 3]


def test_the_id_of_the_data_changes_with_all_that_training_takes_from_them() -> None:
    data = dataset([4, 3, 2])
    clips = data.table.clips
    labels = [("b",), *clips["labels"][1:]]
    others = {
        "features": data.data_id("other"),
        "labels": replace(data, table=replace(data.table, clips=clips.assign(labels=labels))).data_id("f"),
        "folds": replace(data, fold_of=data.fold_of[::-1].copy()).data_id("f"),
        "names": dataset([4, 3, 2], first="x").data_id("f"),
        "classes": replace(data, table=replace(data.table, vocabulary=("b", "a"))).data_id("f"),
    }
    assert len({data.data_id("f"), *others.values()}) == 1 + len(others)


def test_the_id_of_the_data_is_the_same_wherever_they_lie(tmp_path: Path) -> None:
    ids = set()
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        ids.add(open_dataset(sounding(tmp_path / name), DataSettings(), 2, 0).data_id("f"))
    assert len(ids) == 1
