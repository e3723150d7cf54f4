"""Text from strangers on a terminal."""

import pytest

from orchestrator.files.printable import clock, printable


@pytest.mark.parametrize("text", ["Accordion", "a\nb\tc", "Ä×±▲ 狗", "[red]x[/]", ""])
def test_what_can_be_read_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("code", ["\x1b", "\x07", "\r", "\x9b", "\u202e", "\x00"])
def test_what_steers_a_terminal_goes(code: str) -> None:
    assert printable(f"a{code}[31mb") == "a\ufffd[31mb"


@pytest.mark.parametrize(("seconds", "text"), [(None, "-"), (5, "0:05"), (65.4, "1:05"), (3725, "1:02:05")])
def test_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text
