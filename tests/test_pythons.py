"""Python 3.11, 3.12 and 3.13: every file names the same, and make takes the first that runs."""

import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def make(*words: str, path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make -n` where the programs of `path` come first; the machine's own Pythons are behind them."""
    return subprocess.run(
        ["make", "--dry-run", *words],
        cwd=ROOT,
        env={"PATH": f"{path}:{os.environ['PATH']}"} | variables,
        capture_output=True,
        text=True,
        check=False,
    )


def programs(folder: Path, **status: int) -> Path:
    """Stand-ins, `python3_12=0` for python3.12; one that does not end with 0 is a launcher of nothing."""
    for name, code in status.items():
        program = folder / name.replace("_", ".")
        says = f"echo {program.name}" if code == 0 else "echo not installed >&2"
        program.write_text(f"#!/bin/sh\n{says}\nexit {code}\n")
        program.chmod(0o755)
    return folder


def test_all_files_name_the_same_pythons() -> None:
    """Those of pyproject.toml."""
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["project"]["requires-python"]).groups()  # type: ignore[union-attr]
    pythons = tuple(f"3.{minor}" for minor in range(int(low), int(high)))
    classified = [line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"]]
    assert tuple(classified) == pythons
    named = re.search(r"^PYTHONS \?= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert named
    assert named[1].split() == [f"python{version}" for version in reversed(pythons)]
    assert PROJECT["tool"]["ruff"]["target-version"] == "py" + pythons[0].replace(".", "")
    assert PROJECT["tool"]["mypy"]["python_version"] == pythons[0]
    assert (ROOT / ".python-version").read_text().strip() in pythons


@pytest.mark.parametrize(
    ("here", "taken"),
    [
        ({"python3_13": 0, "python3_12": 0, "python3_11": 0}, "python3.13"),
        ({"python3_13": 127, "python3_12": 0, "python3_11": 0}, "python3.12"),
        ({"python3_13": 127, "python3_12": 127, "python3_11": 0}, "python3.11"),
    ],
)
def test_make_takes_the_newest_that_runs(tmp_path: Path, here: dict[str, int], taken: str) -> None:
    assert f"{taken} -m venv" in make("setup", "VENV=none", path=programs(tmp_path, **here)).stdout


def test_make_takes_the_one_that_is_named(tmp_path: Path) -> None:
    path = programs(tmp_path, python3_13=0)
    assert "/opt/python -m venv none" in make("setup", "VENV=none", "PYTHON=/opt/python", path=path).stdout


def test_make_says_where_there_is_none(tmp_path: Path) -> None:
    path = programs(tmp_path, python3_13=1, python3_12=1, python3_11=1)
    done = make("setup", "VENV=none", path=path)
    assert done.returncode == 2
    assert "none of python3.13 python3.12 python3.11 is here" in done.stderr


def test_the_unit_tests_run_on_each_that_is_here(tmp_path: Path) -> None:
    """`make -n` runs lines that call make again, as a dry run."""
    path = programs(tmp_path, python3_13=0, python3_12=1, python3_11=0)
    done = make("test-unit-all", path=path)
    assert done.returncode == 0, done.stderr
    assert "python3.12 is not here: skipped" in done.stdout
    for version in ("3.11", "3.13"):
        assert f"python{version} -m venv .venv-python{version}" in done.stdout
        assert f'.venv-python{version}/bin/pytest -m "not integration"' in done.stdout
    assert "python3.12 -m venv" not in done.stdout
