"""Stale legs in a line."""

import pytest

from orchestrator.watch.status_table import stale_line


@pytest.mark.parametrize(
    ("reasons", "line"),
    [
        ([], ""),
        (["model.gru 8 -> 16"], "1 leg is stale: model.gru 8 -> 16"),
        (["batches.size 8 -> 16"] * 12, "12 legs are stale: batches.size 8 -> 16"),
        (["a 1 -> 2", "b 1 -> 2", "b 1 -> 2"], "3 legs are stale: b 1 -> 2 (2); a 1 -> 2 (1)"),
        (list("abcde"), "5 legs are stale: a (1); b (1); c (1); other settings (2)"),
    ],
)
def test_one_line_says_how_many_and_why(reasons: list[str], line: str) -> None:
    assert stale_line({str(number): reason for number, reason in enumerate(reasons)}) == line
