"""Tags on the terminal: everything here is for people."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console, Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from orchestrator.files.printable import clock, printable
from orchestrator.tagging.predict import Progress as Told
from orchestrator.tagging.tag import Tagged

FEW = 8
"""So many recordings get a line for each class, more of them a line each."""
BAR = 20
"""Characters of the bar of a score of 1."""
LONGEST_NAME = 200


def one_line(text: str) -> str:
    """Text of a file name or label that changes nothing on a terminal but what it shows, in one line."""
    return printable(" ".join(text.split("\n")).replace("\t", " "))


def tags_view(tagged: Sequence[Tagged], vocabulary: Sequence[str], top: int) -> RenderableType:
    """The best `top` classes of each recording."""
    if len(tagged) <= FEW:
        return Group(*(part for one in tagged for part in (_heading(one), _bars(one, vocabulary, top))))
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column(overflow="fold", ratio=2)
    table.add_column(overflow="fold", ratio=3)
    folder = os.path.commonpath([str(Path(one.path).parent) for one in tagged]) if _alike(tagged) else ""
    for one in tagged:
        name = os.path.relpath(one.path, folder) if folder else one.path
        table.add_row(Text(one_line(name)), Text(_line(one, vocabulary, top)))
    return Group(Text(one_line(folder), style="dim"), table) if folder else table


def _alike(tagged: Sequence[Tagged]) -> bool:
    """Whether the paths have a folder in common: all from the root, or all from here."""
    return len({Path(one.path).is_absolute() for one in tagged}) == 1


def _best(one: Tagged, top: int) -> list[int]:
    """Columns of the highest scores, the highest first."""
    columns: list[int] = np.argsort(-one.scores_C, kind="stable")[:top].tolist()
    return columns


def _heading(one: Tagged) -> Text:
    windows = f", {len(one.spans)} windows" if len(one.spans) > 1 else ""
    return Text.assemble((one_line(one.path), "bold"), (f"  {_length(one.seconds)}{windows}", "dim"))


def _bars(one: Tagged, vocabulary: Sequence[str], top: int) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    for style in (None, None, "cyan", "dim"):
        table.add_column(style=style, overflow="fold")
    for column in _best(one, top):
        score = float(one.scores_C[column])
        when = f"highest from {_length(one.peak(column))}" if len(one.spans) > 1 else ""
        name = Text("  " + one_line(vocabulary[column])[:LONGEST_NAME])
        table.add_row(name, f"{score:.3f}", "━" * round(score * BAR), when)
    return table


def _line(one: Tagged, vocabulary: Sequence[str], top: int) -> str:
    scores = one.scores_C
    return ", ".join(f"{one_line(vocabulary[column])} {scores[column]:.2f}" for column in _best(one, top))


def _length(seconds: float) -> str:
    """Seconds as 3.2 s, 4:05 or 1:02:03."""
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


@contextmanager
def tagging_bar(console: Console) -> Iterator[Told]:
    """A progress bar; gives the function to call with (done, all)."""
    columns = (
        TextColumn("tagging"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("tagging", total=None, speed="")
        first: list[int] = []

        def update(done: int, total: int) -> None:
            first.append(done) if not first else None
            seconds, fresh = progress.tasks[0].elapsed or 0.0, done - first[0]
            speed = f"{fresh / seconds:.1f} recordings/s" if seconds and fresh else ""
            progress.update(task, completed=done, total=total, speed=speed)

        yield update
