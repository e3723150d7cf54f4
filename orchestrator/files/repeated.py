"""What is done again: beside the work every few seconds, and with storage that did not answer."""

import errno
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")
log = logging.getLogger(__name__)
PATIENCE_SECONDS = 90.0
"""An outage of a minute costs that minute; a longer one ends what asked."""
LONGEST_PAUSE_SECONDS = 8.0
REFUSALS = ("ACCESS_DENIED", "INVALID_ACCESS_KEY_ID", "SIGNATURE_DOES_NOT_MATCH", "NO_SUCH_BUCKET")
"""Asking again does not help. Arrow has no types for them, only S3's names in its texts."""


def begin_repeating(action: Callable[[], object], seconds: float) -> Callable[[], None]:
    """Call `action` every `seconds` in the background, until the function that this gives is called.

    Storage that does not answer for a moment, or has no room (OSError), is asked again the next time.
    """
    stop = Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            with suppress(OSError):
                action()

    thread = Thread(target=repeat, daemon=True)
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    return end


@contextmanager
def repeated(action: Callable[[], object], seconds: float) -> Iterator[None]:
    """Call `action` every `seconds` in the background while the block runs, and once more at the end."""
    end = begin_repeating(action, seconds)
    try:
        yield
    finally:
        end()
        with suppress(OSError):
            action()


def retried(action: Callable[[], T], address: str) -> T:
    """What `action` gives, which reads or writes object storage at `address`: what fails is tried again.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: it is refused, or has failed for PATIENCE_SECONDS; names the address.
    """
    end = time.monotonic() + PATIENCE_SECONDS
    for pause in _pauses():
        try:
            return action()
        except FileNotFoundError:
            raise
        except OSError as error:
            if time.monotonic() + pause > end or any(name in str(error) for name in REFUSALS):
                text = f"object storage has failed for {PATIENCE_SECONDS:.0f} s, or refuses ({error})"
                raise OSError(errno.EIO, text, address) from error
            log.warning("%s: tried again in %g s: %s", address, pause, error)
        time.sleep(pause)
    raise AssertionError


def _pauses() -> Iterator[float]:
    pause = 0.5
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
