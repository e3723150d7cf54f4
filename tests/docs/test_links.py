"""Every link of a document leads to something that is there, and so does every path that it names."""

import re
from pathlib import Path

import pytest

from tests.docs.documents import DEVELOPMENT, DOCUMENTS, README, inline, prose, shown
from tests.places import ROOT

LINK = re.compile(r"\]\(([^)\s]*)\)")
PATH = re.compile(r"(?:orchestrator|trainable|tests|configs|cluster|docs)/[\w./-]*\w/?")


def slug(heading: str) -> str:
    """The anchor of a heading, as forges and MkDocs make it of ours."""
    plain = re.sub(r"[^\w\s-]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
    return re.sub(r"[\s-]+", "-", plain)


def broken(path: Path) -> list[str]:
    """Links that lead nowhere; those to other sites are not followed."""
    found = []
    for link in LINK.findall(prose(path)):
        place, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", place):
            continue
        target = (path.parent / place) if place else path
        anchors = (
            {slug(heading) for heading in re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)}
            if target.suffix == ".md" and target.is_file()
            else set()
        )
        if not target.exists() or (anchor and anchor not in anchors):
            found.append(link)
    return found


def test_there_are_documents() -> None:
    assert {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"} <= {p.name for p in DOCUMENTS}
    assert len(DOCUMENTS) > 15


@pytest.mark.parametrize("path", DOCUMENTS, ids=shown)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert broken(path) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A head\n[a](page.md#a-head) [b](#a-head) [c](none.md) [d](page.md#b) [e](https://x.y/z)\n"
    )
    assert broken(page) == ["none.md", "page.md#b"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=shown)
def test_every_path_that_is_named_is_there(path: Path) -> None:
    named = {code.partition(",")[0] for code in inline(path) if PATH.fullmatch(code)}
    rooms = ("", "orchestrator") if path in (README, DEVELOPMENT) else ("",)
    assert [name for name in sorted(named) if not any((ROOT / room / name).exists() for room in rooms)] == []
