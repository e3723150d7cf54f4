"""What is private to Ray is as this program uses it: a new Ray that moves a name fails here, and only here.

With a real cluster: tests/integration/test_stale_groups.py (placement groups) and test_ray_start.py (names of
workers, the driver's log).
"""

import inspect
import os
import re
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import ray
from ray._private.state import state
from ray.core.generated.gcs_pb2 import PlacementGroupTableData  # type: ignore[attr-defined]
from ray.exceptions import ActorDiedError
from ray.train import ScalingConfig
from ray.train.v2._internal.exceptions import WorkerHealthCheckFailedError
from ray.train.v2._internal.execution.callback import ControllerCallback
from ray.train.v2._internal.execution.worker_group.worker import RayTrainWorker
from ray.train.v2._internal.execution.worker_group.worker_group import WorkerGroup
from ray.util.placement_group import PlacementGroup

from orchestrator.training import ray_private
from orchestrator.training.driver.head_watch import HEAD_SECONDS
from tests.places import ROOT

RAY = Path(ray.__file__).parent
SEEN_IN = "2.60.0"
JOB = "07000000"


def test_the_ray_that_is_here_is_the_one_that_was_read() -> None:
    assert SEEN_IN in (ray_private.__doc__ or "")
    assert f"ray=={SEEN_IN}" in (ROOT / "cluster/constraints.txt").read_text().splitlines()
    assert version("ray") == SEEN_IN


@pytest.mark.parametrize("name", [*ray_private.OPTIONS, ray_private.HANG, ray_private.STATE_TRACKING])
def test_ray_reads_each_variable(name: str) -> None:
    """Some names are put together: RAY_TRAIN_ followed by a constant's name."""
    folders = ("train", "tune", "air", "_common", "_private")
    files = [path for folder in folders for path in (RAY / folder).rglob("*.py")]
    assert any(name in path.read_text() for path in files)


def test_a_killed_process_is_told_from_an_error() -> None:
    """Ray Train's type is not public, and its text for memory comes from compiled code."""
    signature = inspect.signature(WorkerHealthCheckFailedError)
    assert list(signature.parameters)[:2] == ["message", "failure"]
    assert "health_check_failure" in inspect.getsource(WorkerHealthCheckFailedError)
    assert ray_private.was_killed(WorkerHealthCheckFailedError("x", ActorDiedError()))
    assert not ray_private.was_killed(WorkerHealthCheckFailedError("x", RuntimeError()))
    assert not ray_private.was_killed(RuntimeError())
    assert ray_private.LOW_ON_MEMORY.encode() in (RAY / "core/src/ray/raylet/raylet").read_bytes()


# --- the cluster here ----------------------------------------------------------------------------------


def test_what_ray_start_has_begun_is_known_by_its_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert ray_private.begun_address() is None
    from ray._private.utils import write_ray_address  # what `ray start` calls

    (tmp_path / "ray").mkdir()
    write_ray_address("10.0.0.1:6379")
    assert ray_private.begun_address() == "10.0.0.1:6379"
    assert "write_ray_address" in (RAY / "scripts/scripts.py").read_text()
    assert "write_ray_address" not in (RAY / "_private/worker.py").read_text(), "ray.init would be joined"
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert ray_private.begun_address() is None, "another user's"


def test_the_head_of_ray_up_knows_its_cluster_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert ray_private.autoscaler_config() is None
    (tmp_path / "ray_bootstrap_config.yaml").write_text("max_workers: 3\n")
    assert ray_private.autoscaler_config() == {"max_workers": 3}
    assert '"~/ray_bootstrap_config.yaml"' in (RAY / "autoscaler/_private/commands.py").read_text()


def test_lines_are_added_to_the_drivers_log_and_a_full_disk_is_no_reason_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(ray._private.node.Node.get_logs_dir_path)
    assert callable(ray.worker.get_dashboard_url)
    logs = tmp_path / "logs"
    node = SimpleNamespace(get_logs_dir_path=lambda: str(logs))
    monkeypatch.setattr(ray.worker, "global_worker", SimpleNamespace(node=node))
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(get_job_id=lambda: JOB))
    write = ray_private.job_log()
    write("no such folder")
    logs.mkdir()
    write("one")
    write("two")
    assert (logs / f"job-driver-{JOB}-stagegrid.log").read_text() == "one\ntwo\n"


