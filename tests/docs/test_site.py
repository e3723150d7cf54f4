"""The documentation builds as `make docs` builds it, and no page is left out of its navigation."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.docs.documents import DOCUMENTS
from tests.places import ROOT

BUILD = ("-m", "mkdocs", "build", "--strict")


def nav() -> list[str]:
    """Every page that the navigation names."""

    def pages(entry: object) -> list[str]:
        if isinstance(entry, str):
            return [entry]
        values = entry.values() if isinstance(entry, dict) else entry
        assert not isinstance(values, str)
        return [page for value in values for page in pages(value)]  # type: ignore[attr-defined]

    return pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])


def test_every_page_is_in_the_navigation_once() -> None:
    written = {path.name for path in DOCUMENTS} - {"README.md"}
    generated = {
        "overview.md",
        "notebook.md",
        "reference/settings.md",
        "reference/commands.md",
        "reference/files.md",
    }
    assert sorted(nav()) == sorted(written | generated)


def test_the_first_page_names_every_page() -> None:
    first = (ROOT / "docs/index.md").read_text()
    linked = {Path(link).with_suffix(".md").name for link in re.findall(r"\]\(([^)#]+)", first)} | {
        "overview.md"
    }
    assert {page for page in nav() if not page.startswith("reference/")} - linked == {"index.md"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the documentation is made of."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("cluster", "configs", "docs", "orchestrator", "trainable"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("*.md"), *(ROOT / name for name in ("mkdocs.yml", "CITATION.cff", "LICENSE"))):
        shutil.copy(path, folder)
    return folder


def build(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *BUILD], cwd=project, capture_output=True, text=True, check=False)


def test_it_builds_without_a_warning_and_asks_nothing_of_the_network(project: Path) -> None:
    done = build(project)
    assert done.returncode == 0, done.stderr
    site = project / "site"
    for page in nav():
        assert (site / page).with_suffix(".html").is_file(), page
    loads = r"""<(?:script|link|img)[^>]*(?:src|href)=["']?(https?://[^"' >]+)"""
    assert re.findall(loads, (site / "index.html").read_text()) == []
    assert "batches.size" in (site / "reference/settings.html").read_text()


def test_broken_links_stop_it(project: Path) -> None:
    page = project / "docs/statistics.md"
    whole = page.read_text()
    page.write_text(f"{whole}\n[a](none.md) [b](#nowhere) [c](../configs/nothing.yaml)\n")
    done = build(project)
    page.write_text(whole)
    assert done.returncode == 1, done.stdout
    for place in ("none.md", "#nowhere", "configs/nothing.yaml"):
        assert f"'{place}'" in done.stderr
