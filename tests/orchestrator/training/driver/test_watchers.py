"""Who is told of trials; Tune's own table in a real run: tests/integration/test_live.py."""

import pytest
from ray import tune

from orchestrator.training.driver import watchers
from orchestrator.training.driver.watchers import Watchers
from trainable.errors import UserError


def test_nobody_else_is_told_unless_it_was_asked_for() -> None:
    plain = Watchers()
    plain.check()
    assert plain.callbacks("demo") == [plain.states]
    assert plain.table() == {"verbose": 0}


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_what_is_not_installed_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=rf"--{name}: .* pip install 'stagegrid\[{name}\]'"):
        Watchers(mlflow="x" if name == "mlflow" else None, wandb="x").check()


def test_tunes_table_has_our_columns() -> None:
    table = Watchers(verbose=True).table()
    assert table["verbose"] == 1
    assert isinstance(table["progress_reporter"], tune.CLIReporter)


def test_mlflow_hears_of_trials(tmp_path: object) -> None:
    pytest.importorskip("mlflow")
    made = Watchers(mlflow="http://127.0.0.1:1").callbacks("demo")[1]
    assert type(made).__name__ == "MLflowLoggerCallback"
