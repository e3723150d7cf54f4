from types import SimpleNamespace

import pytest
from ray import tune

from orchestrator.training.driver.trial_states import TrialStates, callbacks, table
from orchestrator.training.driver.watchers import Watchers


class FakeTrial(SimpleNamespace):
    def __str__(self) -> str:
        return str(self.name)


def test_the_newest_state_of_every_trial_is_known() -> None:
    states = TrialStates()
    states.on_step_begin(1, [FakeTrial(name="a", status="PENDING")])
    states.on_step_begin(2, [FakeTrial(name="a", status="RUNNING"), FakeTrial(name="b", status="PENDING")])
    states.on_step_begin(3, [FakeTrial(name="c", status="PENDING")])  # the next level
    assert states.states == {"a": "RUNNING", "b": "PENDING", "c": "PENDING"}


def test_nobody_else_is_told_unless_it_was_asked_for() -> None:
    assert callbacks(Watchers(), "demo") == []
    assert table(verbose=False) == {"verbose": 0}


def test_tunes_table_has_our_columns() -> None:
    shown = table(verbose=True)
    assert shown["verbose"] == 1
    assert isinstance(shown["progress_reporter"], tune.CLIReporter)


def test_mlflow_hears_of_trials() -> None:
    pytest.importorskip("mlflow")
    (made,) = callbacks(Watchers(mlflow="http://127.0.0.1:1"), "demo")
    assert type(made).__name__ == "MLflowLoggerCallback"
