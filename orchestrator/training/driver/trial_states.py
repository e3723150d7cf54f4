"""What Ray Tune makes of each trial while the grid fills."""

from typing import Any

from ray import tune


class TrialStates(tune.Callback):
    """Knows what Tune makes of each trial: PENDING, RUNNING, TERMINATED, ERROR."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune's hook, several times a second."""
        self.states = self.states | {str(trial): str(trial.status) for trial in trials}
