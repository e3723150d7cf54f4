import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.legs.allocation import Node
from orchestrator.training.driver.autoscaler import machines_at_most, machines_of

WORKER = Node(4, 1)
TYPES = {
    "head": {"resources": {"CPU": 0}, "max_workers": 0},
    "big": {"resources": {"CPU": 8, "GPU": 2}, "max_workers": 2},
    "small": {"resources": {"CPU": 4, "GPU": 1}},
}


def config(max_workers: int) -> dict[str, object]:
    return {"max_workers": max_workers, "head_node_type": "head", "available_node_types": TYPES}


def test_no_more_machines_than_the_types_and_the_cluster_may_have() -> None:
    assert machines_of(config(1)) == [Node(0), Node(8, 2)]
    assert machines_of(config(5)) == [Node(0), *[Node(8, 2)] * 2, *[WORKER] * 3]


def test_machines_of_unknown_size_are_none() -> None:
    """Provider local: what is up is what there is."""
    local = {"local.cluster.node": {"resources": {}, "max_workers": 3}}
    named = {"max_workers": 3, "head_node_type": "local.cluster.node", "available_node_types": local}
    assert machines_of(named) == []


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[str]:
    """A process with the options of Ray's monitor; the address of its cluster."""
    file, address = tmp_path / "ray_bootstrap_config.yaml", "192.0.2.7:6379"
    file.write_text(json.dumps(config(1)))
    options = [f"--gcs-address={address}", "--logs-dir=/a=b", f"--autoscaling-config={file}"]
    process = subprocess.Popen([sys.executable, "-c", "input()", *options], stdin=subprocess.PIPE)
    yield address
    process.kill()
    process.communicate()


def test_the_autoscaler_of_this_cluster_and_no_other_is_asked(monitor: str) -> None:
    assert machines_at_most(monitor) == [Node(0), Node(8, 2)]
    assert machines_at_most("192.0.2.7:6380") == []
