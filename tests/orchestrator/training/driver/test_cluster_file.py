"""The cluster file of `ray up`: what is shipped passes, and a fault is named. Held besides, of the shipped
files alone: test_shipped_files.py."""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from orchestrator.legs.allocation import Node, make_shares
from orchestrator.settings.tree import Resources
from orchestrator.training.driver.cluster_file import check_cluster_file, machines_of
from tests.orchestrator.training.driver.edits import CLUSTER, Config, drop, load, put
from tests.places import ROOT


@pytest.fixture(autouse=True)
def in_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory is the project, the home a new one with a token that only its owner reads."""
    home = tmp_path / "home"
    (home / ".ray").mkdir(parents=True)
    (home / ".ray/auth_token").touch(mode=0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(ROOT)
    return home


def check(config: Config, folder: Path) -> Config:
    path = folder / "broken.yaml"
    path.write_text(yaml.safe_dump(config))
    return check_cluster_file(path)


LOCAL: Config = {
    "cluster_name": "here",
    "provider": {"type": "local", "head_ip": "127.0.0.1", "worker_ips": []},
    "auth": {"ssh_user": "root"},
    "head_start_ray_commands": ["ray start --head --dashboard-host 127.0.0.1"],
    "worker_start_ray_commands": [],
}


@pytest.mark.parametrize("name", ["gpu.yaml", "gpu-gcp.yaml"])
def test_what_is_shipped_passes(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    prepared = check_cluster_file(CLUSTER / name)
    head = prepared["available_node_types"][prepared["head_node_type"]]
    workers = [n for k, n in prepared["available_node_types"].items() if k != prepared["head_node_type"]]
    assert head["max_workers"] == 0
    assert all(n["min_workers"] == 0 and n["resources"]["GPU"] == 1 for n in workers)
    assert make_shares(machines_of(prepared), 4, Resources()).trials == 2  # of nine machines
    assert sum("--constraint" in command for command in prepared["worker_setup_commands"]) == 1
    assert capfd.readouterr() == ("", "")


def test_a_cluster_on_this_machine_needs_less(tmp_path: Path) -> None:
    assert check(LOCAL, tmp_path)["provider"]["head_ip"] == "127.0.0.1"


TYPES = "available_node_types"
FAULTS = [
    ("no name", drop("cluster_name"), "cluster_name: missing"),
    ("no auth", drop("auth"), "auth: missing"),
    ("no provider", drop("provider"), "provider: missing"),
    ("no provider type", drop("provider", "type"), "provider: 'type' is a required property"),
    ("wrong provider", put("provider", "type", value="awz"), "awz"),
    ("unknown key", put("max_worker", value=3), "max_worker: unknown key, did you mean max_workers?"),
    (
        "unknown auth key",
        put("auth", "ssh_usr", value="a"),
        "auth.ssh_usr: unknown key, did you mean ssh_user?",
    ),
    ("unknown node key", put(TYPES, "g6", "min_worker", value=0), "g6.min_worker: unknown key"),
    ("no resources", drop(TYPES, "g6", "resources"), f"{TYPES}.g6: 'resources' is a required property"),
    ("half a GPU", put(TYPES, "g6", "resources", "GPU", value=0.5), f"{TYPES}.g6.resources.GPU: 0.5"),
    ("no such head", put("head_node_type", value="haed"), "head_node_type"),
    ("too many", put(TYPES, "g6", "min_workers", value=10), "max_workers"),
    (
        "one command",
        put("setup_commands", value="pip install ."),
        "setup_commands: 'pip install .' is not of",
    ),
    ("no mount", put("file_mounts", "~/stagegrid/trainable", value="trianable"), "trianable does not exist"),
    (
        "token lost",
        put("file_mounts", "~/.ray/auth_token", value="~/x"),
        "~/x does not exist; make it: (umask",
    ),
]


@pytest.mark.parametrize(("change", "message"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_a_fault_is_named_with_file_and_key(
    change: Callable[[Config], None], message: str, tmp_path: Path
) -> None:
    config = copy.deepcopy(load("gpu.yaml"))
    change(config)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        check(config, tmp_path)
    assert all(line.startswith(f"{tmp_path / 'broken.yaml'}: ") for line in str(error.value).splitlines())


def test_a_token_that_others_can_read_is_refused(in_the_project: Path) -> None:
    (in_the_project / ".ray/auth_token").chmod(0o644)
    with pytest.raises(ValueError, match=r"others may read ~/.ray/auth_token: chmod 600"):
        check_cluster_file(CLUSTER / "gpu.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("- a\n", "must be a mapping"), ("a: [\n", "line 2"), (None, "no such cluster file")],
)
def test_what_is_no_cluster_file(text: str | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=message):
        check_cluster_file(path)


KINDS = {
    "head": {"resources": {"CPU": 0}, "max_workers": 0},
    "big": {"resources": {"CPU": 8, "GPU": 2}, "max_workers": 2},
    "small": {"resources": {"CPU": 4, "GPU": 1}},
}


def test_no_more_machines_than_the_types_and_the_cluster_may_have() -> None:
    config = {"head_node_type": "head", TYPES: KINDS}
    assert machines_of(config | {"max_workers": 1}) == [Node(0), Node(8, 2)]
    assert machines_of(config | {"max_workers": 5}) == [Node(0), *[Node(8, 2)] * 2, *[Node(4, 1)] * 3]


def test_machines_of_unknown_size_are_none() -> None:
    """Provider local: what is up is what there is."""
    kinds = {"local.cluster.node": {"resources": {}, "max_workers": 3}}
    assert machines_of({"max_workers": 3, "head_node_type": "local.cluster.node", TYPES: kinds}) == []
