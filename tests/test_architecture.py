"""The map in README.md and docs/development.md is true: rooms, hops and test files are where they say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT

README = (ROOT / "README.md").read_text()
DEVELOPMENT = (ROOT / "docs/development.md").read_text()
MODULES = sorted(
    path.relative_to(ROOT)
    for room in ("orchestrator", "trainable")
    for path in (ROOT / room).rglob("*.py")
    if path.name != "__init__.py"
)


def held_by_integration() -> dict[str, str]:
    """Modules without a unit test, and the test file that docs/development.md names for them."""
    rows = re.findall(r"^\| (`[^|]*`) \| (`tests/[^|]*`) \|$", DEVELOPMENT, re.MULTILINE)
    return {f"orchestrator/{name}": test for names, test in rows for name in re.findall(r"`([^`]+)`", names)}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_a_test_of_its_name_or_the_docs_say_where(module: Path) -> None:
    held = held_by_integration()
    if str(module) in held:
        (test,) = re.findall(r"`([^`]+)`", held[str(module)])
        assert (ROOT / test).is_file()
    else:
        assert (ROOT / "tests" / module.parent / f"test_{module.name}").is_file()


def test_the_way_of_a_label_is_at_most_ten_hops_that_exist() -> None:
    section = README[README.index("**One label on its way**") :]
    hops = re.findall(r"^\d+\. `([\w/]+\.py)`, `([\w.]+)`", section, re.MULTILINE)
    assert 5 <= len(hops) <= 10
    for file, name in hops:
        path = ROOT / file if file.startswith("trainable") else ROOT / "orchestrator" / file
        for part in name.split("."):
            assert re.search(rf"^\s*(def|class) {part}\b", path.read_text(), re.MULTILINE), (file, part)


def test_every_place_of_a_change_exists() -> None:
    section = DEVELOPMENT[DEVELOPMENT.index("| where do I change ...?") :].split("\n\n")[0]
    rows = section.splitlines()[2:]
    assert len(rows) == 14
    for row in rows:
        for path in re.findall(r"`([\w/]+(?:\.py|/))`", row):
            assert (ROOT / path).exists(), path


def test_every_room_is_in_the_table() -> None:
    rooms = {path.name for path in (ROOT / "orchestrator").iterdir() if (path / "__init__.py").is_file()}
    section = README[README.index("| room | what is in it |") :].split("\n\n")[0]
    named = set(re.findall(r"[`/](\w+)/`", section))
    assert rooms <= named


def test_a_module_in_the_wrong_room_fails_the_import_rules(tmp_path: Path) -> None:
    """A copy of the packages in which storage asks the report, and a plan asks Ray."""
    for name in ("orchestrator", "trainable"):
        subprocess.run(["cp", "-r", ROOT / name, tmp_path / name], check=True)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    wrong = {"files/wrong.py": "import orchestrator.report.build", "legs/wrong.py": "import ray"}
    for file, line in wrong.items():
        (tmp_path / "orchestrator" / file).write_text(f"{line}\n")
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "orchestrator.files.wrong -> orchestrator.report.build" in found.stdout
    assert "orchestrator.legs.wrong -> ray" in found.stdout
