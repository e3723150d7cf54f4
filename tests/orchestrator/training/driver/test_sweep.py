"""Who hears of trials, and how a signal ends a sweep; a real one: tests/integration/test_grid.py."""

from types import SimpleNamespace
from typing import Any

import pytest
from ray import tune

from orchestrator.files import signals
from orchestrator.training.driver.sweep import Interrupt, _curves_to, _table


def test_steps_follow_each_other_until_a_signal_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt: tune.Callback = Interrupt()
    for _ in range(3):
        interrupt.on_step_begin(iteration=1, trials=[])
    monkeypatch.setattr(signals, "asked", lambda: True)
    for _ in range(2):  # nor does the next level begin
        with pytest.raises(KeyboardInterrupt):
            interrupt.on_step_begin(iteration=1, trials=[])


def test_nobody_else_is_told_unless_it_was_asked_for() -> None:
    inputs: Any = SimpleNamespace(experiment=SimpleNamespace(name="demo"))
    assert _curves_to(None, inputs) == []
    assert _table(verbose=False) == {"verbose": 0}


def test_tunes_table_has_our_columns() -> None:
    table = _table(verbose=True)
    assert table["verbose"] == 1
    assert isinstance(table["progress_reporter"], tune.CLIReporter)
