"""SIGINT and SIGTERM end the program within seconds, wherever it is, and leave no process of its own behind.

The first one raises KeyboardInterrupt, so that files are closed and locks given back. Two things stand
against that: an exception is lost in a callback of Ray's compiled code, and Python takes no notice of a
signal while compiled code runs. So a thread is woken at once, and ends the process where the orderly way
takes too long; the second signal does not wait for that. Nothing depends on order: files appear whole or not
at all.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Literal, NoReturn

import psutil

ORDERLY_SECONDS = 7.0
"""Slurm, systemd and Kubernetes kill after 30 s or more, a patient person after less."""
TWICE_SECONDS = 0.5
"""`timeout` and terminals send one signal to a process and to its group: that is not a second one."""
SHOW_CURSOR = "\x1b[?25h"
ENDING = "interrupted: the same command goes on from here"


class _Ending:
    """What this process knows of its end."""

    def __init__(self) -> None:
        self.number: int | None = None
        self.mode: Literal["raise", "defer", "leave"] = "raise"
        self.caught = self.raised = False
        self.closing: Callable[[], object] = lambda: None
        self._children: list[psutil.Process] = []
        self._lock = threading.Lock()

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Python's handler, in the main thread."""
        self.note(number)
        if self.mode == "raise" and not self.raised:  # once: what ends because of it is not disturbed
            self.raised = True
            raise KeyboardInterrupt

    def note(self, number: int) -> None:
        """Start the clock at the first signal."""
        with self._lock:
            if self.number is not None:
                return
            self.number = number
        self._children = _descendants()
        deadline = threading.Timer(ORDERLY_SECONDS, self.leave)
        deadline.daemon = True
        deadline.start()

    def watch(self, wakeups: int) -> None:
        """Take notice of signals in a thread: a byte comes for each, whatever the main thread does."""
        first = 0.0
        while received := os.read(wakeups, 1):
            if received[0] not in (signal.SIGINT, signal.SIGTERM):
                continue
            again = self.number is not None and first and time.monotonic() - first > TWICE_SECONDS
            first = first or time.monotonic()
            self.note(received[0])
            if again or self.mode == "leave":
                self.leave()

    def finish(self) -> NoReturn:
        """End in order, as soon as the program has come out of its work."""
        self.raised = True
        with suppress(BaseException):
            self.closing()
            sys.stdout.flush()
        self.leave()

    def leave(self) -> NoReturn:
        """End now."""
        end_process(ENDING, 128 + (self.number or 0), self._children)


_ending = _Ending()


def _descendants() -> list[psutil.Process]:
    """Processes that this one, or a child of it, has started: a Ray of its own, not one that it joined."""
    with suppress(psutil.Error):
        return psutil.Process().children(recursive=True)
    return []


def end_process(text: str, code: int, more: list[psutil.Process] | None = None) -> NoReturn:
    """Say why, end all processes that this one has started, and end it, from whatever thread."""
    shown = f"{SHOW_CURSOR if os.isatty(1) else ''}{text}\n"
    with suppress(OSError):
        os.write(1, shown.encode())  # print would wait for a main thread that is printing
    for send in (psutil.Process.suspend, psutil.Process.kill):  # so that none complains of another's end
        for child in {*_descendants(), *(more or ())}:
            with suppress(psutil.Error):
                send(child)
    os._exit(code)


@contextmanager
def caught() -> Iterator[None]:
    """Run the whole program: the block does not come back where a signal arrived."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_ending.watch, args=(reading,), daemon=True).start()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    _ending.caught = True
    keep()
    try:
        yield
    finally:
        if _ending.number is not None:
            _ending.finish()
        _ending.caught = False
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writing)  # the thread reads the end, and ends


def keep() -> None:
    """Be the one who handles the signals, also after a library has put itself there."""
    if _ending.caught:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, _ending.handle)


@contextmanager
def in_foreign_hands() -> Iterator[None]:
    """Start a library that handles signals itself: in this block the process ends without asking it."""
    with _mode("leave"):
        try:
            yield
        finally:
            keep()


@contextmanager
def deferred() -> Iterator[None]:
    """Raise nothing in this block, where it could come up in compiled code: `asked` says whether to."""
    with _mode("defer"):
        yield


@contextmanager
def _mode(mode: Literal["defer", "leave"]) -> Iterator[None]:
    before, _ending.mode = _ending.mode, mode
    try:
        yield
    finally:
        _ending.mode = before


def asked() -> bool:
    """Whether a signal has asked the program to end."""
    return _ending.number is not None


def at_end(closing: Callable[[], object]) -> None:
    """Set what is done at the orderly end after a signal, within its few seconds."""
    _ending.closing = closing
