"""Which legs are a run: nothing is lost, nothing twice, parents come first."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.legs.forecast import Speed, forecast, shared_levels
from orchestrator.legs.plan import Plan, make_plan
from orchestrator.legs.runs import levels_of_runs
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import LegsPerRun
from tests.places import SMOKE


def plan(*assignments: str) -> Plan:
    """Three rows of a stem and three branches."""
    return make_plan(load_experiment(SMOKE, assignments), "data")


RUNS_OF_TREES: tuple[LegsPerRun, ...] = ("subtree", "forest")
GRID, SEEDS = plan(), plan("seeds=[0, 1, 2, 3]")
ALL = {leg.id for leg in GRID.legs}


@pytest.mark.parametrize(
    ("legs_per_run", "at_once", "sizes"),
    [
        ("one", 2, [[1] * 3, [1] * 9]),
        ("subtree", 2, [[4, 4, 4]]),
        ("forest", 1, [[12]]),
        ("forest", 2, [[8, 4]]),
        ("forest", 3, [[4, 4, 4]]),
        ("forest", 9, [[4, 4, 4]]),
    ],
)
def test_the_runs_of_a_small_grid(legs_per_run: LegsPerRun, at_once: int, sizes: list[list[int]]) -> None:
    levels = levels_of_runs(GRID, legs_per_run, ALL, at_once)
    assert [[len(run) for run in level] for level in levels] == sizes
    assert sorted(leg.id for level in levels for run in level for leg in run) == sorted(ALL)


@given(st.sets(st.sampled_from(SEEDS.legs)), st.integers(1, 20))
def test_a_forest_holds_what_is_left_once_and_parents_first(left: Any, at_once: int) -> None:
    todo = {leg.id for leg in left}
    (runs,) = levels_of_runs(SEEDS, "forest", todo, at_once)
    assert len(runs) <= at_once
    seen: list[str] = []
    for run in runs:
        for leg in run:
            assert leg.parent is None or leg.parent in seen
            seen.append(leg.id)
    assert todo <= set(seen)
    assert len(seen) == len(set(seen))


def test_what_is_done_does_not_count_as_length() -> None:
    """Two of four trees are left: each of the two runs has one, wherever the other two would have been."""
    four = plan("seeds=[0, 1, 2, 3]", "activations={sigmoid: {}}")
    trees = four.subtrees
    for places in ((0, 1), (0, 2), (2, 3)):
        todo = {leg.id for place in places for leg in trees[place]}
        (runs,) = levels_of_runs(four, "forest", todo, 2)
        assert sorted(len(run) for run in runs) == [4, 4]


def test_long_trees_are_dealt_out_first() -> None:
    """Of one row everything is left, of two others the stem: these share a run."""
    todo = ALL - {leg.id for tree in GRID.subtrees[1:] for leg in tree[1:]}
    (runs,) = levels_of_runs(GRID, "forest", todo, 2)
    assert [{leg.cells[0].activation for leg in run} for run in runs] == [
        {"sigmoid"},
        {"sigmoid_softmax", "sigmoid_sparsemax"},
    ]


def test_a_forest_starts_once_where_subtrees_start_three_times() -> None:
    slow = Speed(iterations_per_second=10, start_seconds=100)
    seconds = {
        per_run: forecast(shared_levels(GRID, ALL, per_run, at_once=1), 2, 2, slow).seconds
        for per_run in RUNS_OF_TREES
    }
    assert seconds["subtree"] - seconds["forest"] == pytest.approx(200)
