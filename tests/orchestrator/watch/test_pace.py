"""How far features are, on a clock that the test turns."""

import io
import time

import pytest
from rich.console import Console

from orchestrator.watch.pace import Pace


def test_a_line_says_how_many_how_fast_and_how_long_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace = Pace(60)
    now = 103.0
    assert pace.line() == "features: 0/60 clips, for 0:03"
    pace.update(20, 60)
    now = 110.0
    assert (pace.line(), pace.ended) == ("features: 20/60 clips, 2 clips/s, 0:20 left", False)
    pace.update(60, 60)
    assert (pace.line(), pace.ended) == ("features: 60 clips in 10.0 s, 6 clips/s", True)


def test_on_a_terminal_it_is_a_bar() -> None:
    screen = Console(width=80, file=io.StringIO(), force_terminal=True, color_system=None)
    pace = Pace(9)
    with pace.bar(screen):
        pace.update(4, 9)
    assert isinstance(screen.file, io.StringIO)
    assert "4/9" in screen.file.getvalue()
