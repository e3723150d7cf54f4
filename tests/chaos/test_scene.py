"""What the chaos tests look at, and what they break: on a small process and on the files of a fake run."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.legs import artifacts
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.scene import Scene
from tests.orchestrator.fake_run import make_fake_run

PARENT = """
import subprocess, sys
subprocess.run([sys.executable, "-c", "import time; time.sleep(60)  # a ray::Child"])
"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    make_fake_run(tmp_path / "out", activations=("sigmoid",), missing={("sigmoid", "top_k")})
    scene = Scene([], tmp_path / "out")
    scene.process = subprocess.Popen([sys.executable, "-c", PARENT], start_new_session=True)
    return scene


def test_everything_that_the_command_started_is_found_by_name_and_ended(scene: Scene) -> None:
    scene.wait_for(lambda: bool(scene.processes_called("ray::Child")), "the child")
    (child,) = scene.processes_called("ray::Child")
    began = time.monotonic()
    scene.end()
    assert time.monotonic() - began < 30
    assert not psutil.pid_exists(child.pid) or child.status() == psutil.STATUS_ZOMBIE
    assert scene.running.returncode is not None


def test_a_moment_that_never_comes_is_named(scene: Scene) -> None:
    scene.end()
    with pytest.raises(AssertionError, match=r"the run ended before the moment, see .*out\.log"):
        scene.wait_for(lambda: False, "the moment")


def test_folds_are_those_that_have_begun(scene: Scene) -> None:
    folds = scene.folds()
    done = [leg for leg in (scene.out / artifacts.LEGS).iterdir() if (leg / artifacts.RESULT).exists()]
    assert set(folds) == {f"{leg.name}/fold-{k}" for leg in done for k in (0, 1)}
    assert all(folder.is_done for folder in folds.values())
    assert scene.progress() == {}
    assert scene.is_alive(time.time() - 1000)
    assert not scene.is_alive(time.time() + 1)
    scene.end()


@pytest.mark.parametrize("fault", [f for f in FAULTS if f.moment == "finished"], ids=lambda f: f.name)
def test_a_fault_of_a_finished_run_changes_exactly_one_file(tmp_path: Path, fault: Fault) -> None:
    out = tmp_path / "out"
    run = make_fake_run(out, activations=("sigmoid",), selections=("top_k",))
    run.legs[run.manifest.legs[0].id].fold(0).store.write(artifacts.WEIGHTS, bytes(100))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    fault.deed(Scene([], out))
    after = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert len([path for path in before if after.get(path) != before[path]]) == 1
    assert after.keys() <= before.keys()
