"""Who is told of trials is installed."""

import pytest

from orchestrator.training.driver import watchers
from orchestrator.training.driver.watchers import Watchers
from trainable.errors import UserError


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_what_is_not_installed_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "find_spec", lambda name: None)
    Watchers().check()
    with pytest.raises(UserError, match=rf"--{name}: .* pip install 'stagegrid\[{name}\]'"):
        Watchers(mlflow="x" if name == "mlflow" else None, wandb="x").check()
