"""The program's start: another project's package of the same name is told in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import stagegrid

from tests.places import ROOT


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
