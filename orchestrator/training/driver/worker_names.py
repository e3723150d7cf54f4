"""Ray Train's workers are called after what they train: in the dashboard's lists and in their logs.

Ray has no public way to name them: it takes an actor's name from its `__repr__` when it starts. All that is
private to Ray Train stands in this module, and its test fails where a new Ray has changed it.
"""

import re

import ray
from ray.train.v2._internal.execution.callback import ControllerCallback
from ray.train.v2._internal.execution.context import TrainRunContext
from ray.train.v2._internal.execution.worker_group.worker import RayTrainWorker, Worker
from ray.train.v2._internal.execution.worker_group.worker_group import WorkerGroup

SORTING = "_sort_workers_by_gpu_id_grouped_by_node"


class NameWorkers(ControllerCallback):
    """Runs in the process of Ray Train's controller, before it starts workers."""

    def __init__(self, title: str) -> None:
        self.title = title

    def after_controller_start(self, train_run_context: TrainRunContext) -> None:
        """Ray Train's hook. A worker's rank is then the number of its place, which it knows at its start."""
        WorkerGroup._worker_cls = named_worker(self.title)
        setattr(WorkerGroup, SORTING, staticmethod(_as_placed))


def _as_placed(workers: list[Worker]) -> list[Worker]:
    """Ray sorts them for rings of GPUs that talk to each other; folds do not."""
    return workers


def named_worker(title: str) -> type[RayTrainWorker]:
    """The class of the workers of a run with this title."""

    def name(worker: RayTrainWorker) -> str:
        return f"{title} fold {place()}"

    return type(RayTrainWorker.__name__, (RayTrainWorker,), {"__repr__": name, "__module__": __name__})


def place() -> str:
    """Number of the part of the placement group in which this process is: Ray tells it in resource names."""
    held = ray.worker.global_worker.core_worker.resource_ids()
    numbers = [found[1] for name in held if (found := re.match(r"bundle_group_(\d+)_", name))]
    return numbers[0] if numbers else "?"
