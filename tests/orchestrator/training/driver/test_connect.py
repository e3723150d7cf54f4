import socket
import stat
from pathlib import Path
from types import SimpleNamespace

import pyarrow.fs as pafs
import pytest
import ray

from orchestrator.files.store import Store
from orchestrator.legs.allocation import Node
from orchestrator.settings.loading import load_experiment
from orchestrator.training import ray_private
from orchestrator.training.driver import connect
from orchestrator.training.driver.connect import _answering, _protect_token, check_storage, largest, shortage
from tests.places import SMOKE


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RAY_AUTH_MODE", "to be put back")
    monkeypatch.delenv("RAY_AUTH_MODE")
    return tmp_path


def test_a_new_token_is_for_its_owner_alone(home: Path) -> None:
    _protect_token()
    token = home / ".ray" / "auth_token"
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert stat.S_IMODE(token.parent.stat().st_mode) == 0o700
    assert len(token.read_text()) == 64


def test_a_token_that_is_there_stays(home: Path) -> None:
    (home / ".ray").mkdir()
    (home / ".ray" / "auth_token").write_text("mine")
    _protect_token()
    assert (home / ".ray" / "auth_token").read_text() == "mine"


def test_who_has_chosen_keeps_the_choice(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    _protect_token()
    assert not (home / ".ray").exists()


def test_a_path_of_one_machine_is_no_place_for_several(tmp_path: Path) -> None:
    out = Store.open(tmp_path)
    with pytest.raises(ValueError, match=r"the cluster has 2: .*resources\.shared_path"):
        check_storage(out, 2, shared_path=False)
    check_storage(out, 2, shared_path=True)
    check_storage(out, 1, shared_path=False)
    objects = Store(pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem()), "bucket")
    check_storage(objects, 2, shared_path=False)


def test_a_ray_that_has_gone_is_not_joined() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert _answering(address) == address
    assert _answering(address) is None
    assert _answering(None) is None


@pytest.mark.parametrize(
    ("begun", "machines"),
    [("10.0.0.1:6379", [Node(0), Node(4, 1)]), ("10.0.0.1:6380", []), (None, [])],
)
def test_the_cluster_of_ray_up_grows_and_no_other(
    begun: str | None, machines: list[Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    kinds = {"head": {"resources": {"CPU": 0}, "max_workers": 0}, "g6": {"resources": {"CPU": 4, "GPU": 1}}}
    config = {"max_workers": 1, "head_node_type": "head", "available_node_types": kinds}
    monkeypatch.setattr(ray, "get_runtime_context", lambda: SimpleNamespace(gcs_address="127.0.0.1:6379"))
    monkeypatch.setattr(ray_private, "begun_address", lambda: begun)
    monkeypatch.setattr(ray_private, "autoscaler_config", lambda: config)
    assert largest(load_experiment(SMOKE, ()).resources) == machines
    stated = load_experiment(SMOKE, ["resources.machines=[{cpus: 2, count: 2}]"]).resources
    assert largest(stated) == [Node(2), Node(2)]


def test_what_is_short_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "available_resources", lambda: {"CPU": 1.0})
    monkeypatch.setattr(ray, "cluster_resources", lambda: {"CPU": 4.0})
    assert shortage({"CPU": 1.0}) is None
    assert shortage({"CPU": 1.99}) == "no free CPUs (1 of 4 CPUs are free, 1.99 needed)"
    assert str(shortage({"CPU": 1.0, "GPU": 0.5})).startswith("no free GPUs (0 of 0 GPUs are free, 0.5")


def test_machines_that_are_up_are_told_by_their_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        {"NodeID": name, "NodeManagerHostname": "here", "Alive": name != "c", "Resources": {"CPU": 2.0}}
        for name in "abc"
    ]
    monkeypatch.setattr(ray, "nodes", lambda: nodes)
    assert connect.hosts() == {"a": "here", "b": "here"}
    assert connect.nodes() == [Node(2.0), Node(2.0)]
