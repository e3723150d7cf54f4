"""Ctrl-C while legs train."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ray import tune


class Interrupt(tune.Callback):
    """Leaves Tune's loop between two of its steps.

    Tune's own way ends one level, and the next would begin. Python's way, an exception wherever the program
    happens to be, is lost where that is a callback of Ray's compiled code.
    """

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Notice Ctrl-C; the second one is Python's again."""
        before = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune's hook, several times a second."""
        if self.asked:
            raise KeyboardInterrupt
