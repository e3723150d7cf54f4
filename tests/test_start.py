"""The program's start: a foreign package of our name is told in one line, and heavy packages wait."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import stagegrid

from tests.orchestrator.fake_run import make_fake_run
from tests.places import ROOT, SMOKE

PARTS = {"torch._C", "ray._raylet", "pandas._libs", "scipy.special", "matplotlib", "sklearn"}
"""What is there once a package has run."""


def started(*paths: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "import stagegrid; stagegrid.main()", "--version"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


def test_our_packages_are_known() -> None:
    assert stagegrid.foreign_package() == ""
    done = started(ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("stagegrid 0.")


@pytest.mark.parametrize("name", stagegrid.PACKAGES)
@pytest.mark.parametrize("form", ["package", "module", "folder"])
def test_a_foreign_one_is_one_line(tmp_path: Path, name: str, form: str) -> None:
    if form == "module":
        (tmp_path / f"{name}.py").touch()
    else:
        (tmp_path / name).mkdir()
        if form == "package":
            (tmp_path / name / "__init__.py").touch()
    done = started(tmp_path, ROOT)
    if form == "folder":  # Python takes a package further down the path before it
        assert done.returncode == 0
        return
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"stagegrid: {tmp_path / name}")
    assert "is another project's package" in done.stderr
    assert done.stderr.count("\n") == 1


def loaded(statements: str) -> set[str]:
    code = f"import atexit, sys\natexit.register(lambda: print('LOADED', *sys.modules))\n{statements}"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split()) & PARTS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    make_fake_run(folder, activations=("sigmoid",), selections=("top_k", "threshold"))
    return folder


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["status", "RUN"], ["plan", "--config", str(SMOKE)]]
)
def test_commands_that_compute_nothing_load_nothing_heavy(words: list[str], run: Path) -> None:
    words = [str(run) if word == "RUN" else word for word in words]
    assert loaded(f"import stagegrid; sys.argv[1:] = {words}; stagegrid.main()") == set()


def test_a_run_with_nothing_left_to_do_needs_neither_torch_nor_ray() -> None:
    unloads = "import stagegrid; stagegrid.unload(stagegrid.HEAVY)"
    assert not loaded(f"{unloads}; import orchestrator.training.fill") & {"torch._C", "ray._raylet"}


LATE = """
import stagegrid; stagegrid.unload(["torch"]); assert "torch" in sys.modules
import torch, torch as again; from threading import Thread
assert "torch._C" not in sys.modules; USE
assert again is sys.modules["torch"] and torch.nn.functional.relu(torch.ones(1)) == 1
"""


@pytest.mark.parametrize(
    "use",
    [
        "torch.ones(1)",
        "import torch.nn.functional as F; F.relu(torch.ones(1))",
        "from torch import Tensor; Tensor()",
        "import torch.distributed as d; assert d is torch.distributed and d.__spec__.origin",
        "seen = []; many = [Thread(target=lambda: seen.append(torch.ones(1))) for _ in range(4)]; "
        "[one.start() for one in many]; [one.join() for one in many]; assert len(seen) == 4",
    ],
)
def test_a_package_runs_at_its_first_use(use: str) -> None:
    assert loaded(LATE.replace("USE", use)) >= {"torch._C"}


def test_what_a_package_has_not_is_an_error_as_ever() -> None:
    use = "import pandas\ntry: pandas.nothing\nexcept AttributeError as error: assert 'nothing' in str(error)"
    assert loaded(f"import stagegrid; stagegrid.unload(['pandas'])\n{use}") == {"pandas._libs"}
