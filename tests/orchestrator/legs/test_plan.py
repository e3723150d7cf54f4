from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.legs.forecast import Speed, forecast, shared_levels
from orchestrator.legs.plan import Plan, make_plan
from orchestrator.settings.loading import load_experiment, parse_experiment
from orchestrator.settings.tree import Experiment, LegsPerRun
from orchestrator.stats.grid import Cell
from tests.places import SMOKE
from trainable.config import Settings


def experiment(**changes: Any) -> Experiment:
    content: dict[str, Any] = {
        "name": "tiny",
        "batches": {"size": 8, "crop_frames": 100},
        "stages": [{"iterations": 3}, {"iterations": 4, "unverified": 0.5}, {"iterations": 2}],
        "activations": {"sigmoid": {}, "sigmoid_softmax": {}},
        "selections": {"verified_only": {}, "top_k": {"k": 2}, "threshold": {"k": 2}},
    }
    return parse_experiment(content | changes, "test")


def test_the_papers_grid_is_a_stem_with_three_branches_for_each_row() -> None:
    plan = make_plan(experiment(), "data")
    assert len(plan.ends) == 6
    assert [len(level) for level in plan.levels] == [2, 6]
    assert [len(tree) for tree in plan.subtrees] == [4, 4]
    for stem in plan.levels[0]:
        assert stem.parent is None
        assert [stage.iterations for stage in stem.stages(plan.experiment)] == [3]
        assert len(stem.cells) == 3
    for branch in plan.levels[1]:
        assert branch.first == 1
        assert branch.iterations == 6
        assert branch.last_iteration == 9
        assert len(branch.stages(plan.experiment)) == 3
    assert plan.iterations() == (2 * (3 + 3 * 6), 6 * 9)


def test_the_papers_grid_shares_a_quarter_of_its_work() -> None:
    """660k iterations instead of 900k with four folds: 12 stems x 10k + 36 branches x 15k."""
    stages = [{"iterations": 10_000}, {"iterations": 10_000, "unverified": 0.5}, {"iterations": 5_000}]
    rows: dict[str, Any] = {"sigmoid": {}, "sigmoid_softmax": {}, "sigmoid_sparsemax": {}}
    shared, alone = make_plan(experiment(stages=stages, activations=rows), "data").iterations()
    assert (4 * shared, 4 * alone) == (660_000, 900_000)


def test_a_grid_with_one_column_has_one_leg_for_each_row() -> None:
    plan = make_plan(experiment(selections={"top_k": {"k": 2}}), "data")
    assert [len(level) for level in plan.levels] == [2]
    assert all(len(leg.stages(plan.experiment)) == 3 for leg in plan.legs)


def test_columns_that_part_late_share_two_legs() -> None:
    stages = [{"iterations": 3}, {"iterations": 4}, {"iterations": 2, "unverified": 0.5}]
    plan = make_plan(experiment(stages=stages), "data")
    assert [len(leg.stages(plan.experiment)) for leg in plan.levels[0]] == [2, 2]


def test_rows_with_equal_settings_train_once() -> None:
    rows: dict[str, Any] = {"sigmoid": {}, "again": {"structure": "sigmoid"}}
    plan = make_plan(experiment(activations=rows), "data")
    assert len(plan.legs) == 4
    assert len(plan.ends) == 6
    assert len(set(plan.ends.values())) == 3


def test_a_new_column_leaves_the_other_legs_as_they_are() -> None:
    before = make_plan(experiment(), "data")
    wider: dict[str, Any] = {"verified_only": {}, "top_k": {"k": 2}, "threshold": {"k": 2}}
    wider["strict"] = {"mechanism": "top_k", "k": 3}
    after = make_plan(experiment(selections=wider), "data")
    added = {leg.id for leg in after.legs} - {leg.id for leg in before.legs}
    assert {leg.id for leg in before.legs} < {leg.id for leg in after.legs}
    assert len(added) == 2


GOLDEN = ["39f4dcefe74a8e64", "7afab4533aa42290", "9bef9de02292dabe"]

CHANGING: dict[str, Any] = {
    "model.channels": [8, 16],
    "model.convolutions": 1,
    "model.gru": 7,
    "model.pooling": "max",
    "model.hidden": 9,
    "model.dropout": 0.5,
    "optimizer.learning_rate": 0.1,
    "optimizer.betas": [0.8, 0.9],
    "optimizer.keep_state": False,
    "augment.mixup_alpha": 0.0,
    "augment.time_warp": 1,
    "augment.frequency_masks": 0,
    "augment.frequency_mask_share": 0.5,
    "augment.time_masks": 0,
    "augment.time_mask_share": 0.5,
    "batches.size": 10,
    "batches.crop_frames": 120,
    "batches.clip_frames": 500,
    "schedule.evaluate_every": 7,
    "schedule.weights": "best",
    "schedule.f_threshold": 0.1,
    "compute.precision": "bfloat16",
    "compute.tf32": True,
    "compute.channels_last": True,
    "compute.fused_adam": False,
    "compute.compile": True,
    "folds": 3,
    "seeds": [5],
    "stages": [{"iterations": 4}, {"iterations": 4, "unverified": 0.5}, {"iterations": 2}],
    "resources.threads_per_fold": 2,
}
"""Settings that change every trained model, each with another value than the default."""
ROWS: dict[str, Any] = {"sigmoid": {}, "sigmoid_softmax": {}, "sigmoid_sparsemax": {}}
COLUMNS: dict[str, Any] = {"verified_only": {}, "top_k": {"k": 2}, "threshold": {"k": 2}, "keep_all": {}}
UNCHANGING: dict[str, Any] = {
    "name": "other",
    "data": {"keep_bad": True},
    "synth": {"seed": 7},
    "audio": {"n_mels": 64},
    "fold_seed": 3,
    "fold_group": "source",
    "activations": ROWS,
    "selections": COLUMNS,
    "schedule.checkpoint_every": 1,
    "resources.cpus_per_fold": 2,
    "resources.gpus_per_fold": 1,
    "resources.features": "disk",
    "resources.features_folder": "/fast",
    "resources.shared_path": True,
    "resources.machines": [{"cpus": 4}],
    "resources.legs_per_run": "subtree",
    "resources.max_failures": 0,
    "resources.hang_minutes": 1,
    "report": {"level": 0.9},
    "ensembles": {"both": ["sigmoid/top_k", "sigmoid/threshold"]},
}
"""Settings that change no model, or only through the data, or only which cells there are."""


