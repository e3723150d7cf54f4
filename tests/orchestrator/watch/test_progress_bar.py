"""How far a count is, on a clock that the test turns."""

import io
import time

import pytest
from rich.console import Console

from orchestrator.watch.progress_bar import ProgressBar


def test_a_line_says_how_many_how_fast_and_how_long_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    bar = ProgressBar("features", "clips", 60)
    now = 103.0
    assert bar.line == "features: 0/60 clips, for 0:03"
    bar.update(0, 60)
    bar.update(20, 60)
    now = 110.0
    assert (bar.line, bar.ended) == ("features: 20/60 clips, 2.0 clips/s, 0:20 left", False)
    bar.update(60, 60)
    assert (bar.line, bar.ended) == ("features: 60 clips in 10.0 s, 6.0 clips/s", True)


@pytest.mark.parametrize("is_terminal", [True, False])
def test_on_a_terminal_it_counts_and_tells_the_speed_of_this_start_alone(
    monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    screen = Console(width=80, file=io.StringIO(), force_terminal=is_terminal, color_system=None)
    bar = ProgressBar("tagging", "recordings")
    with bar.shown_on(screen):
        bar.update(500, 1000)
        now = 110.0
        bar.update(750, 1000)
    assert isinstance(screen.file, io.StringIO)
    text = screen.file.getvalue()
    assert ("750/1000 25 recordings/s" in text) == is_terminal
