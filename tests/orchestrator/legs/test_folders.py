"""Folders of legs and folds: what is done, what is left, and why."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrator.files.integrity import DamagedFile
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldResult
from orchestrator.legs.folders import LegFolder, LegFolders
from orchestrator.legs.plan import make_plan
from tests.orchestrator.legs.test_plan import experiment


def result(lwlrap: float) -> FoldResult:
    return FoldResult(
        iterations=9, own_iterations=9, seconds=1.0, rate=9.0, lwlrap=lwlrap, fscore=0.5, device="cpu",
        node="", files={},
    )  # fmt: skip


def test_the_last_fold_finishes_the_leg(tmp_path: Path) -> None:
    leg = LegFolder(Store.open(tmp_path))
    for fold in (1, 0):
        assert not leg.finish(2)
        assert not leg.is_done
        leg.fold(fold).finish(result(fold / 2))
    assert leg.finish(2)
    assert [fold.lwlrap for fold in leg.result().folds] == [0.0, 0.5]
    assert leg.result().lwlrap == 0.25


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b'{"folds": [{}]}', b"\xff"])
def test_a_damaged_result_is_none(tmp_path: Path, content: bytes) -> None:
    leg = LegFolder(Store.open(tmp_path))
    leg.store.write(artifacts.RESULT, content)
    assert not leg.is_done


def test_a_failure_is_kept_with_its_traceback_until_the_leg_begins_again(tmp_path: Path) -> None:
    leg = LegFolder(Store.open(tmp_path))
    assert leg.failure() is None
    leg.fail("too high a learning rate")
    failure = leg.failure()
    assert failure is not None
    assert (failure.reason, failure.log) == ("too high a learning rate", None)
    leg.fail("KeyError: 'x'", "Traceback ...\nKeyError: 'x'")
    failure = leg.failure()
    assert failure is not None
    assert failure.log is not None
    assert Path(failure.log).read_text() == "Traceback ...\nKeyError: 'x'\n"
    leg.begin(make_plan(experiment(), "data").legs[0], {})
    assert leg.failure() is None
    assert not Path(failure.log).exists()


def test_what_is_left_follows_the_files(tmp_path: Path) -> None:
    leg = LegFolder(Store.open(tmp_path))
    assert leg.work_left() == "new"
    leg.fold(0).store.write(artifacts.STATE, b"")
    assert leg.work_left() == "continue"
    leg.store.write(artifacts.RESULT, b'{"folds": [')
    assert leg.work_left() == "continue", "a damaged result is none"
    leg.fold(0).finish(result(0.5))
    assert leg.finish(1)
    assert leg.work_left() == "done"


def trained_leg(folder: Path, folds: int = 2) -> LegFolder:
    """A leg whose folds have left two files each."""
    leg = LegFolder(Store.open(folder))
    for number in range(folds):
        fold = leg.fold(number)
        contents = {"curves.parquet": b"curves of %d" % number, "weights.safetensors": bytes(range(256))}
        written = {name: fold.put(name, content) for name, content in contents.items()}
        fold.finish(result(0.5).model_copy(update={"files": written}))
    assert leg.finish(folds)
    return leg


def files_below(leg: LegFolder) -> list[str]:
    return sorted(name for name in leg.store.sizes() if "." in name)


def test_a_leg_that_is_whole_has_no_damage(tmp_path: Path) -> None:
    assert trained_leg(tmp_path).damages() == []
    assert LegFolder(Store.open(tmp_path / "nothing")).damages() == []


@pytest.mark.parametrize("name", ["curves.parquet", "weights.safetensors", artifacts.FOLD])
@pytest.mark.parametrize("fault", ["missing", "cut", "grown", "flipped", "empty"])
def test_any_damage_is_found_and_costs_that_fold_alone(tmp_path: Path, name: str, fault: str) -> None:
    leg, path = trained_leg(tmp_path), tmp_path / "fold-1" / name
    data = path.read_bytes()
    flipped = bytes([data[0] ^ 1]) + data[1:]
    faults = {"cut": data[: len(data) // 2], "grown": data + b" ", "flipped": flipped, "empty": b""}
    if fault == "missing":
        path.unlink()
    else:
        path.write_bytes(faults[fault])
    (damage,) = leg.damages()
    assert (damage.store, damage.name) == (leg.fold(1).store, name)
    leg.set_aside([damage], 2)
    assert not leg.is_done
    assert leg.fold(0).is_done
    assert not leg.fold(1).is_done
    assert any(".corrupt-" in kept for kept in files_below(leg)) == (fault != "missing")
    assert leg.damages() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), file=st.integers(0, 6))
def test_a_flipped_bit_anywhere_is_found(tmp_path: Path, share: float, bit: int, file: int) -> None:
    leg = trained_leg(tmp_path / f"{share}-{bit}-{file}")
    path = Path(leg.store.base) / files_below(leg)[file]
    data = bytearray(path.read_bytes())
    data[int(share * len(data))] ^= 1 << bit
    path.write_bytes(bytes(data))
    assert [f"{damage.store.base}/{damage.name}" for damage in leg.damages()] == [str(path)]


def test_a_damaged_result_costs_no_training(tmp_path: Path) -> None:
    leg = trained_leg(tmp_path)
    leg.store.write(artifacts.RESULT, b"{}")
    (damage,) = leg.damages()
    leg.set_aside([damage], 2)
    assert leg.is_done
    assert leg.damages() == []


def test_another_folds_file_in_its_place_is_damage(tmp_path: Path) -> None:
    leg = trained_leg(tmp_path)
    (tmp_path / "fold-0" / "curves.parquet").write_bytes(
        (tmp_path / "fold-1" / "curves.parquet").read_bytes()
    )
    (damage,) = leg.damages()
    assert damage.reason == "its content has changed"


def test_a_damaged_file_is_never_read(tmp_path: Path) -> None:
    leg = trained_leg(tmp_path)
    (tmp_path / "fold-0" / "curves.parquet").write_bytes(b"curves of 9")
    with pytest.raises(DamagedFile, match=r"fold-0/curves.parquet: its content has changed"):
        leg.fold(0).read("curves.parquet")
    assert leg.fold(1).read("curves.parquet") == b"curves of 1"


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
