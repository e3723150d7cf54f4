"""Tags on the terminal; the command itself is in tests/orchestrator/tagging/test_commands.py."""

import io

import numpy as np
import pytest
from rich.console import Console

from orchestrator.cli.predict import _length, in_a_line, tags_text
from orchestrator.tagging.tag import Tagged

VOCABULARY = ("Bark", "[red]Meow[/red]", "Esc\x1b[31m", "Purr")
SCORES = np.array([[0.9, 0.5, 0.25, 0.0]], np.float32)


def shown(tagged: list[Tagged], width: int = 80, top: int = 3) -> str:
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    console.print(tags_text(tagged, VOCABULARY, top))
    return console.file.getvalue()  # type: ignore[attr-defined, no-any-return]


def test_few_recordings_have_a_line_for_each_class() -> None:
    lines = [line.rstrip() for line in shown([Tagged("x.wav", ((0.0, 2.5),), SCORES)]).splitlines()]
    assert lines[0] == "x.wav  2.5 s"
    assert lines[1].split() == ["Bark", "0.900", "━" * 18]
    assert len(lines) == 4


def test_nothing_that_a_label_or_a_file_is_called_reaches_the_terminal_as_markup() -> None:
    text = shown([Tagged("\x1b]0;owned\x07.wav", ((0.0, 1.0),), SCORES)])
    assert "[red]Meow[/red]" in text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert in_a_line("Glöckchen_1") == "Glöckchen_1"


def test_a_long_recording_says_when() -> None:
    scores = np.array([[0.1, 0, 0, 0], [0.8, 0, 0, 0]], np.float32)
    text = shown([Tagged("x.wav", ((0.0, 80.0), (70.0, 150.0)), scores)])
    assert "2:30, 2 windows" in text
    assert "highest from 1:10" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_many_recordings_have_a_line_each_below_their_folder(width: int) -> None:
    many = [Tagged(f"/data/set/deep/{k}.wav", ((0.0, 1.0),), SCORES) for k in range(20)]
    text = shown(many, width, top=2)
    lines = [line.rstrip() for line in text.splitlines()]
    assert lines[0] == "/data/set/deep"
    assert lines[1].split() == ["0.wav", "Bark", "0.90,", "[red]Meow[/red]", "0.50"] or width == 40
    assert max(map(len, lines)) <= width


@pytest.mark.parametrize(("seconds", "text"), [(3.25, "3.2 s"), (65, "1:05"), (3723, "1:02:03")])
def test_lengths_read_as_on_a_clock(seconds: float, text: str) -> None:
    assert _length(seconds) == text
