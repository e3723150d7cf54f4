"""A process looked at and ended from outside, on a small one in place of a run."""

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.drill.scene import Scene
from orchestrator.legs import artifacts
from tests.orchestrator.fake_run import make_fake_run
from trainable.errors import UserError

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
    with pytest.raises(UserError, match=r"the run ended before the moment, see .*out\.log"):
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
