"""Where a run's features go; the rest is held by tests/integration/test_grid.py."""

import io
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from orchestrator.features.feature_set import FeatureSet
from orchestrator.features.frame_file import usual_folder
from orchestrator.files.store import Store
from orchestrator.legs.allocation import Shares
from orchestrator.settings.loading import load_experiment
from orchestrator.training import ray_private
from orchestrator.training.driver import connect, memory, run_cluster
from orchestrator.training.driver.memory import NodeMemory
from orchestrator.training.driver.run_cluster import RunCluster, join_cluster
from orchestrator.watch.terminal import Display
from tests.places import SMOKE
from trainable.errors import UserError

GB = 10**9


@dataclass
class Sized:
    """Stands for a feature set."""

    size: int


def folder_of(
    monkeypatch: pytest.MonkeyPatch, size: int, *changes: str, grows: bool = False
) -> tuple[Path | None, str]:
    """Where features of so many bytes go on a machine with 16 GB, and what is said of it."""
    monkeypatch.setattr(memory, "node_memories", lambda: [NodeMemory(16 * GB, 5 * GB)])
    said, experiment = io.StringIO(), load_experiment(SMOKE, changes)
    display = Display(Console(file=said, width=200))
    cluster = RunCluster(experiment, display, Shares(1.0, 0.0, 1), grows=grows)
    return cluster.folder_of(cast(FeatureSet, cast(Any, Sized(size)))), said.getvalue()


def test_what_the_object_store_takes_is_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_of(monkeypatch, 4 * GB) == (None, "")


def test_what_it_does_not_take_is_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = f"features: 144.00 GB on each machine's disk, in {usual_folder()}\n"
    assert folder_of(monkeypatch, 144 * GB) == (usual_folder(), expected)


def test_disk_and_its_folder_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    changes = ("resources.features=disk", "resources.features_folder=/fast/features")
    assert folder_of(monkeypatch, GB, *changes)[0] == Path("/fast/features")
    assert folder_of(monkeypatch, GB, *changes, grows=True)[0] == Path("/fast/features")


def test_memory_that_is_asked_for_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"do not fit .* resources\.features: disk"):
        folder_of(monkeypatch, 144 * GB, "resources.features=memory")
    folder, said = folder_of(monkeypatch, 6 * GB, "resources.features=memory")
    assert folder is None
    assert "resources.features: disk needs no store" in said


def test_machines_still_to_come_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_of(monkeypatch, 144 * GB, grows=True) == (None, "")


@pytest.mark.parametrize("was_there", [True, False])
def test_only_a_ray_that_the_run_has_connected_is_left(
    monkeypatch: pytest.MonkeyPatch, was_there: bool
) -> None:
    left: list[str] = []
    ray = SimpleNamespace(is_initialized=lambda: was_there, shutdown=lambda: left.append("ray"))
    monkeypatch.setattr(run_cluster, "ray", ray)
    answers: dict[str, object] = {
        "largest": (), "check_storage": None, "hosts": {}, "nodes": [], "connect": "here", "dashboard": "off",
        "shortage": "no free CPUs",
    }  # fmt: skip
    for name, answer in answers.items():
        monkeypatch.setattr(connect, name, lambda *_, answer=answer: answer)
    monkeypatch.setattr(ray_private, "job_log", lambda: [].append)
    monkeypatch.setattr(run_cluster, "make_shares", lambda *_: Shares(1.0, 0.0, 1))
    said = io.StringIO()
    cluster = join_cluster(load_experiment(SMOKE, ()), Store.open("/nowhere"), Display(Console(file=said)))
    assert ("no free CPUs; this run waits for a place" in said.getvalue()) == (not was_there)
    assert left == []
    cluster.leave()
    assert left == ([] if was_there else ["ray"])


@pytest.mark.parametrize(
    ("shares", "line"),
    [
        (Shares(0.99, 0.0, 3), "training: 2 folds x 0.99 CPU each, 3 runs at a time"),
        (Shares(2.0, 0.25, 1), "training: 2 folds x 2 CPU, 0.25 GPU each, 1 runs at a time"),
    ],
)
def test_how_the_cluster_is_divided(shares: Shares, line: str) -> None:
    said = io.StringIO()
    RunCluster(load_experiment(SMOKE, ()), Display(Console(file=said, width=200)), shares).say_shares()
    assert said.getvalue() == f"{line}\n"
