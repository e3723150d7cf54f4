"""One reading, two ways: strict stops, the other gathers."""

from pathlib import Path

import pytest

from orchestrator.data.tables import Problem, Problems
from trainable.errors import UserError

BROKEN = Problem.at("table", Path("t.csv"), 3, "is blank")


def refuse() -> None:
    raise UserError("t.csv is a pipe")


def test_strict_stops_at_once() -> None:
    with pytest.raises(UserError, match=r"^t.csv, line 3: is blank$"):
        Problems().stop(BROKEN)
    with pytest.raises(UserError, match="pipe"):
        Problems().attempt("table", "t.csv", refuse)


def test_gathering_goes_on() -> None:
    problems = Problems(strict=False)
    problems.stop(BROKEN)
    assert problems.attempt("table", "t.csv", refuse) is None
    assert problems.attempt("table", "t.csv", lambda: 7) == 7
    assert [problem.text for problem in problems.gathered] == ["t.csv, line 3: is blank", "t.csv is a pipe"]


def test_a_fault_of_this_program_is_not_gathered() -> None:
    with pytest.raises(ZeroDivisionError):
        Problems(strict=False).attempt("table", "t.csv", lambda: 1 // 0)
