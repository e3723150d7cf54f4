"""A cluster without a worker, to which Ray's own autoscaler brings machines (processes on this one)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.heads import free_port, ray_start, short_folder
from tests.places import ROOT, SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(280)]

LISTS = (
    "cluster_synced_files", "rsync_exclude", "rsync_filter", "initialization_commands", "setup_commands",
    "head_setup_commands", "worker_setup_commands", "head_start_ray_commands", "worker_start_ray_commands",
)  # fmt: skip
"""What a whole cluster file has, and these machines need not."""


def autoscaler(port: int) -> dict[str, object]:
    """A cluster file as `ray up` leaves it on the head, for machines of one CPU that are processes here."""
    return {
        "cluster_name": "fake",
        "provider": {
            "type": "fake_multinode",
            "gcs_address": f"127.0.0.1:{port}",
            "use_node_id_as_ip": True,
            "disable_node_updaters": True,
            "disable_launch_config_check": True,
        },
        "head_node_type": "ray.head.default",
        "available_node_types": {
            "ray.head.default": {"resources": {"CPU": 0}, "node_config": {}, "max_workers": 0},
            "machine": {"resources": {"CPU": 1}, "node_config": {}, "min_workers": 0, "max_workers": 2},
        },
        "max_workers": 2,
        "upscaling_speed": 1.0,
        "idle_timeout_minutes": 5,
        "file_mounts_sync_continuously": False,
        **{key: {} for key in ("auth", "docker", "file_mounts")},
        **{key: [] for key in LISTS},
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, dict[str, str]]]:
    """Its folder, and the environment of programs that join it."""
    with short_folder() as folder:
        port = free_port()
        file = Path(folder) / "ray_bootstrap_config.yaml"  # in the home of who runs `ray start`
        file.write_text(json.dumps(autoscaler(port)))
        yield folder, ray_start(
            folder, port, "--num-cpus", 0, "--dashboard-port", free_port(), f"--autoscaling-config={file}",
            files="ray", RAY_TMPDIR=folder,
            RAY_FAKE_CLUSTER="1", AUTOSCALER_UPDATE_INTERVAL_S="1", RAY_AUTH_MODE="disabled",
        )  # fmt: skip


def stagegrid(cluster: tuple[str, dict[str, str]], *changes: str) -> "subprocess.CompletedProcess[str]":
    folder, environment = cluster
    command = [sys.executable, ROOT / "orchestrator/grid.py", "--config", SMOKE, "--out", f"{folder}/out"]
    words = [word for change in ("activations={sigmoid: {}}", *changes) for word in ("--set", change)]
    return subprocess.run(
        [*map(str, command), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def test_a_path_of_the_head_is_refused_before_machines_are_paid_for(
    cluster: tuple[str, dict[str, str]],
) -> None:
    refused = stagegrid(cluster)
    assert refused.returncode == 2
    assert "is a path of this machine, and the cluster has 3" in refused.stderr


def test_machines_come_when_the_grid_asks_for_them(cluster: tuple[str, dict[str, str]]) -> None:
    done = stagegrid(cluster, "resources.shared_path=true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "divided as its 3 machines at the most" in done.stdout
    legs = [json.loads(path.read_text()) for path in Path(cluster[0]).glob("out/legs/*/result.json")]
    assert len(legs) == 4
    assert len({fold["node"] for leg in legs for fold in leg["folds"]}) == 2
