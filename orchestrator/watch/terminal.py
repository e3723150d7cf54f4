"""What a run shows on the terminal while it goes on: everything here is for people."""

import shlex
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

from orchestrator.data.folded import FoldedDataset
from orchestrator.data.layouts import PARTS
from orchestrator.files.printable import printable
from orchestrator.files.repeated import repeated
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.folders import WorkLeft
from orchestrator.legs.plan import Plan
from orchestrator.legs.progress import DriverNote
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus, StatusReader, alerts, stalls, summary
from orchestrator.watch.live_page import write_first_page, write_live_page
from orchestrator.watch.progress_bar import ProgressBar
from orchestrator.watch.status_table import stale_line, status_table

SKIPPED_SHOWN = 10
"""Skipped clips that are named on the terminal."""
LINE_SECONDS = 30.0
"""Without a terminal, and in a job's log, a line is printed so often."""


class Display:
    """Live tables on a terminal, plain lines elsewhere and where another one's table is shown (`plain`)."""

    def __init__(self, console: Console, plain: bool = False) -> None:
        self.console, self.live = console, console.is_terminal and not plain
        self._said: list[str] = []
        self._copies: list[Callable[[str], None]] = []

    def say(self, text: str) -> None:
        """Print a line, however long, unbroken."""
        self.console.print(printable(text), highlight=False, markup=False, soft_wrap=True)
        self._copy(text)

    def _copy(self, text: str) -> None:
        self._said.append(text)
        for write in self._copies:
            write(text)

    def copy_to(self, write: Callable[[str], None]) -> None:
        """From now on `write` gets every line too, first those that were said already."""
        for line in self._said:
            write(line)
        self._copies.append(write)

    def begun(self, out: Store, name: str, stage: str) -> None:
        """Say where the run can be watched; a page is there at once, that of an earlier start stays."""
        at = Path(out.base, artifacts.REPORT, artifacts.LIVE_PAGE)
        page = f"{at.as_uri()}, or over http: " if out.is_local else ""
        self.say(f"live page: {page}{shlex.join(['stagegrid', 'watch', str(out), '--serve'])}")
        if not out.exists(artifacts.RUN):
            write_first_page(out, name, stage)

    def dataset(self, dataset: FoldedDataset) -> None:
        """Say how many clips and classes the data set has, and what is left out of it."""
        table = dataset.table
        counts = Counter(table.clips["part"])
        clips = ", ".join(f"{counts[part]} {part}" for part in PARTS)
        self.say(f"data: {clips} clips, {len(table.vocabulary)} classes ({table.layout} layout)")
        if table.dropped:
            self.say(f"      left out, officially bad: {', '.join(table.dropped)}")
        for reason in list(table.skipped.values())[:SKIPPED_SHOWN]:
            self.say(f"      skipped: {reason}")
        if table.skipped:
            self.say(f"      skipped, bad files: {len(table.skipped)}, all listed in {artifacts.RUN}")
        for name, count in dataset.thin_classes.items():
            self.say(f"      class {name} has fewer verified clips ({count}) than there are folds")

    def plan(self, plan: Plan, work_left: Mapping[str, WorkLeft], stale: Mapping[str, str]) -> None:
        """Say how many legs there are, how many are left, and why others on disk are stale."""
        shared, alone = plan.iterations()
        counts = Counter(work_left.values())
        todo = ", ".join(f"{counts[state]} {state}" for state in ("done", "continue", "new") if counts[state])
        saved = f", {shared} iterations a fold (unshared {alone})"
        self.say(f"plan: {len(plan.ends)} cells from {len(plan.legs)} legs ({todo}){saved}")
        if stale:
            self.say(f"      {stale_line(stale)}")

    def failures(self, run: Run) -> None:
        """Say why legs have no result, and where the traceback of a fault of this program is."""
        for leg in run.manifest.legs:
            if failure := run.legs[leg.id].failure():
                log = f" (traceback: {failure.log})" if failure.log else ""
                self.say(f"failed: {leg.label}: {failure.reason}{log}")

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Show that something takes a few seconds, until the end of the block."""
        with self.console.status(text):
            yield

    @contextmanager
    def features(self, total: int) -> Iterator[Callable[[int, int], None]]:
        """Count clips in a bar, or in a line now and then; gives the function to call with (done, total)."""
        bar = ProgressBar("features", "clips", total)
        lines = repeated(lambda: self._told(bar.line, bar.ended), LINE_SECONDS)
        with bar.shown_on(self.console) if self.live else nullcontext(), lines:
            yield bar.update

    @contextmanager
    def training(self, run: Run) -> Iterator[None]:
        """Show the table of legs, or a line now and then, until the end of the block."""
        reader = StatusReader(run)
        table = Live(get_renderable=lambda: _table(reader), console=self.console, refresh_per_second=2)
        lines = repeated(lambda: self._lines(reader), LINE_SECONDS)
        with table if self.live else nullcontext(), lines:
            yield

    def refresh(self, run: Run, legs: Sequence[LegStatus], note: DriverNote | None) -> None:
        """Write the live page for this state of the legs."""
        write_live_page(run, legs, note)

    def _lines(self, reader: StatusReader) -> None:
        legs = reader.read()
        for line in (*stalls(legs), *alerts(legs, reader.note), summary(legs)):
            self._told(line)

    def _told(self, line: str, always: bool = False) -> None:
        """A line of progress: where a live table shows it, for the copies alone."""
        if always or not self.live:
            self.say(line)
        else:
            self._copy(line)


def _table(reader: StatusReader) -> RenderableType:
    return status_table(reader.read(), reader.note)


def wait_for_run(out: Store, console: Console) -> None:
    """Wait until a run has begun in this folder."""
    with console.status(f"no run in {out} yet"):
        while not out.exists(artifacts.RUN):
            time.sleep(1.0)


def watch_run(reader: StatusReader, console: Console, go_on: bool) -> None:
    """Print a run's state once, or keep it on the screen until nothing is left to do."""
    if not go_on:
        console.print(_table(reader))
        return
    with Live(_table(reader), console=console, refresh_per_second=2) as live:
        while any(leg.state not in ("done", "failed") for leg in reader.read()):
            live.update(_table(reader))
            time.sleep(1.0)
        live.update(_table(reader))
