"""A wheel in an environment of its own is the whole program, with its configurations and templates."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.places import CONFIGS, ROOT

pytestmark = pytest.mark.integration


def pip(*words: str | Path) -> None:
    subprocess.run([sys.executable, "-m", "pip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, so that nothing is left in the project."""
    pytest.importorskip("setuptools", reason="setuptools builds the wheel, and is not here")
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    names = ("orchestrator", "trainable", "configs", "pyproject.toml", "README.md", "LICENSE")
    subprocess.run(["cp", "-a", *(ROOT / name for name in names), source], check=True)
    pip("wheel", "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir", folder / "dist", source)
    (built,) = (folder / "dist").glob("stagegrid-*.whl")
    return built


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`stagegrid` as pip installs it; what it depends on is this environment's."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=False)
    site = next((folder / "env/lib").glob("python3*")) / "site-packages"
    pip("--python", folder / "env/bin/python", "install", "--no-deps", "--quiet", wheel)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "env/bin/stagegrid"


def called(program: Path, folder: Path, *words: object) -> str:
    """What it prints, in a folder that has nothing to do with the project."""
    done = subprocess.run(
        [program, *map(str, words)],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    return done.stdout


def test_the_wheel_holds_configurations_and_templates(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {f"orchestrator/configs/{path.name}" for path in CONFIGS.glob("*.yaml")} <= set(names)
    for kind in ("*.j2", "*.mplstyle"):
        templates = {str(path.relative_to(ROOT)) for path in (ROOT / "orchestrator").rglob(kind)}
        assert templates
        assert templates <= set(names)
    assert not [name for name in names if name.startswith(("tests", "configs"))]


def test_it_works_from_any_folder(program: Path, tmp_path: Path) -> None:
    assert called(program, tmp_path, "--version").startswith("stagegrid ")
    assert called(program, tmp_path, "init", "--demo") == "written: stagegrid.yaml\n"
    assert "shared stems" in called(program, tmp_path, "plan", "--config", "stagegrid.yaml")
    for config in CONFIGS.glob("*.yaml"):
        assert "shared stems" in called(program, tmp_path, "plan", "--config", config.stem)


def test_it_runs_from_the_wheel_alone(program: Path, tmp_path: Path) -> None:
    """Neither the checkout nor another installed copy is what was tested."""
    where = "import orchestrator, trainable, stagegrid; print(orchestrator.__file__, stagegrid.__file__)"
    python = program.with_name("python")
    paths = called(python, tmp_path, "-c", where).split()
    assert all(path.startswith(str(program.parents[1])) for path in paths)
