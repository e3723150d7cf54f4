"""grid.py as `ray submit` runs it: a copy of the file alone, on a machine that may lack the program."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator.grid import added_options
from tests.places import ROOT

GRID = ROOT / "orchestrator" / "grid.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The file alone in a folder."""
    (tmp_path / "there").mkdir()
    return Path(shutil.copy(GRID, tmp_path / "there"))


def run(
    script: Path, *arguments: str, path: str = "", site: bool = False, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Its result in its own folder; without `site` Python finds the standard library and `path` alone."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, *([] if site else ["-S"]), str(script), *arguments],
        cwd=script.parent,
        env=clean | ({"PYTHONPATH": path} if path else {}) | {"COLUMNS": "100"} | more,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_a_machine_without_stagegrid_is_told_what_to_install(copy: Path) -> None:
    done = run(copy, "--config", "x.yaml")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("stagegrid is not installed on this machine: ")
    assert "Traceback" not in done.stderr


def test_the_message_names_files_that_exist(copy: Path) -> None:
    words = run(copy).stderr.replace("(", " ").split()
    named = [word for word in words if "/" in word]
    assert named == ["cluster/constraints.txt", "cluster/gpu.yaml"]
    assert all((ROOT / name).is_file() for name in named)
    assert "setup_commands" in (ROOT / "cluster" / "gpu.yaml").read_text()


def test_another_projects_orchestrator_is_not_taken_for_ours(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "orchestrator").mkdir(parents=True)
    (tmp_path / "other" / "orchestrator" / "__init__.py").write_text("")
    done = run(copy, path=str(tmp_path / "other"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("stagegrid is not installed on this machine: ")
    assert "Traceback" not in done.stderr


def test_stagegrid_is_not_blamed_for_another_missing_module(copy: Path) -> None:
    """It is there, what it needs is not."""
    done = run(copy, path=str(ROOT))
    assert done.returncode == 1
    assert "not installed on this machine" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError: No module named 'typer'")


def test_a_module_that_stagegrid_itself_lacks_is_a_fault_of_its_installation(
    copy: Path, tmp_path: Path
) -> None:
    """`orchestrator` is there without its `cli`: half a copy. The traceback says which module is missing."""
    for package in ("orchestrator", "trainable"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text('PROJECT = "stagegrid"')
    done = run(copy, path=str(tmp_path))
    assert "not installed on this machine" not in done.stderr
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'orchestrator.cli'"


def test_what_stands_beside_it_hides_no_other_module(copy: Path) -> None:
    """Python puts a script's folder first: our `data`, `files` and `stats` are in it."""
    for name in ("pathlib", "importlib", "typer", "rich"):
        (copy.parent / f"{name}.py").write_text("raise SystemExit('taken from beside the script')")
    done = run(copy, "--help", path=str(ROOT), site=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_where_it_is_installed_it_is_stagegrid_run(copy: Path) -> None:
    done = run(copy, "--help", path=str(ROOT), site=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Fill the grid. The same command continues what was interrupted." in done.stdout
    refused = run(copy, "--config", "none.yaml", "--out", "out", path=str(ROOT), site=True)
    assert refused.returncode == 2
    assert refused.stderr.startswith("stagegrid: none.yaml: no such configuration file (by name there are ")


def test_without_arguments_it_runs_what_the_environment_says(copy: Path) -> None:
    """As `ray submit` without arguments does on the head; for real in test_loopback.py."""
    own = {"STAGEGRID_CONFIG": "none.yaml", "STAGEGRID_OUT": "out"}
    done = run(copy, path=str(ROOT), site=True, **own)
    assert done.returncode == 2
    assert done.stderr.startswith("stagegrid: none.yaml: no such configuration file")
    done = run(copy, path=str(ROOT), site=True, **own | {"STAGEGRID_OUT": "s3://YOUR-BUCKET/paper"})
    assert done.returncode == 2
    assert done.stderr.startswith("stagegrid: --out s3://YOUR-BUCKET/paper: YOUR-BUCKET stands for")
    done = run(copy, path=str(ROOT), site=True)
    assert done.returncode == 1
    assert done.stderr.startswith("stagegrid: say what to run: --config and --out, or STAGEGRID_CONFIG")


def test_importing_it_runs_nothing() -> None:
    code = "import sys; before = list(sys.path); import orchestrator.grid; assert sys.path == before"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- options that nobody has given ----------------------------------------------------------------------

SET = {"STAGEGRID_CONFIG": "c.yaml", "STAGEGRID_DATA": "/d", "STAGEGRID_OUT": "s3://b/o"}


@pytest.mark.parametrize(
    ("arguments", "environment", "added"),
    [
        ([], SET, ["--config", "c.yaml", "--data", "/d", "--out", "s3://b/o"]),
        (["--out=x", "--config", "y"], SET, ["--data", "/d"]),
        (["--out", "x"], {"STAGEGRID_DATA": ""}, []),
        ([], {}, ["--config", str(ROOT / "configs/demo.yaml"), "--out", "runs/demo"]),
    ],
)
def test_the_environment_says_what_the_arguments_do_not_and_else_it_is_the_demo(
    arguments: list[str], environment: dict[str, str], added: list[str]
) -> None:
    assert added_options(arguments, environment, ROOT) == added
