"""How far a count is: the one progress bar of the program."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orchestrator.files.printable import clock


class ProgressBar:
    """Work that is counted in some unit: a bar on a terminal, and a line for logs."""

    def __init__(self, title: str, unit: str, total: int | None = None) -> None:
        self.title, self.unit, self.total = title, unit, total
        self.done, self._began = 0, time.monotonic()
        self._before: int | None = None  # what was done at the first count: an earlier start has done it
        columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[speed]}"))
        self._columns = (*columns, TimeRemainingColumn())
        self._bar: Progress | None = None

    def update(self, done: int, total: int) -> None:
        """Take note of the newest count."""
        self.done, self.total = done, total
        self._before = done if self._before is None else self._before
        if self._bar is not None:
            speed = self._speed if done > self._before else ""
            self._bar.update(self._bar.tasks[0].id, completed=done, total=total, speed=speed)

    @property
    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.total is not None and self.done >= self.total

    @property
    def line(self) -> str:
        """The newest count in words."""
        if self.ended:
            return f"{self.title}: {self.total} {self.unit} in {self._seconds:.1f} s, {self._speed}"
        counted = f"{self.title}: {self.done}/{self.total} {self.unit}"
        if not self._rate or self.total is None:
            return f"{counted}, for {clock(self._seconds)}"
        return f"{counted}, {self._speed}, {clock((self.total - self.done) / self._rate)} left"

    @contextmanager
    def shown_on(self, console: Console) -> Iterator[None]:
        """Show it there until the end of the block, if it is a terminal."""
        with Progress(
            *self._columns, console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            bar.add_task(self.title, total=self.total, speed="")
            self._bar = bar
            yield

    @property
    def _seconds(self) -> float:
        return max(time.monotonic() - self._began, 1e-9)

    @property
    def _rate(self) -> float:
        return (self.done - (self._before or 0)) / self._seconds

    @property
    def _speed(self) -> str:
        return f"{self._rate:.{0 if self._rate >= 10 else 1}f} {self.unit}/s"
