"""Whether two runs can be compared clip by clip."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.legs.run import Run
from orchestrator.report.diff.agreement import why_unpaired
from tests.orchestrator.fake_run import Numbers, make_fake_run

ONE: dict[str, Any] = {"activations": ["sigmoid"], "selections": ["verified_only"]}


def small(folder: Path, verified: int = 24, test: int = 16, **options: Any) -> Run:
    numbers = Numbers(verified=verified, test=test, unverified=8, classes=4, iterations=(2, 2, 2), batch=8)
    return make_fake_run(folder, numbers=numbers, **ONE | options)


@pytest.mark.parametrize(
    ("options", "cv", "private"),
    [
        ({}, "", ""),
        ({"selections": ["keep_all"], "seeds": [3]}, "", ""),
        ({"folds": 3}, "the folds differ", ""),
        ({"test": 20}, None, "the clips differ: "),
        ({"test": 0}, None, "one run has no such clips"),
        ({"verified": 30}, "the clips differ: 24 and 30", None),
        ({"seed": 1}, "the folds differ", "the labels differ"),
        ({"vocabulary": list("abcd")}, "the classes differ", "the classes differ"),
    ],
)
def test_what_differs_is_said(
    tmp_path: Path, options: dict[str, Any], cv: str | None, private: str | None
) -> None:
    """None: not looked at, for the fake data draw all parts anew."""
    old, new = small(tmp_path / "old"), small(tmp_path / "new", **options)
    assert cv is None or why_unpaired(old, new, "cv") == cv
    found = why_unpaired(old, new, "private")
    assert private is None or (found.startswith(private) and bool(found) == bool(private))
