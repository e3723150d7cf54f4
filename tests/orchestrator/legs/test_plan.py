from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.legs.plan import Plan, make_plan
from orchestrator.settings.loading import parse_experiment
from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Cell
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
        assert [stage.iterations for stage in stem.stages] == [3]
        assert len(stem.cells) == 3
    for branch in plan.levels[1]:
        assert branch.first == 1
        assert branch.own_iterations == 6
        assert len(branch.stages) == 3
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
    assert all(len(leg.stages) == 3 for leg in plan.legs)


def test_columns_that_part_late_share_two_legs() -> None:
    stages = [{"iterations": 3}, {"iterations": 4}, {"iterations": 2, "unverified": 0.5}]
    plan = make_plan(experiment(stages=stages), "data")
    assert [len(leg.stages) for leg in plan.levels[0]] == [2, 2]


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
