import pytest

from orchestrator.stats.grid import Cell, Entry, members_of, ranked
from tests.orchestrator.stats.made import made_grid, made_inputs

A, B, C = (Entry("sigmoid", column) for column in ("verified_only", "top_k", "threshold"))


def test_the_order_is_by_the_mean_over_seeds_and_an_entry_that_lacks_a_seed_comes_last() -> None:
    entries = {entry: [Cell(*entry, seed) for seed in (0, 1)] for entry in (A, B, C)}
    lwlrap = {Cell(*A, 0): 0.5, Cell(*A, 1): 0.7, Cell(*B, 0): 0.8, Cell(*B, 1): 0.6, Cell(*C, 1): 0.9}
    order = ranked(entries, lwlrap)
    assert list(order) == [B, A, C]
    assert order == pytest.approx({A: 0.6, B: 0.7, C: 0.9})
    assert ranked(entries, {}) == {}


def test_a_member_without_a_seed_stands_for_all_of_them() -> None:
    cells = made_grid(seeds=(0, 1)).cells
    members = members_of(cells, {"all": ["sigmoid/top_k", "sigmoid_softmax/top_k/1"], "none": []})
    both = (Cell(*B, 0), Cell(*B, 1), Cell("sigmoid_softmax", "top_k", 1))
    assert members == {"all": both, "none": ()}


def test_a_part_of_a_grid_has_these_cells_alone() -> None:
    inputs = made_inputs(seeds=(0, 1, 2), ensembles={"all": ["sigmoid/top_k"]})
    own = inputs.only([Cell(*B, 0), Cell(*B, 2)])
    assert own.grid.entries == {B: [Cell(*B, 0), Cell(*B, 2)]}
    assert own.ensembles == {}
    assert own.clips is inputs.clips
    assert list(inputs.grid.entries)[:3] == [A, B, C]
