"""What README.md and docs/development.md say of the tree is true, and they are as short as they promise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import DEVELOPMENT, DOCUMENTS, README, marked
from tests.places import ROOT

MODULES = sorted(
    path.relative_to(ROOT)
    for room in ("orchestrator", "trainable")
    for path in (ROOT / room).rglob("*.py")
    if path.name != "__init__.py"
)


ROOMS = {path.name for path in (ROOT / "orchestrator").iterdir() if (path / "__init__.py").is_file()}
LIMITS = {"README.md": 1_200, "docs": 16_000}
"""Words that may be said: on the first page, and by it and all others together."""


def held_by_others() -> dict[str, str]:
    """Modules without a test of their name, and the test file that docs/development.md names for each."""
    rows = [re.findall(r"`([^`]+)`", row) for row in marked(DEVELOPMENT, "held").splitlines()[2:]]
    return {f"orchestrator/{module}": test for *modules, test in rows for module in modules}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_a_test_of_its_name_or_the_docs_say_where(module: Path) -> None:
    own = Path("tests") / module.parent / f"test_{module.name}"
    assert (ROOT / held_by_others().get(str(module), own)).is_file()


def test_every_module_that_others_hold_is_there() -> None:
    assert set(held_by_others()) <= set(map(str, MODULES))


def test_the_way_of_a_label_is_at_most_ten_hops_that_exist() -> None:
    hops = re.findall(r"^\d+\. `([\w/]+\.py)`, `([\w.]+)`", marked(DEVELOPMENT, "label"), re.MULTILINE)
    assert 5 <= len(hops) <= 10
    for file, name in hops:
        path = ROOT / file if file.startswith("trainable") else ROOT / "orchestrator" / file
        for part in name.split("."):
            assert re.search(rf"^\s*(def|class) {part}\b", path.read_text(), re.MULTILINE), (file, part)


def test_every_place_of_a_change_exists() -> None:
    places = re.findall(r"`([\w/]+(?:\.py|/))`", marked(DEVELOPMENT, "changes"))
    assert places
    assert [place for place in places if not (ROOT / place).exists()] == []


@pytest.mark.parametrize("document", [README, DEVELOPMENT], ids=lambda path: path.name)
def test_every_room_is_in_the_table(document: Path) -> None:
    assert set(re.findall(r"[`/](\w+)/`", marked(document, "rooms"))) >= ROOMS


def test_no_room_has_outgrown_its_budget() -> None:
    budgets = re.findall(r"`([\w/]+)/` \| ([\d,]+) \|", marked(ROOT / "CONTRIBUTING.md", "budgets"))
    assert {room.partition("/")[2] or room for room, _ in budgets} == ROOMS | {"trainable"}
    lines = {
        room: sum(len(p.read_text().splitlines()) for p in (ROOT / room).rglob("*.py")) for room, _ in budgets
    }
    assert [room for room, budget in budgets if lines[room] > int(budget.replace(",", ""))] == []


def test_the_project_invents_at_most_fifteen_words() -> None:
    assert len(marked(DEVELOPMENT, "glossary").splitlines()[2:]) <= 15


def test_the_documents_are_read_in_the_time_that_they_ask_for() -> None:
    words = {str(path.relative_to(ROOT)): len(path.read_text().split()) for path in DOCUMENTS}
    together = sum(n for name, n in words.items() if name.startswith("docs/"))
    assert words["README.md"] <= LIMITS["README.md"]
    assert words["README.md"] + together <= LIMITS["docs"]


def test_the_first_page_s_sentence_and_table_are_of_one_run() -> None:
    """Its best cell by cross-validation has the star, and both of its scores stand in the table."""
    table, output = marked(README, "table1"), " ".join(marked(README, "output").split())
    told = re.search(r"cross-validation: (\w+)/\w+, lwlrap ([\d.]+) on .*? and ([\d.]+) in cross", output)
    assert told
    row = next(line for line in table.splitlines() if line.split()[:1] == [told[1]])
    assert f"*{told[3]}" in row
    assert told[2] in row


def test_a_module_in_the_wrong_room_fails_the_import_rules(tmp_path: Path) -> None:
    """A copy of the packages in which files ask the report, and a plan asks Ray."""
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
