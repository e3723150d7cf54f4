"""All legs of a run."""

from pathlib import Path

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.leg_folders import LegFolders
from orchestrator.legs.plan import make_plan
from tests.orchestrator.legs.test_folders import trained_leg
from tests.orchestrator.legs.test_plan import experiment


def test_damage_is_told_by_leg(tmp_path: Path) -> None:
    plan = make_plan(experiment(), "data")
    legs, (broken, whole, *_) = LegFolders(Store.open(tmp_path)), plan.legs
    for leg in (broken, whole):
        trained_leg(tmp_path / leg.id)
    (tmp_path / broken.id / "fold-0" / "curves.parquet").unlink()
    ((leg_id, (damage,)),) = legs.damages(plan.legs).items()
    assert leg_id == broken.id
    assert damage.reason == "missing"


def test_stale_legs_say_what_changed(tmp_path: Path) -> None:
    legs = LegFolders(Store.open(tmp_path))
    before = make_plan(experiment(), "data")
    for leg in before.legs:
        legs[leg].begin(leg, before.identities[leg.id])
    plan = make_plan(experiment(optimizer={"learning_rate": 0.5}), "data")
    assert set(legs.stale(plan).values()) == {"optimizer.learning_rate 0.001 -> 0.5"}
    columns = {"verified_only": {}, "top_k": {"k": 3}, "threshold": {"k": 2}}
    plan = make_plan(experiment(selections=columns), "data")
    assert set(legs.stale(plan).values()) == {"stages.1.selection.k 2 -> 3"}
    other = make_plan(experiment(), "other data")
    assert set(legs.stale(other).values()) == {"features, labels or folds changed"}
    assert legs.stale(make_plan(experiment(), "data")) == {}


def test_a_folder_of_somebody_else_is_no_stale_leg(tmp_path: Path) -> None:
    legs = LegFolders(Store.open(tmp_path))
    legs["0123456789abcdef"].store.write("notes.txt", b"")
    legs["fedcba9876543210"].store.write(artifacts.LEG, b"{}")
    assert legs.stale(make_plan(experiment(), "data")) == {}
