"""The cluster file of `ray up`: what is shipped passes, and every check finds its fault."""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from orchestrator.legs.allocation import make_shares
from orchestrator.settings.tree import Resources
from orchestrator.training.driver.autoscaler import machines_of
from orchestrator.training.driver.cluster_file import check_cluster_file
from tests.orchestrator.training.driver.edits import CLUSTER, Config, drop, load, put, rewrite
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


INSTALL = "setup_commands"
HEAD, WORKER = "head_start_ray_commands", "worker_start_ray_commands"
TYPES = "available_node_types"
FAULTS = [
    ("no name", drop("cluster_name"), "cluster_name: missing"),
    ("no auth", drop("auth"), "auth: missing"),
    ("no provider", drop("provider"), "provider: must say a type"),
    ("no provider type", drop("provider", "type"), "provider: must say a type"),
    ("wrong provider", put("provider", "type", value="awz"), "awz"),
    ("no limit", drop("max_workers"), "max_workers: missing"),
    ("no types", drop(TYPES), f"{TYPES}: missing"),
    ("unknown key", put("max_worker", value=3), "max_worker: unknown key, did you mean max_workers?"),
    (
        "unknown auth key",
        put("auth", "ssh_usr", value="a"),
        "auth.ssh_usr: unknown key, did you mean ssh_user?",
    ),
    (
        "unknown provider key",
        put("provider", "regoin", value="x"),
        "provider.regoin: unknown key, did you mean region?",
    ),
    ("unknown node key", put(TYPES, "g6", "min_worker", value=0), "g6.min_worker: unknown key"),
    ("no resources", drop(TYPES, "g6", "resources"), f"{TYPES}.g6: 'resources' is a required property"),
    ("half a GPU", put(TYPES, "g6", "resources", "GPU", value=0.5), f"{TYPES}.g6.resources.GPU: 0.5"),
    ("no such head", put("head_node_type", value="haed"), "head_node_type"),
    ("too many", put(TYPES, "g6", "min_workers", value=10), "max_workers"),
    ("negative timeout", put("idle_timeout_minutes", value=-1), "idle_timeout_minutes: -1"),
    ("one command", put(INSTALL, value="pip install ."), "setup_commands: 'pip install .' is not of type"),
    ("head trains", put(TYPES, "head", "resources", "CPU", value=4), "CPU must be 0"),
    ("head unsaid", drop(TYPES, "head", "resources", "CPU"), "CPU must be 0"),
    ("no mount", put("file_mounts", "~/stagegrid/trainable", value="trianable"), "trianable does not exist"),
    ("no token", drop("file_mounts", "~/.ray/auth_token"), "~/.ray/auth_token is missing"),
    (
        "token lost",
        put("file_mounts", "~/.ray/auth_token", value="~/x"),
        "~/x does not exist; make it: (umask",
    ),
    (
        "dashboard unsaid",
        rewrite(HEAD, "--dashboard-host=127.0.0.1", ""),
        f"{HEAD}: `ray start --head` needs",
    ),
    ("dashboard open", rewrite(HEAD, "127.0.0.1", "0.0.0.0"), f"{HEAD}: 0.0.0.0 opens"),
    ("dashboard by name", rewrite(HEAD, "=127.0.0.1", "=127.0.0.10"), "needs --dashboard-host=127.0.0.1"),
    ("dashboard IPv6", rewrite(HEAD, "127.0.0.1", "::"), "needs --dashboard-host=127.0.0.1"),
    ("Ray's own start", drop(HEAD), "0.0.0.0"),
    (
        "open in setup",
        put(INSTALL, value=["nc -l 0.0.0.0 # cluster/constraints.txt"]),
        "setup_commands: 0.0.0.0",
    ),
    ("head without token", rewrite(HEAD, "RAY_AUTH_MODE=token ", ""), f"{HEAD}: write RAY_AUTH_MODE=token"),
    ("worker without token", rewrite(WORKER, "=token", "=disabled"), f"{WORKER}: write RAY_AUTH_MODE=token"),
    ("no pins", rewrite(INSTALL, "--constraint ~/stagegrid/cluster/constraints.txt", ""), "--constraint"),
    ("another python", rewrite(INSTALL, "python3.11", "python3.10"), "python 3.10, but stagegrid"),
    (
        "two pythons",
        put("docker", value={"image": "rayproject/ray:2.60.0-py312-gpu", "container_name": "c"}),
        "two versions of python on one cluster (3.11 in setup_commands, 3.12 in docker.image)",
    ),
    ("another ray", rewrite(INSTALL, "--editable", "'ray[default]==2.9.3' -e"), "setup_commands: ray 2.9.3"),
    ("another torch", rewrite(INSTALL, "--editable", "torch==2.12.1 -e"), "setup_commands: torch 2.12.1"),
    (
        "another image",
        put("docker", value={"image": "rayproject/ray:2.9.3-py311-gpu", "container_name": "c"}),
        "docker.image: ray 2.9.3",
    ),
    (
        "another image's python",
        put("docker", value={"image": "rayproject/ray:2.60.0-py310-gpu", "container_name": "c"}),
        "docker.image: python 3.10",
    ),
    (
        "in a node type",
        put(TYPES, "g6", "worker_setup_commands", value=["pip install torch==1.0"]),
        f"{TYPES}.g6.worker_setup_commands: torch 1.0",
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


LOCAL_FAULTS = [
    ("ray stop", put(HEAD, value=["ray stop", *LOCAL[HEAD]]), "ends every Ray of this machine"),
    ("Ray's own start", drop(HEAD), "ends every Ray of this machine"),
    ("no address", drop("provider", "head_ip"), "provider.head_ip: missing"),
    ("node types", put(TYPES, value={}), "provider local has none"),
    (
        "typo",
        put("provider", "worker_ip", value=[]),
        "provider.worker_ip: unknown key, did you mean worker_ips?",
    ),
]


@pytest.mark.parametrize(
    ("change", "message"), [f[1:] for f in LOCAL_FAULTS], ids=[f[0] for f in LOCAL_FAULTS]
)
def test_a_fault_of_a_cluster_on_this_machine(
    change: Callable[[Config], None], message: str, tmp_path: Path
) -> None:
    config = copy.deepcopy(LOCAL)
    change(config)
    with pytest.raises(ValueError, match=re.escape(message)):
        check(config, tmp_path)


def test_several_faults_are_told_at_once(tmp_path: Path) -> None:
    config = load("gpu.yaml")
    config[TYPES]["head"]["resources"]["CPU"] = 4
    config["file_mounts"]["~/x"] = "nowhere"
    with pytest.raises(ValueError, match="nowhere does not exist") as error:
        check(config, tmp_path)
    assert "CPU must be 0" in str(error.value)


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


def test_elsewhere_the_pins_are_missed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="run this in the project's folder"):
        check(LOCAL, tmp_path)
