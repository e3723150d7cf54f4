import re
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Entry
from orchestrator.stats.published import (
    TABLE_1,
    TABLE_2,
    TABLE_3,
    Published,
    difference_from_fsdkaggle2019,
)
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.places import META, SHARED_DATA

PAPER_TEXT = SHARED_DATA.parent / "paper.txt"
ROWS = {"sigmoid": "sigmoid", "sig-soft": "sigmoid_softmax", "sig-sparse": "sigmoid_sparsemax"}


def numbers_after(text: str, name: str) -> list[list[float]]:
    """Numbers of each table line that has a cell `name`."""
    lines = [line for line in text.splitlines() if re.search(rf"\t{name}\t|^{name}\t", line)]
    return [[float(n) for n in re.findall(r"\d\.\d{4}", line)] for line in lines]


@pytest.mark.skipif(not PAPER_TEXT.is_file(), reason="the paper's text is not here")
def test_the_numbers_are_the_papers() -> None:
    text = PAPER_TEXT.read_text()
    for short, name in ROWS.items():
        found = numbers_after(text, short)
        for split, line in zip(("cv", "private"), [line for line in found if len(line) == 3], strict=True):
            columns = ("verified_only", "top_k", "threshold")
            assert line == [TABLE_1[name, column, split] for column in columns]
        if name in TABLE_2:
            assert [line for line in found if len(line) == 5] == [list(TABLE_2[name])]
    systems = [
        numbers_after(text, name)[0]
        for name in (r"THUEE \[9\]", "Proposed", r"OUmed \[19\]", r"Ebbers \[20\]")
    ]
    assert systems == [[n for n in pair if n is not None] for pair in TABLE_3.values()]


def unfinished(folder: Path, numbers: Numbers, vocabulary: list[str]) -> Run:
    cell = ("sigmoid", "top_k")
    return make_fake_run(
        folder,
        activations=cell[:1],
        selections=cell[1:],
        numbers=numbers,
        vocabulary=vocabulary,
        missing={cell},
    )


@pytest.mark.skipif(not META.is_dir(), reason="the data set's tables are not here")
@pytest.mark.parametrize(
    ("verified", "test", "reason"),
    [
        (4970, 4481, ""),
        (4964, 4481, ""),
        (4964, 3361, ""),
        (4000, 4481, "it has 4000 verified clips, FSDKaggle2019 has 4970"),
        (4970, 100, "it has 100 test clips, FSDKaggle2019 has 4481"),
    ],
)
def test_the_data_set_is_known_by_vocabulary_and_counts(
    tmp_path: Path, verified: int, test: int, reason: str
) -> None:
    vocabulary = pd.read_csv(META / "vocabulary.csv", header=None)[1].tolist()
    run = unfinished(tmp_path, Numbers(verified=verified, unverified=19815, test=test), vocabulary)
    assert difference_from_fsdkaggle2019(run) == reason
    assert Published.beside(run).comparable == (not reason)


def test_another_vocabulary_is_another_data_set(tmp_path: Path) -> None:
    run = unfinished(tmp_path, Numbers(), [f"class_{c}" for c in range(80)])
    assert difference_from_fsdkaggle2019(run) == "its 80 classes are not those of FSDKaggle2019"


def test_numbers_stand_only_beside_the_same_data() -> None:
    entry = Entry("sigmoid_softmax", "threshold")
    same, other = Published(), Published("another data set")
    assert same.table1(entry, "cv") == 0.8617
    assert same.table1(entry, "test") is None
    assert same.table1(Entry("softmax", "threshold"), "cv") is None
    assert same.table2(entry, 4) == TABLE_2["sigmoid_softmax"]
    assert same.table2(entry, 5) is None
    assert same.table2(Entry("sigmoid_softmax", "top_k"), 4) is None
    assert other.table1(entry, "cv") is None
    assert other.table2(entry, 4) is None
