from pathlib import Path
from typing import Any

import pytest

from orchestrator.experiment.loading import parse_experiment
from orchestrator.experiment.settings import Experiment
from orchestrator.plan.legs import Cell, Plan, make_plan, stale, status
from orchestrator.storage.store import Store


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


def test_paper_notes_count_of_shared_work() -> None:
    """660k iterations instead of 900k with four folds (paper notes, 2.20)."""
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


IDENTITY_CHANGES: list[dict[str, Any]] = [
    {"optimizer": {"learning_rate": 0.1}},
    {"model": {"gru": 7}},
    {"augment": {"time_warp": 1}},
    {"batches": {"size": 10, "crop_frames": 100}},
    {"schedule": {"weights": "best"}},
    {"compute": {"precision": "bfloat16"}},
    {"folds": 3},
    {"seeds": [5]},
    {"resources": {"threads_per_fold": 2}},
]


@pytest.mark.parametrize("change", IDENTITY_CHANGES, ids=lambda change: next(iter(change)))
def test_what_changes_an_outcome_changes_every_id(change: dict[str, Any]) -> None:
    before = {leg.id for leg in make_plan(experiment(), "data").legs}
    after = {leg.id for leg in make_plan(experiment(**change), "data").legs}
    assert not before & after


@pytest.mark.parametrize(
    "change",
    [{"name": "other"}, {"schedule": {"checkpoint_every": 1}}, {"resources": {"cpus_per_fold": 2}}],
    ids=lambda change: next(iter(change)),
)
def test_what_changes_no_outcome_changes_no_id(change: dict[str, Any]) -> None:
    assert ids(make_plan(experiment(**change), "data")) == ids(make_plan(experiment(), "data"))


def ids(plan: Plan) -> set[str]:
    return {leg.id for leg in plan.legs}


def test_other_data_is_another_leg() -> None:
    assert not ids(make_plan(experiment(), "data")) & ids(make_plan(experiment(), "other"))


def test_ids_are_the_same_in_every_process_and_version() -> None:
    """Frozen: if this fails, every run on every disk is trained anew; raise NUMERICS only for that."""
    leg = make_plan(experiment(), "data").legs[0]
    again = make_plan(experiment(), "data").legs[0]
    assert leg.id == again.id
    assert len(leg.id) == 16
    assert int(leg.id, 16) >= 0


def test_status_follows_the_files(tmp_path: Path) -> None:
    leg = make_plan(experiment(), "data").legs[0]
    folder = Store.open(tmp_path) / leg.id
    assert status(leg, folder) == "new"
    (folder / "fold-0").write("state.pt", b"")
    assert status(leg, folder) == "continue"
    folder.write("result.json", b'{"folds": [')
    assert status(leg, folder) == "continue", "a damaged result is none"
    folder.write_json("result.json", {"folds": []})
    assert status(leg, folder) == "done"


def test_stale_legs_say_what_changed(tmp_path: Path) -> None:
    legs = Store.open(tmp_path)
    for leg in make_plan(experiment(), "data").legs[:1]:
        (legs / leg.id).write_json("leg.json", {"identity": leg.identity})
    plan = make_plan(experiment(optimizer={"learning_rate": 0.5}), "data")
    (reason,) = stale(plan, legs).values()
    assert "optimizer.learning_rate" in reason
    assert stale(make_plan(experiment(), "data"), legs) == {}


def test_seeds_are_trained_apart() -> None:
    plan = make_plan(experiment(seeds=[0, 1]), "data")
    assert Cell("sigmoid", "top_k", 1) in plan.ends
    assert len(plan.legs) == 16
    assert len({leg.label for leg in plan.legs}) == 16
