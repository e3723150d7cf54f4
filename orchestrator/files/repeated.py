"""Something done again and again beside the work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread


@contextmanager
def repeated(action: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call `action` every `seconds` in the background, and once more at the end.

    Storage that does not answer for a moment, or has no room (OSError), is asked again the next time.
    """
    stop = Event()

    def repeat() -> None:
        while not stop.wait(seconds):
            with suppress(OSError):
                action()

    thread = Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        with suppress(OSError):
            action()
