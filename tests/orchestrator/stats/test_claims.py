import pytest

from orchestrator.stats.claims import Contrast, Scope, claims_of
from orchestrator.stats.grid import Entry, Grid, Masking
from orchestrator.stats.paper import Citation
from tests.orchestrator.stats.made import made_grid

PAPERS = made_grid(("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"))
LARGER = made_grid(
    ["sigmoid", "softmax", "sparsemax", "sigmoid_softmax"],
    ["verified_only", "threshold", "keep_all", "random_k"],
)


def test_a_comparison_of_columns_is_claimed_over_all_rows_then_in_each() -> None:
    claims = list(Contrast("selection", "threshold", "top_k", Citation("x")).claims(PAPERS))
    rows = list(PAPERS.rows)
    assert [claim.scope for claim in claims] == [
        Scope("activation"), *(Scope("activation", row) for row in rows)
    ]  # fmt: skip
    pairs = [(Entry(row, "threshold"), Entry(row, "top_k")) for row in rows]
    assert claims[0].pairs == tuple(pairs)
    assert [claim.pairs for claim in claims[1:]] == [(pair,) for pair in pairs]


@pytest.mark.parametrize("grid", [PAPERS, LARGER, made_grid(["softmax"], ["top_k"])])
def test_nothing_is_compared_with_itself_or_with_a_name_that_the_grid_lacks(grid: Grid) -> None:
    for claim in claims_of(grid):
        for higher, lower in claim.pairs:
            assert higher != lower
            assert {higher, lower} <= grid.entries.keys()


def test_the_papers_claims_cover_every_row_and_column() -> None:
    claims = list(claims_of(PAPERS))
    assert {claim.source.section for claim in claims} == {"section 5.1", "table 2"}
    rows, columns = list(PAPERS.rows), list(PAPERS.columns)
    made = {(claim.sentence, str(claim.scope)) for claim in claims}
    for column in columns:
        for row in rows[1:]:
            assert (f"{row} > sigmoid", f"column {column}") in made
    for row in rows:
        for column in columns[1:]:
            assert (f"{column} > verified_only", f"row {row}") in made
        assert ("threshold > top_k", f"row {row}") in made
    assert any(claim.clips == "several" for claim in claims)


def test_a_column_that_ranks_otherwise_is_held_against_the_one_that_does_not() -> None:
    columns = {"top_k": Masking(), "more": Masking(), "other": Masking(ranks_otherwise_than=("top_k",))}
    grid = Grid({"sigmoid": 1}, columns, [0], 2, [True], [])
    assert {c.sentence for c in claims_of(grid)} == {
        "other > top_k",
        "other > top_k on clips with several labels",
    }
