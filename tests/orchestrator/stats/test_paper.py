import re

import pytest

from orchestrator.stats.claims import claims_of
from orchestrator.stats.grid import Entry
from orchestrator.stats.paper import TABLE_1, TABLE_2, TABLE_3, Published
from orchestrator.stats.training import training_claims
from tests.orchestrator.stats.made import made_grid
from tests.places import SHARED_DATA

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
            assert line == list(TABLE_1[name, split])
        if name in TABLE_2:
            assert [line for line in found if len(line) == 5] == [list(TABLE_2[name])]
    systems = [
        numbers_after(text, name)[0]
        for name in (r"THUEE \[9\]", "Proposed", r"OUmed \[19\]", r"Ebbers \[20\]")
    ]
    assert systems == [[n for n in pair if n is not None] for pair in TABLE_3.values()]


@pytest.mark.skipif(not PAPER_TEXT.is_file(), reason="the paper's text is not here")
def test_every_claim_of_the_paper_cites_a_sentence_of_the_paper() -> None:
    grid = made_grid(tuple(ROWS.values()))
    text = " ".join(PAPER_TEXT.read_text().split())
    claims = [*claims_of(grid), *training_claims(grid)]
    for source in {claim.source for claim in claims}:
        words = source.sentence.split()
        halves = [(" ".join(words[:n]), " ".join(words[n:])) for n in range(len(words))]
        assert any(a in text and b in text for a, b in halves), "a table may stand within a sentence"
        assert source.cited == f'{source.section}: "{source.sentence}"'
    assert len({claim.source for claim in claims}) == 9


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
