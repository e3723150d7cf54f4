"""Folders of legs and folds: what is done, what is left, and why."""

from pathlib import Path

import pytest
import torch

from orchestrator.artifacts import files
from orchestrator.artifacts.files import FoldResult
from orchestrator.artifacts.folders import FoldFolder, LegFolder
from orchestrator.artifacts.leg_folders import LegFolders
from orchestrator.plan.legs import make_plan
from orchestrator.storage.store import Store
from tests.orchestrator.plan.test_legs import experiment


def result(lwlrap: float) -> FoldResult:
    return FoldResult(
        iterations=9,
        own_iterations=9,
        seconds=1.0,
        rate=9.0,
        lwlrap=lwlrap,
        fscore=0.5,
        device="cpu",
        node="n",
    )


def test_a_damaged_state_counts_as_none(tmp_path: Path) -> None:
    folder = FoldFolder(Store.open(tmp_path))
    assert folder.read_state() is None
    folder.write_state({"iteration": 3, "model": {"w": torch.ones(1000)}})
    whole = folder.store.read(files.STATE)
    for length in (0, 10, len(whole) // 2):
        folder.store.write(files.STATE, whole[:length])
        assert folder.read_state() is None, length


def test_a_state_never_runs_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("code ran",))

    torch.save({"x": Evil()}, tmp_path / files.STATE)
    assert FoldFolder(Store.open(tmp_path)).read_state() is None


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
    leg.store.write(files.RESULT, content)
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
    leg.begin(make_plan(experiment(), "data").legs[0])
    assert leg.failure() is None
    assert not Path(failure.log).exists()


def test_what_is_left_follows_the_files(tmp_path: Path) -> None:
    leg = LegFolder(Store.open(tmp_path))
    assert leg.work_left() == "new"
    leg.fold(0).store.write(files.STATE, b"")
    assert leg.work_left() == "continue"
    leg.store.write(files.RESULT, b'{"folds": [')
    assert leg.work_left() == "continue", "a damaged result is none"
    leg.fold(0).finish(result(0.5))
    assert leg.finish(1)
    assert leg.work_left() == "done"


def test_stale_legs_say_what_changed(tmp_path: Path) -> None:
    legs = LegFolders(Store.open(tmp_path))
    for leg in make_plan(experiment(), "data").legs[:1]:
        legs[leg].begin(leg)
    plan = make_plan(experiment(optimizer={"learning_rate": 0.5}), "data")
    (reason,) = legs.stale(plan).values()
    assert reason.startswith("optimizer.learning_rate, stages")
    assert legs.stale(make_plan(experiment(), "data")) == {}


def test_a_folder_of_somebody_else_is_no_stale_leg(tmp_path: Path) -> None:
    legs = LegFolders(Store.open(tmp_path))
    legs["0123456789abcdef"].store.write("notes.txt", b"")
    legs["fedcba9876543210"].store.write(files.LEG, b"{}")
    assert legs.stale(make_plan(experiment(), "data")) == {}
