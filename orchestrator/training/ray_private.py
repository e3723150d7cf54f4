"""All that Ray does not promise, as Ray 2.60.0 has it: private modules, files, variables and texts.

An upgrade of Ray is this file to read; tests/orchestrator/training/test_ray_private.py fails where a name has
moved. Each part says what it is for, and what Ray would have to offer in its place.
"""

import contextlib
import io
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ray
import yaml
from ray._common.utils import get_ray_address_file
from ray._private.state import state
from ray._raylet import ActorID, PlacementGroupID
from ray.core.generated.gcs_pb2 import PlacementGroupTableData  # type: ignore[attr-defined]
from ray.exceptions import OutOfMemoryError, RayActorError
from ray.train.v2._internal.execution.callback import ControllerCallback
from ray.train.v2._internal.execution.context import TrainRunContext
from ray.train.v2._internal.execution.worker_group.worker import RayTrainWorker, Worker
from ray.train.v2._internal.execution.worker_group.worker_group import WorkerGroup
from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer as DataParallelTrainer
from ray.util.placement_group import PlacementGroup, remove_placement_group

from orchestrator.files.repeated import begin_repeating

OPTIONS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",  # a report waits for the next check: 2 s by default
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # one process less in every run
    "RAY_AIR_NEW_OUTPUT": "0",  # no progress tables: ours shows more
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # the future default; without it Ray warns
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # orchestrator.training.driver.sweep has ours
}
"""Ray's variables, as this program wants them where the user has not set them."""
HANG = "RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S"
"""For Ray Train's controller: how long a worker may leave the question how it is unanswered."""
STATE_TRACKING = "RAY_TRAIN_ENABLE_STATE_TRACKING"
"""For Ray Train: an actor more, which the dashboard and its API ask how runs are."""


# The cluster here. ray.init(address="auto") also joins another program's private Ray, and ends with it.


def begun_address() -> str | None:
    """Address of the Ray that this user's `ray start` began here, by the file that it leaves; `ray.init`
    leaves none. A killed one leaves it too: whether somebody answers is another question."""
    path = Path(get_ray_address_file(None))
    try:
        return (path.read_text().strip() or None) if path.stat().st_uid == os.getuid() else None
    except OSError:
        return None


def autoscaler_config() -> dict[str, Any] | None:
    """The cluster file as `ray up` leaves it on the head; None: this machine is no such head.

    Ray tells nobody how far its autoscaler may go.
    """
    try:
        config = yaml.safe_load(Path("~/ray_bootstrap_config.yaml").expanduser().read_text())
    except OSError:
        return None
    return config if isinstance(config, dict) else None


def dashboard_url() -> str:
    """host:port of the dashboard; empty where there is none."""
    return ray.worker.get_dashboard_url() or ""


def job_log() -> Callable[[str], None]:
    """A function that adds a line to the driver's log, named so that the job's page links to it.

    `ray job submit` catches what a driver prints; of any other driver Ray keeps nothing.
    """
    logs = Path(ray.worker.global_worker.node.get_logs_dir_path())
    path = logs / f"job-driver-{ray.get_runtime_context().get_job_id()}-stagegrid.log"

    def write(line: str) -> None:
        with contextlib.suppress(OSError), path.open("a") as file:  # another user's Ray, or a full disk
            file.write(f"{line}\n")

    return write


# Placement groups. What a killed Train controller has reserved is given back by a helper of Ray that must
# find the dashboard, and must have been told of the group: else it keeps its CPUs until the job ends, and the
# retry of its trial waits for ever. Ray's public table leaves out who has made a group.

LOOK_SECONDS = 2.0


@contextlib.contextmanager
def stale_groups_dropped() -> Iterator[None]:
    """Look for such groups of this job again and again while the block runs."""
    end = begin_repeating(drop_stale_groups, LOOK_SECONDS)
    try:
        yield
    finally:
        end()


