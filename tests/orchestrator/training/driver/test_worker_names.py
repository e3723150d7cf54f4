"""The parts of Ray Train that are not public, as this Ray has them; real names in test_ray_start.py."""

from typing import Any

import pytest
import ray
from ray.train.v2._internal.execution.worker_group.worker import RayTrainWorker
from ray.train.v2._internal.execution.worker_group.worker_group import WorkerGroup

from orchestrator.training.driver import worker_names
from orchestrator.training.driver.worker_names import SORTING, NameWorkers, named_worker, place


@pytest.fixture
def second_place(monkeypatch: pytest.MonkeyPatch) -> None:
    class Worker:
        core_worker: Any = None

        @staticmethod
        def resource_ids() -> dict[str, object]:
            return {"CPU_group_1_ab": [], "bundle_group_ab": [], "bundle_group_1_ab": []}

    Worker.core_worker = Worker
    monkeypatch.setattr(ray.worker, "global_worker", Worker)


def test_a_worker_is_called_after_its_row_columns_and_fold(second_place: None) -> None:
    made = named_worker("sigmoid top_k seed 0")
    assert issubclass(made, RayTrainWorker)
    assert (made.__name__, repr(made())) == ("RayTrainWorker", "sigmoid top_k seed 0 fold 1")
    assert place() == "1"


def test_the_controller_makes_such_workers_and_leaves_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerGroup, "_worker_cls", WorkerGroup._worker_cls)
    monkeypatch.setattr(WorkerGroup, SORTING, staticmethod(getattr(WorkerGroup, SORTING)))
    NameWorkers("row").after_controller_start(None)  # type: ignore[arg-type]
    assert WorkerGroup._worker_cls.__module__ == worker_names.__name__
    workers: Any = ["b", "a"]
    assert getattr(WorkerGroup, SORTING)(workers) == ["b", "a"]
