"""The Rays of a machine, told apart by the command lines of their processes and the file of `ray start`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator.training.driver.neighbours import (
    LocalRay,
    begun_address,
    local_rays,
    shared_machine,
    usual_folder,
)


class FakeProcess:
    """As psutil's, with what was asked for."""

    def __init__(self, name: str, *arguments: str, user: str | None = "ann") -> None:
        self.info: dict[str, Any] = {"name": name, "cmdline": ["/bin/" + name, *arguments], "username": user}


def raylet(address: str, folder: object, session: str = "session_2026-01-01_10-00-00_1_77") -> FakeProcess:
    others = "--python_worker_command=python --gcs-address=x --temp-dir=/wrong"
    own = (f"--gcs-address={address}", f"--temp_dir={folder}", f"--session-name={session}", "--head")
    return FakeProcess("raylet", others, *own)


def begun(folder: Path, address: str) -> LocalRay:
    """One that `ray start` began."""
    folder.mkdir(exist_ok=True)
    (folder / "ray_current_cluster").write_text(address)
    return LocalRay(address, str(folder), "session_1_5", "ann")


def test_each_ray_is_found_once_by_its_own_options(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    twice = [raylet("10.0.0.1:1", tmp_path)] * 2
    none = [FakeProcess("python", "raylet"), FakeProcess("raylet", "--broken")]
    found = [*twice, *none, FakeProcess("raylet", "--gcs-address=10.0.0.2:2", user=None)]
    monkeypatch.setattr(psutil, "process_iter", lambda attributes: iter(found))
    first, second = local_rays()
    assert first == LocalRay("10.0.0.1:1", str(tmp_path), "session_2026-01-01_10-00-00_1_77", "ann")
    assert (first.starter, first.is_begun) == (77, False)
    assert (second.folder, second.starter, second.user) == ("", None, "another user")


def test_only_what_this_user_has_begun_in_the_usual_folder_is_joined(tmp_path: Path) -> None:
    folder = str(tmp_path / "ray")
    private, started = LocalRay("10.0.0.1:1", folder, "", "ann"), begun(tmp_path / "ray", "10.0.0.1:2")
    assert begun_address([], "ann", folder) is None
    assert begun_address([private], "ann", folder) is None
    assert begun_address([private, started], "ann", folder) == "10.0.0.1:2"
    assert begun_address([private, started], "bob", folder) is None
    assert begun_address([private, started], "ann", str(tmp_path)) is None


def test_the_usual_folder_is_rays_own(monkeypatch: pytest.MonkeyPatch) -> None:
    from ray._common import utils

    rays_own: Callable[[], str] = utils.get_default_ray_temp_dir
    for name in ("RAY_TMPDIR", "TMPDIR"):
        monkeypatch.delenv(name, raising=False)
    assert usual_folder() == rays_own() == "/tmp/ray"
    for name in ("TMPDIR", "RAY_TMPDIR"):
        monkeypatch.setenv(name, f"/var/{name}")
        assert usual_folder() == rays_own() == f"/var/{name}/ray"


def test_who_shares_the_machine_is_named(tmp_path: Path) -> None:
    own = LocalRay("10.0.0.1:1", str(tmp_path), "session_5", "ann")
    assert shared_machine([own], own.address) is None
    others = [LocalRay(f"10.0.0.1:{port}", str(tmp_path), "session_9", "bob") for port in range(2, 7)]
    line = shared_machine([own, others[0], begun(tmp_path / "b", "10.0.0.1:9")], own.address)
    assert line is not None
    assert "Ray at 10.0.0.1:2 (of process 9, bob), 10.0.0.1:9 (of ann); they share its CPUs" in line
    assert "10.0.0.1:4 (of process 9, bob) and 2 more;" in str(shared_machine(others, own.address))
