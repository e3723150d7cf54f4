"""What people read: the documents of the project's folder, and those of docs/."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.places import ROOT

README, DEVELOPMENT = ROOT / "README.md", ROOT / "docs/development.md"
DOCUMENTS = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))
FENCED = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def marked(path: Path, name: str) -> str:
    """The table, list or fenced block that stands under a marker, such as `<!-- rooms -->`."""
    _, text = path.read_text().split(f"<!-- {name} -->\n")
    fenced = FENCED.match(text)
    return fenced[2] if fenced else text.split("\n\n")[0]


def shown(path: Path) -> str:
    """Its name for people."""
    return str(path.relative_to(ROOT))


def blocks(path: Path) -> Iterator[str]:
    """What stands between fences."""
    return (block for _, block in FENCED.findall(path.read_text()))


def prose(path: Path) -> str:
    """What does not."""
    return FENCED.sub("", path.read_text())


def inline(path: Path) -> list[str]:
    """What stands between backticks; a line may end inside."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", prose(path))]
