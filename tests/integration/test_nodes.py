"""Several Ray nodes on this machine: a head that trains nothing, and workers that come and go."""

import gc
import json
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

from tests.integration.heads import free_port
from tests.integration.programs import results, run, start, wait_for
from tests.places import SMOKE

pytestmark = [
    pytest.mark.integration,
    pytest.mark.cluster,
    pytest.mark.timeout(290),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of Ray: its nodes are children of this process
]

CHANGES = (
    "--set", "activations={sigmoid: {}}", "--set", "selections={verified_only: {}, top_k: {k: 2}}",
    "--set", "stages.0.iterations=40", "--set", "audio.n_mels=64",
    "--set", "compute={precision: bfloat16, tf32: true, channels_last: true}",
)  # fmt: skip
"""One row, long enough to be hit in the middle; frames wide enough to be told from all else that is sent; and
the switches for GPUs."""
FAST = {
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 2,
    "health_check_initial_delay_ms": 0,
}
"""A dead node is noticed within seconds."""
STORE = 80 * 2**20


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    head = {
        "num_cpus": 0,
        "include_dashboard": True,
        "dashboard_port": free_port(),
        "object_store_memory": STORE,
        "_system_config": FAST,
    }
    made = Cluster(initialize_head=True, head_node_args=head)
    for _ in range(2):
        add_worker(made)
    yield made
    made.shutdown()  # type: ignore[no-untyped-call]
    del made
    gc.collect()  # here, where its warnings are known


def add_worker(cluster: Cluster) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=STORE)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same grid on one node."""
    folder = tmp_path_factory.mktemp("alone")
    code, output = run(folder / "home", "run", "--config", SMOKE, "--out", folder / "out", *CHANGES)
    assert code == 0, output
    return folder / "out"


def grid(cluster: Cluster, folder: Path, *more: str) -> "subprocess.Popen[str]":
    """The command on this cluster, as on any other."""
    command = ("run", "--config", SMOKE, "--out", folder / "out", *CHANGES, *more)
    return start(folder / "home", *command, RAY_ADDRESS=cluster.address, RAY_AUTH_MODE="disabled")


def nodes_of(out: Path) -> list[set[str]]:
    """Of each leg the nodes that trained its folds."""
    results = [json.loads(path.read_text()) for path in out.glob("legs/*/result.json")]
    return [{fold["node"] for fold in result["folds"]} for result in results]


def received(node: Any) -> float:
    """Bytes of objects that this node has got from others."""
    url = f"http://{node.node_ip_address}:{node.metrics_export_port}/metrics"
    text = urllib.request.urlopen(url, timeout=30).read().decode()
    found = re.search(r'^ray_object_manager_bytes\{.*Type="Received".*\} (\S+)$', text, re.MULTILINE)
    assert found, text
    return float(found[1])


def test_folds_spread_over_nodes_and_features_reach_each_node_once(
    cluster: Cluster, alone: Path, tmp_path: Path
) -> None:
    output, _ = (command := grid(cluster, tmp_path, "--set", "resources.legs_per_run=one")).communicate()
    assert command.returncode == 0, output
    assert results(tmp_path / "out") == results(alone)
    workers = {node.node_id for node in cluster.worker_nodes}
    assert nodes_of(tmp_path / "out") == [workers] * 3
    size = sum(path.stat().st_size for path in tmp_path.glob("out/features/*/*.parquet"))
    for node in cluster.worker_nodes:
        assert size < received(node) < 2 * size  # three legs on two nodes, in six processes


def test_a_node_goes_and_another_comes(cluster: Cluster, alone: Path, tmp_path: Path) -> None:
    command = grid(cluster, tmp_path)
    wait_for(lambda: any(tmp_path.glob("out/legs/*/fold-0/state.pt")), "a checkpoint")
    before = {node.node_id for node in cluster.worker_nodes}
    cluster.remove_node(min(cluster.worker_nodes, key=lambda node: node.node_id), allow_graceful=False)
    new = add_worker(cluster).node_id
    output, _ = command.communicate()
    assert command.returncode == 0, output
    assert results(tmp_path / "out") == results(alone)
    trained = set.union(*nodes_of(tmp_path / "out"))
    assert new in trained
    assert new not in before
