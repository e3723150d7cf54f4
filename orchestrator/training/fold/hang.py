"""A fold that hangs is ended, so that Ray Train starts it again from its state.

Two watch it. Ray Train asks each worker process how it is: one that is stopped or stuck in compiled code does
not answer (RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S, which the trial sets). One that answers while its
training waits for a disk or a GPU for ever ends itself here.
"""

import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.files.repeated import begin_repeating

log = logging.getLogger(__name__)


class SignsOfLife:
    """When training has last shown that it goes on."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def show(self) -> None:
        """It goes on."""
        self.last = time.monotonic()

    @contextmanager
    def watched(self, minutes: float) -> Iterator[None]:
        """End this process where there is no sign for so long."""
        limit = 60 * minutes

        def look() -> None:
            if time.monotonic() - self.last > limit:
                log.error("no sign of life for %g minutes: ended, to be started again", minutes)
                os.kill(os.getpid(), signal.SIGKILL)

        self.show()
        end = begin_repeating(look, min(limit / 10, 10.0))
        try:
            yield
        finally:
            end()