# --- placement groups ----------------------------------------------------------------------------------


def group(number: int, job: str = JOB, actor: bool = True, dead: bool = False, at: str = "CREATED") -> bytes:
    raw: bytes = PlacementGroupTableData(
        placement_group_id=bytes([number]) * 18,
        creator_job_id=bytes.fromhex(job),
        creator_actor_id=b"\1" * 16 if actor else b"\xff" * 16,
        creator_actor_dead=dead,
        state=PlacementGroupTableData.PlacementGroupState.Value(at),
    ).SerializeToString()
    return raw


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What the cluster tells of its groups; this job is JOB."""
    told: list[bytes] = []
    accessor = SimpleNamespace(get_placement_group_table=lambda: told)
    assert callable(state._connect_and_get_accessor)
    monkeypatch.setattr(state, "_connect_and_get_accessor", lambda: accessor)
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(get_job_id=lambda: JOB))
    return told


def test_the_groups_of_this_jobs_dead_actors_are_removed(
    groups: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[PlacementGroup] = []
    monkeypatch.setattr(ray_private, "remove_placement_group", removed.append)
    groups += [group(1), group(2, dead=True), group(3, "08000000", dead=True)]
    groups += [group(4, actor=False, dead=True), group(5, dead=True, at="REMOVED")]
    assert ray_private.drop_stale_groups() == ["02" * 18]
    assert [stale.id.hex() for stale in removed] == ["02" * 18]


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        (group(1), False),
        (group(1, at="PENDING"), True),
        (group(1, at="RESCHEDULING"), True),
        (group(1, "08000000", at="PENDING"), False),
    ],
)
def test_folds_that_ask_for_a_place_in_vain_are_seen(groups: list[bytes], told: bytes, lacks: bool) -> None:
    groups.append(told)
    assert ray_private.lacks_capacity() == lacks


# --- names of workers ----------------------------------------------------------------------------------


@pytest.fixture
def second_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    ids: dict[str, object] = {"CPU_group_1_ab": [], "bundle_group_ab": [], "bundle_group_1_ab": []}
    core = SimpleNamespace(resource_ids=lambda: ids)
    monkeypatch.setattr(ray.worker, "global_worker", SimpleNamespace(core_worker=core))


def test_a_worker_is_called_after_its_row_columns_and_fold(second_bundle: None) -> None:
    made = ray_private.named_worker("sigmoid top_k seed 0")
    assert issubclass(made, RayTrainWorker)
    assert (made.__name__, repr(made())) == ("RayTrainWorker", "sigmoid top_k seed 0 fold 1")


def test_the_controller_makes_such_workers_and_leaves_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sorting = ray_private.SORTING
    monkeypatch.setattr(WorkerGroup, "_worker_cls", WorkerGroup._worker_cls)
    monkeypatch.setattr(WorkerGroup, sorting, staticmethod(getattr(WorkerGroup, sorting)))
    assert callable(ControllerCallback.after_controller_start)
    run_context: Any = None
    ray_private.NameWorkers("row").after_controller_start(run_context)
    assert WorkerGroup._worker_cls.__module__ == ray_private.__name__
    workers: Any = ["b", "a"]
    assert getattr(WorkerGroup, sorting)(workers) == ["b", "a"]


def test_a_run_of_ray_train_needs_no_process_group_of_torch() -> None:
    """Public is the trainer that makes one, and imports torch."""
    assert ray_private.DataParallelTrainer(print, scaling_config=ScalingConfig(num_workers=2))
    assert "torch" not in ray_private.DataParallelTrainer.__module__


def test_nothing_else_of_the_program_names_what_is_private() -> None:
    private = re.compile(r"ray\.\S*\b_(private|internal|common|raylet)\b|ray\._|ray\.train\.v2|ray\.worker\b")
    naming = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "orchestrator").rglob("*.py")
        if private.search(path.read_text())
    ]
    assert naming == ["orchestrator/training/ray_private.py"]
    assert HEAD_SECONDS < 60, "Ray itself gives up after that"
