"""Every command line of a document is one: its command and options exist, and nothing required is missing."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.exceptions import TyperException

from orchestrator.cli import app
from tests.docs.documents import DOCUMENTS, blocks, inline, shown
from tests.places import ROOT

PROGRAM: Any = typer.main.get_command(app.app)
COMMANDS: dict[str, Any] = {name: app.command(name) for name in app.COMMANDS}
LINES = [
    pytest.param(line, id=f"{shown(path)}-{line[:60]}")
    for path in DOCUMENTS
    for block in blocks(path)
    for line in block.replace("\\\n", " ").splitlines()
    if line.startswith("stagegrid ")
]
MENTIONS = [
    pytest.param(code, id=f"{shown(path)}-{code[:60]}")
    for path in DOCUMENTS
    for code in inline(path)
    if code.startswith("stagegrid ")
]
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def parse(line: str) -> None:
    """Read a whole line as the program would."""
    _, name, *arguments = shlex.split(line, comments=True)
    COMMANDS[name].make_context(name, [word for word in arguments if word != app.DEBUG])


def unknown(mention: str) -> list[str]:
    """Words of a line that may be shortened which are neither a command nor one of its options."""
    words = shlex.split(mention)[1:]
    names = [word for word in words if not word.startswith("-")][:1]
    command = COMMANDS.get(names[0], PROGRAM) if names else PROGRAM
    known = {option for part in (PROGRAM, command) for param in part.params for option in param.opts}
    strange = [] if not names or names[0] in {*COMMANDS, "COMMAND"} else names
    return strange + [word for word in words if word.startswith("--") and word not in known | {"--help"}]


def test_there_are_command_lines() -> None:
    assert len(LINES) > 25
    assert len(MENTIONS) > 10


@pytest.mark.parametrize("line", LINES)
def test_every_line_can_be_given(line: str) -> None:
    parse(line)


@pytest.mark.parametrize("mention", MENTIONS)
def test_every_mention_is_of_a_command_and_its_options(mention: str) -> None:
    assert unknown(mention) == []


@pytest.mark.parametrize(
    "line",
    [
        "stagegrid rnu --config demo --out x",
        "stagegrid run --config demo",
        "stagegrid plan --config demo --odd 1",
    ],
)
def test_a_wrong_line_is_found(line: str) -> None:
    with pytest.raises((KeyError, TyperException)):
        parse(line)


def test_a_wrong_mention_is_found() -> None:
    assert unknown("stagegrid rnu OUT --odd") == ["rnu", "--odd"]
    assert unknown("stagegrid watch OUT --csv") == ["--csv"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=shown)
def test_every_make_target_exists(path: Path) -> None:
    lines = [line for block in blocks(path) for line in block.splitlines()] + inline(path)
    named = {found[1] for line in lines if (found := re.match(r"make ([a-z-]+)", line))}
    assert named <= TARGETS
