"""How far a count is and how fast it goes: as a line, and as a bar on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from orchestrator.files.printable import clock


class Pace:
    """Clips whose features are computed."""

    def __init__(self, total: int) -> None:
        self.done, self.total, self.began = 0, total, time.monotonic()
        self._bar: Progress | None = None

    def update(self, done: int, total: int) -> None:
        """So many are done."""
        self.done, self.total = done, total
        if self._bar is not None:
            speed = f"{self.speed:.0f} clips/s" if done else ""
            self._bar.update(self._bar.tasks[0].id, completed=done, total=total, speed=speed)

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return max(time.monotonic() - self.began, 1e-9)

    @property
    def speed(self) -> float:
        """Clips a second."""
        return self.done / self.seconds

    @property
    def ended(self) -> bool:
        """Nothing is left."""
        return self.done >= self.total

    def line(self) -> str:
        """In words."""
        if self.ended:
            return f"features: {self.total} clips in {self.seconds:.1f} s, {self.speed:.0f} clips/s"
        if not self.done:
            return f"features: 0/{self.total} clips, for {clock(self.seconds)}"
        left = clock((self.total - self.done) / self.speed)
        return f"features: {self.done}/{self.total} clips, {self.speed:.0f} clips/s, {left} left"

    @contextmanager
    def bar(self, console: Console) -> Iterator[None]:
        """Show it on a terminal until the end of the block."""
        columns = (
            TextColumn("features"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console) as self._bar:
            self._bar.add_task("features", total=self.total, speed="")
            yield
