"""Several Ray nodes on this machine: a head that trains nothing, and workers that come and go."""

import json
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import ray
from ray.cluster_utils import Cluster

from tests.integration.programs import SMOKE, results, run, start, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(290)]

CHANGES = (
    "--set", "activations={sigmoid: {}}", "--set", "selections={verified_only: {}, top_k: {k: 2}}",
    "--set", "resources.legs_per_run=one", "--set", "stages.0.iterations=30", "--set", "audio.n_mels=64",
)  # fmt: skip
"""One row, a run for each leg; frames wide enough to be told from everything else that nodes send."""
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
    head = {"num_cpus": 0, "include_dashboard": True, "object_store_memory": STORE, "_system_config": FAST}
    made = Cluster(initialize_head=True, head_node_args=head)  # type: ignore[no-untyped-call]
    for _ in range(2):
        add_worker(made)
    yield made
    made.shutdown()  # type: ignore[no-untyped-call]


def add_worker(cluster: Cluster) -> Any:
    return cluster.add_node(num_cpus=1, object_store_memory=STORE)  # type: ignore[no-untyped-call]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same grid on one node."""
    folder = tmp_path_factory.mktemp("alone")
    code, output = run(folder / "home", "run", "--config", SMOKE, "--out", folder / "out", *CHANGES)
    assert code == 0, output
    return folder / "out"


def received(cluster: Cluster) -> dict[str, float]:
    """Bytes of objects that each worker node has got from others, by its node id."""
    found = {}
    for node in cluster.worker_nodes:
        url = f"http://{node.node_ip_address}:{node.metrics_agent_port}/metrics"
        print(node.node_id, url)
    return found


def test_legs_spread_over_nodes_and_features_reach_each_once(
    cluster: Cluster, alone: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, output = run(tmp_path / "home", "run", "--config", SMOKE, "--out", out, *CHANGES,
                       RAY_ADDRESS=cluster.address)  # fmt: skip
    assert code == 0, output
    print(output)
    assert results(out) == results(alone)
    for leg in out.glob("legs/*/result.json"):
        print(leg.read_text())
    received(cluster)
    for node in cluster.worker_nodes:
        url = f"http://{node.node_ip_address}:{node.metrics_agent_port}/metrics"
        t = urllib.request.urlopen(url, timeout=30).read().decode()
        print([l for l in t.splitlines() if "object_manager" in l or "bytes" in l])
