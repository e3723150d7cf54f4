"""SIGINT and SIGTERM while legs train."""

from typing import Any

from ray import tune

from orchestrator.files import signals


class Interrupt(tune.Callback):
    """Leaves Tune's loop between two of its steps.

    Tune's own way ends one level, and the next would begin. An exception wherever the program happens to be
    is lost where that is a callback of Ray's compiled code.
    """

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune's hook, several times a second."""
        if signals.asked():
            raise KeyboardInterrupt