def changed(key: str, value: object) -> Plan:
    section, _, name = key.partition(".")
    plain = {"batches": {"size": 8, "crop_frames": 100}}.get(section, {})
    return make_plan(experiment(**{section: {**plain, name: value} if name else value}), "data")


@pytest.mark.parametrize("key", CHANGING)
def test_what_changes_an_outcome_changes_every_id(key: str) -> None:
    assert not ids(make_plan(experiment(), "data")) & ids(changed(key, CHANGING[key]))


@pytest.mark.parametrize("key", UNCHANGING)
def test_what_changes_no_outcome_changes_no_id(key: str) -> None:
    assert ids(make_plan(experiment(), "data")) <= ids(changed(key, UNCHANGING[key]))


def test_every_setting_says_whether_it_changes_an_outcome() -> None:
    """A new setting is in one of the two tables, or this fails."""
    assert set(_keys(Experiment, "")) == {*CHANGING, *UNCHANGING}


def _keys(settings: type[Settings], prefix: str) -> Iterator[str]:
    for name, field in settings.model_fields.items():
        key, kind = f"{prefix}{name}", field.annotation
        if key not in UNCHANGING and isinstance(kind, type) and issubclass(kind, Settings):
            yield from _keys(kind, f"{key}.")
        else:
            yield key


def ids(plan: Plan) -> set[str]:
    return {leg.id for leg in plan.legs}


def test_other_data_is_another_leg() -> None:
    assert not ids(make_plan(experiment(), "data")) & ids(make_plan(experiment(), "other"))


def test_ids_are_the_same_in_every_process_and_version() -> None:
    """Golden: if this fails, every run on every disk is trained anew. A setting that changes no trained model
    is to be marked NO_RESULT; otherwise raise NUMERICS and write down the new ids."""
    plan = make_plan(experiment(), "data")
    assert [leg.id for leg in plan.legs[:3]] == GOLDEN


@pytest.mark.parametrize("seeds", [3, [0, 1, 2], [2, 1, 0]])
def test_more_seeds_train_only_what_is_new(seeds: Any) -> None:
    """--seeds 3 on a run of one seed: its legs stay done, twice as many are added."""
    before, after = (make_plan(experiment(seeds=given), "data") for given in (1, seeds))
    assert before.ends.keys() < after.ends.keys()
    assert all(after.ends[cell] == leg for cell, leg in before.ends.items())
    assert ids(before) < ids(after)
    assert len(after.legs) == 3 * len(before.legs)


def test_seeds_are_trained_apart() -> None:
    plan = make_plan(experiment(seeds=[0, 1]), "data")
    assert Cell("sigmoid", "top_k", 1) in plan.ends
    assert len(plan.legs) == 16
    assert len({leg.label for leg in plan.legs}) == 16


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["shared stem", "verified_only", "top_k", "threshold"]),
        ({"selections": {"top_k": {"k": 2}}}, ["top_k"]),
        ({"selections": {"top_k": {"k": 2}}, "seeds": [0, 1]}, ["top_k · s0", "top_k · s1"]),
    ],
)
def test_a_leg_has_a_name_in_the_readers_words(changes: dict[str, Any], names: list[str]) -> None:
    plan = make_plan(experiment(**changes, activations={"sigmoid": {}}), "data")
    assert [leg.name(plan.experiment) for leg in plan.legs] == [f"sigmoid · {name}" for name in names]


def smoke(*assignments: str) -> Plan:
    """Three rows of a stem and three branches."""
    return make_plan(load_experiment(SMOKE, assignments), "data")


RUNS_OF_TREES: tuple[LegsPerRun, ...] = ("subtree", "forest")
GRID, SEEDS = smoke(), smoke("seeds=[0, 1, 2, 3]")
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
    levels = GRID.runs(legs_per_run, ALL, at_once)
    assert [[len(run) for run in level] for level in levels] == sizes
    assert sorted(leg.id for level in levels for run in level for leg in run) == sorted(ALL)


@given(st.sets(st.sampled_from(SEEDS.legs)), st.integers(1, 20))
def test_a_forest_holds_what_is_left_once_and_parents_first(left: Any, at_once: int) -> None:
    todo = {leg.id for leg in left}
    (runs,) = SEEDS.runs("forest", todo, at_once)
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
    four = smoke("seeds=[0, 1, 2, 3]", "activations={sigmoid: {}}")
    trees = four.subtrees
    for left in ((0, 1), (0, 2), (2, 3)):
        todo = {leg.id for number in left for leg in trees[number]}
        (runs,) = four.runs("forest", todo, 2)
        assert sorted(len(run) for run in runs) == [4, 4]


def test_long_trees_are_dealt_out_first() -> None:
    """Of one row everything is left, of two others the stem: these share a run."""
    todo = ALL - {leg.id for tree in GRID.subtrees[1:] for leg in tree[1:]}
    (runs,) = GRID.runs("forest", todo, 2)
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
