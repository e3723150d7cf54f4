"""What Ray Tune makes of each trial while the grid fills, and who else is told of it."""

from collections.abc import Sequence
from typing import Any

from ray import tune

from orchestrator.training.driver.trial_progress import METRICS
from orchestrator.training.driver.watchers import Watchers

TABLE_SECONDS = 15


class TrialStates(tune.Callback):
    """Knows what Tune makes of each trial: PENDING, RUNNING, TERMINATED, ERROR."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune's hook, several times a second."""
        self.states = self.states | {str(trial): str(trial.status) for trial in trials}


def callbacks(watchers: Watchers, experiment: str) -> list[tune.Callback]:
    """Tune's callbacks for MLflow and Weights & Biases, as far as they are asked for."""
    made: list[tune.Callback] = []
    if watchers.mlflow is not None:
        from ray.air.integrations.mlflow import MLflowLoggerCallback

        made.append(
            MLflowLoggerCallback(tracking_uri=watchers.mlflow, experiment_name=f"{experiment} (live)")
        )
    if watchers.wandb is not None:
        from ray.air.integrations.wandb import WandbLoggerCallback

        made.append(WandbLoggerCallback(project=watchers.wandb, group=experiment, excludes=["inputs"]))
    return made


def table(verbose: bool) -> dict[str, Any]:
    """Settings of Tune for its own table."""
    if not verbose:
        return {"verbose": 0}
    columns: Sequence[str] = ["leg", "iteration", *METRICS.values()]
    reporter = tune.CLIReporter(metric_columns=list(columns), max_report_frequency=TABLE_SECONDS)
    return {"verbose": 1, "progress_reporter": reporter}
