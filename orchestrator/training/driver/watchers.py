"""Who is told of trials while they go on: Tune's own table, MLflow, Weights & Biases, and our pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from orchestrator.training.driver.trial_progress import METRICS
from trainable.errors import UserError
from trainable.later import Later

if TYPE_CHECKING:
    from ray import tune

    from orchestrator.training.driver import trial_states
else:
    tune, trial_states = map(Later, ("ray.tune", "orchestrator.training.driver.trial_states"))

TABLE_SECONDS = 15


@dataclass(frozen=True)
class Watchers:
    """What the user asked for beside the live page."""

    verbose: bool = False
    """Tune prints its own table."""
    mlflow: str | None = None
    """Tracking server that hears of trials."""
    wandb: str | None = None
    """Project of Weights & Biases that does."""

    @cached_property
    def states(self) -> trial_states.TrialStates:
        """What Tune makes of each trial."""
        return trial_states.TrialStates()

    def check(self) -> None:
        """Refuse what is not installed, before anything is computed.

        Raises:
            UserError: says what to install.
        """
        for name in ("mlflow", "wandb"):
            if getattr(self, name) is not None and find_spec(name) is None:
                raise UserError(f"--{name}: it is not installed: pip install 'stagegrid[{name}]'")

    def callbacks(self, experiment: str) -> list[tune.Callback]:
        """Tune's callbacks for all of that."""
        made: list[tune.Callback] = [self.states]
        if self.mlflow is not None:
            from ray.air.integrations.mlflow import MLflowLoggerCallback

            made.append(
                MLflowLoggerCallback(tracking_uri=self.mlflow, experiment_name=f"{experiment} (live)")
            )
        if self.wandb is not None:
            from ray.air.integrations.wandb import WandbLoggerCallback

            made.append(WandbLoggerCallback(project=self.wandb, group=experiment, excludes=["inputs"]))
        return made

    def table(self) -> dict[str, Any]:
        """Settings of Tune for its table."""
        if not self.verbose:
            return {"verbose": 0}
        columns: Sequence[str] = ["leg", "iteration", *METRICS.values()]
        reporter = tune.CLIReporter(metric_columns=list(columns), max_report_frequency=TABLE_SECONDS)
        return {"verbose": 1, "progress_reporter": reporter}
