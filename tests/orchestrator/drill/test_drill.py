"""What a drill shows; that its faults really hurt is shown by tests/integration/test_faults.py."""

import io

import pytest
from rich.console import Console

from orchestrator.drill.drill import Outcome, choose_faults, drill_table
from orchestrator.drill.faults import FAULTS
from trainable.errors import UserError


def outcome(equal: bool, exit_code: int) -> Outcome:
    return Outcome(FAULTS[0], "iteration 40", 1.25, 12.34, 7, equal, exit_code)


def test_faults_are_chosen_by_name() -> None:
    assert choose_faults("all") == list(FAULTS)
    assert [fault.name for fault in choose_faults("terminate,kill-worker")] == ["terminate", "kill-worker"]
    with pytest.raises(UserError, match="--faults kill-dog: there is no such fault: choose from kill-driver"):
        choose_faults("kill-worker,kill-dog")


def test_names_are_unique_and_every_fault_says_what_happens() -> None:
    names = [fault.name for fault in FAULTS]
    assert len(set(names)) == len(names)
    assert all(fault.sentence for fault in FAULTS)


@pytest.mark.parametrize(
    ("equal", "exit_code", "passed", "text"),
    [(True, 0, True, "equal"), (False, 0, False, "DIFFERENT"), (True, 1, False, "equal, exit 1")],
)
def test_only_equal_tables_and_a_good_end_pass(equal: bool, exit_code: int, passed: bool, text: str) -> None:
    shown = outcome(equal, exit_code)
    assert shown.passed == passed
    console = Console(width=100, file=io.StringIO())
    console.print(drill_table([shown]))
    assert isinstance(console.file, io.StringIO)
    line = console.file.getvalue().splitlines()[-1]
    assert line.split("  ")[0].strip() == FAULTS[0].name
    assert "12.3 s" in line
    assert line.rstrip().endswith(text)
