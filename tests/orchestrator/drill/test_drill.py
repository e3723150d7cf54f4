"""What a drill shows; that its faults really hurt is shown by tests/integration/test_faults.py."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.drill.drill import LONGER, Outcome, choose_faults, drill_table, words_of_run
from orchestrator.drill.faults import FAULTS
from orchestrator.settings.loading import load_experiment
from tests.places import SMOKE
from trainable.errors import UserError


def outcome(equal: bool, exit_code: int) -> Outcome:
    return Outcome(FAULTS[0], "iteration 40", 1.25, 12.34, 7, equal, exit_code)


def test_faults_are_chosen_by_name() -> None:
    assert choose_faults("all") == list(FAULTS)
    assert [fault.name for fault in choose_faults("terminate,kill-worker")] == ["terminate", "kill-worker"]
    with pytest.raises(UserError, match="--faults kill-dog: there is no such fault: choose from kill-driver"):
        choose_faults("kill-worker,kill-dog")


def test_a_drill_of_ones_own_runs_as_it_is_and_the_usual_one_runs_longer_than_the_smoke_test() -> None:
    own = words_of_run(Path("c.yaml"), Path("data"), ["folds=3"])
    assert own == ["--config", "c.yaml", "--data", "data", "--set", "folds=3"]
    words = words_of_run(None, None, ["folds=3"])
    assert words[:2] == ["--config", "smoke"]
    longer = load_experiment(SMOKE, words[3::2])
    assert longer.folds == 3
    assert longer.stages[0].iterations > 20 * longer.schedule.checkpoint_every / 2
    assert len(words) == 2 + 2 * (len(LONGER) + 1)


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
