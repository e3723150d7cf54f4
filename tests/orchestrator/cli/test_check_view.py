"""A check on a terminal: everything that matters, at any width."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.cli.check_view import check_view, progress_bar
from orchestrator.own_data.findings import FIXES
from tests.orchestrator.own_data.faulty_set import FAULTS, faulty
from tests.orchestrator.own_data.test_check import checked


@pytest.mark.parametrize("width", [80, 120])
def test_faults_are_shown_by_kind_with_counts_examples_and_what_to_do(tmp_path: Path, width: int) -> None:
    console = Console(width=width, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    with console.file:
        console.print(check_view(checked(faulty(tmp_path))))
        text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    for kind, count in FAULTS.items():
        assert (f"{kind}: {count} " in words) == (count > 0)
        assert (f"to do: {FIXES[kind]}" in words) == (count > 0)  # type: ignore[index]
    assert "... and 1 more" in words
    assert "FSDKaggle2019.meta/train_noisy_post_competition.csv, line 6: gone.wav has" in words


def test_progress_counts_files() -> None:
    shown = io.StringIO()
    with progress_bar(Console(width=80, file=shown, force_terminal=True)) as update:
        update(1, 37)
    assert "1/37" in shown.getvalue()
