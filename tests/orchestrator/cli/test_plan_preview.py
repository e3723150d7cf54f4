"""The plan before the run: its ids are those of the run as soon as its features are there."""

from pathlib import Path

import pytest

from orchestrator.cli.plan_preview import preview
from orchestrator.data.folded import open_dataset
from orchestrator.features.feature_set import FeatureManifest, Shard, features_id, sets_of
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import DATA
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Plan, make_plan
from orchestrator.settings.tree import Experiment
from tests.orchestrator.data.small_sets import sounding
from tests.orchestrator.legs.test_folders import result
from tests.orchestrator.legs.test_plan import experiment
from trainable.errors import UserError

CONTENT = "c" * 64


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data set").mkdir()
    return sounding(tmp_path / "data set")


@pytest.fixture
def out(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "out")


def grid(**changes: object) -> Experiment:
    return experiment(folds=2, **changes)


def ids(plan: Plan) -> list[str]:
    return [leg.id for leg in plan.legs]


def write_features(out: Store, data: Path, settings: Experiment) -> Plan:
    """The features' files as far as a plan looks at them; and the plan of a run that has them."""
    dataset = open_dataset(data, settings.data, settings.folds, settings.fold_seed)
    name = features_id(dataset.table, settings.audio)
    folder = sets_of(out) / name
    folder.write("x.parquet", b"12345")
    shard = Shard(name="x.parquet", rows=7, bytes=5, sha256="0" * 64)
    manifest = FeatureManifest(
        id=name, content_hash=CONTENT, audio=settings.audio, clips=7, frames=9, shards=(shard,)
    )
    folder.write_model("manifest.json", manifest.sealed())
    return make_plan(settings, dataset.data_id(CONTENT))


def test_without_a_folder_everything_is_new() -> None:
    shown = preview(grid(), None, None)
    assert shown.todo == set(ids(shown.plan)) == set(shown.work_left)
    assert set(shown.work_left.values()) == {"new"}
    assert shown.stale == {}


def test_with_features_the_legs_are_those_of_the_run(out: Store, data: Path) -> None:
    before = preview(grid(), out, data)
    real = write_features(out, data, grid())
    assert ids(preview(grid(), out, data).plan) == ids(real)
    assert not set(ids(before.plan)) & set(ids(real))
    assert not set(ids(preview(grid(), out, None).plan)) & set(ids(real))
    assert not set(ids(preview(grid(fold_seed=1, seeds=[1]), out, data).plan)) & set(ids(real))


def test_features_of_other_settings_or_damaged_ones_do_not_count(out: Store, data: Path) -> None:
    real = set(ids(write_features(out, data, grid())))
    other = preview(grid(audio={"n_mels": 64}), out, data)
    assert not real & set(ids(other.plan))
    (shard,) = Path(sets_of(out).base).glob("*/x.parquet")
    shard.write_bytes(b"1")
    assert not real & set(ids(preview(grid(), out, data).plan))


def test_embedded_data_are_found_in_the_runs_folder(out: Store, data: Path) -> None:
    inside = Path(out.base) / DATA
    inside.parent.mkdir()
    data.rename(inside)
    real = write_features(out, inside, grid())
    assert ids(preview(grid(), out, None).plan) == ids(real)


def test_what_is_done_is_not_to_do(out: Store, data: Path) -> None:
    real = write_features(out, data, grid())
    done, begun, *others = real.legs
    folders = LegFolders.of(out)
    for fold in range(2):
        folders[done].fold(fold).finish(result(0.5))
    assert folders[done].finish(2)
    folders[begun].fold(1).write_state({"iteration": 1})
    shown = preview(grid(), out, data)
    expected = {leg.id: "new" for leg in others} | {done.id: "done", begun.id: "continue"}
    assert shown.work_left == expected
    assert shown.todo == {begun.id, *(leg.id for leg in others)}


def test_a_leg_that_no_cell_needs_any_more_is_named_with_what_changed(out: Store, data: Path) -> None:
    plan = write_features(out, data, grid())
    stem = plan.legs[0]
    LegFolders.of(out)[stem].begin(stem, plan.identities[stem.id])
    assert preview(grid(), out, data).stale == {}
    shown = preview(grid(model={"gru": 7}), out, data)
    assert shown.stale == {stem.id: "model.gru 256 -> 7"}


def test_a_data_set_that_is_not_in_order_is_told(out: Store, data: Path) -> None:
    (data / "FSDKaggle2019.audio_test" / "9.wav").unlink()
    with pytest.raises(UserError, match=r"9\.wav is missing"):
        preview(grid(), out, data)