def drop_stale_groups() -> list[str]:
    """Remove the placement groups of this job whose actor is dead; their ids in hex."""
    stale = [group for group in _groups_of_job() if _is_stale(group)]
    for group in stale:
        remove_placement_group(PlacementGroup(PlacementGroupID(group.placement_group_id)))
    return [group.placement_group_id.hex() for group in stale]


def lacks_capacity() -> bool:
    """Whether a trial or a fold of this job asks for a place on the cluster that is not there."""
    asking = (PlacementGroupTableData.PENDING, PlacementGroupTableData.RESCHEDULING)
    return any(group.state in asking for group in _groups_of_job())


def _groups_of_job() -> list[PlacementGroupTableData]:
    raw_groups = state._connect_and_get_accessor().get_placement_group_table()
    groups = [PlacementGroupTableData.FromString(raw) for raw in raw_groups]
    own = ray.get_runtime_context().get_job_id()
    return [group for group in groups if group.creator_job_id.hex() == own]


def _is_stale(group: PlacementGroupTableData) -> bool:
    return (
        ActorID(group.creator_actor_id) != ActorID.nil()  # a driver's is Tune's own
        and group.creator_actor_dead
        and group.state != PlacementGroupTableData.REMOVED
    )


# Names of Ray Train's workers, in the dashboard's lists and in their logs: what they train. Ray takes an
# actor's name from its `__repr__` when it starts; there is no public way to name them.

SORTING = "_sort_workers_by_gpu_id_grouped_by_node"


class NameWorkers(ControllerCallback):
    """Runs in the process of Ray Train's controller, before it starts workers."""

    def __init__(self, title: str) -> None:
        self.title = title

    def after_controller_start(self, train_run_context: TrainRunContext) -> None:
        """Ray Train's hook. A worker's rank is then the number of its bundle, which it knows at its start."""
        WorkerGroup._worker_cls = named_worker(self.title)
        setattr(WorkerGroup, SORTING, staticmethod(_unsorted))


def _unsorted(workers: list[Worker]) -> list[Worker]:
    """Ray sorts them for rings of GPUs that talk to each other; folds do not."""
    return workers


def named_worker(title: str) -> type[RayTrainWorker]:
    """The class of the workers of a run with this title."""

    def name(worker: RayTrainWorker) -> str:
        return f"{title} fold {bundle()}"

    return type(RayTrainWorker.__name__, (RayTrainWorker,), {"__repr__": name, "__module__": __name__})


def bundle() -> str:
    """Number of the placement group's bundle in which this process is: Ray tells it in resource names."""
    held = ray.worker.global_worker.core_worker.resource_ids()
    numbers = [number[1] for name in held if (number := re.match(r"bundle_group_(\d+)_", name))]
    return numbers[0] if numbers else "?"


# Failures. Ray Train's type for a worker that does not answer is not public; Tune hands on texts.

LOW_ON_MEMORY = "running low on memory"
"""In Ray's text, which goes on with advice for people who call it themselves."""


def was_killed(failure: Exception) -> bool:
    """Whether a worker's failure is the end of its process, and no error of what it ran."""
    died = getattr(failure, "health_check_failure", None)
    return isinstance(died, RayActorError | OutOfMemoryError)


# The file of `ray up`, checked as `ray up` checks it, without a cloud.


def cluster_schema() -> dict[str, Any]:
    """Ray's own schema of the file."""
    schema: dict[str, Any] = json.loads(
        (Path(ray.__file__).parent / "autoscaler/ray-schema.json").read_text()
    )
    return schema


def prepared_cluster(config: dict[str, Any]) -> dict[str, Any]:
    """The cluster as Ray completes it with its defaults; `config` is as the schema says.

    Raises:
        ValueError: it contradicts itself.
        NotImplementedError: Ray knows no such provider.
    """
    from ray.autoscaler._private.util import prepare_config, validate_config

    with _quiet():
        prepared: dict[str, Any] = prepare_config(config)
        validate_config(prepared)
    return prepared


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Ray talks about defaults and docker here, even where there is no docker."""
    logger = logging.getLogger("ray.autoscaler")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.setLevel(level)
