"""What a check has found, on a terminal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from orchestrator.own_data.findings import FIXES, Check, ClassFacts, Finding, PartFacts

EXAMPLES = 3
"""Findings of a kind that are shown."""
CLASSES = 12
"""Classes that are shown: all where there are no more, else the rarest."""
RAREST = 5
TITLES = {"Faults: `run` refuses the data set": True, "Remarks: `run` takes it as it is": False}


@contextmanager
def progress_bar(console: Console) -> Iterator[Callable[[int, int], None]]:
    """Gives the function to call with (files done, files)."""
    columns = (TextColumn("files"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("files", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def check_view(check: Check) -> RenderableType:
    """All of it; long lists by their first entries."""
    parts = [
        Text(f"{check.data}: {check.layout} layout, {check.classes} classes"),
        _parts(check.parts),
        *_classes(check.per_class),
        Text(_published(check)),
        Text(_needs(check)),
    ]
    for title, is_fault in TITLES.items():
        own = [finding for finding in check.findings if finding.is_fault == is_fault]
        if own:
            parts += [Text(f"\n{title}", style="bold"), *_findings(own, check.data)]
    return Group(*parts)


def _parts(parts: Sequence[PartFacts]) -> Table:
    table = _table("part", "clips", "read", "labels", "hours", "seconds", "Hz")
    for part in parts:
        seconds = f"{part.shortest:.1f} to {part.longest:.1f}, median {part.median:.1f}"
        table.add_row(
            part.part, str(part.clips), str(part.readable), str(part.labels), f"{part.seconds / 3600:.2f}",
            seconds, _counted(part.rates),
        )  # fmt: skip
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _counted(counts: Mapping[int, int]) -> str:
    """44100, or where there are several 44100 (12), 48000 (3)."""
    if len(counts) == 1:
        return str(*counts)
    return ", ".join(f"{value} ({count})" for value, count in counts.items())


def _classes(classes: Sequence[ClassFacts]) -> Iterator[RenderableType]:
    if not classes:
        return
    shown = sorted(classes, key=lambda one: one.verified)[: CLASSES if len(classes) <= CLASSES else RAREST]
    table = _table("class", "verified", "by fold", "unverified", "test")
    for one in shown:
        folds = " ".join(map(str, one.folds)) or "-"
        table.add_row(Text(one.name), str(one.verified), folds, str(one.unverified), str(one.test))
    yield Text("")
    yield table
    if len(shown) < len(classes):
        most = max(one.verified for one in classes)
        yield Text(
            f"the rarest {len(shown)} of {len(classes)} classes; the most frequent has {most} verified"
        )
    yield Text("")


def _published(check: Check) -> str:
    if not check.published:
        return "FSDKaggle2019: no comparison, its classes are others"
    equal = sum(count.is_equal for count in check.published)
    return f"FSDKaggle2019: {equal} of {len(check.published)} published counts are equal"


def _needs(check: Check) -> str:
    needs = check.needs
    free, memory = decimal(needs.disk_free), decimal(needs.memory)
    return (
        f"features: at most {decimal(needs.bytes)} on disk ({free} are free here), and as much in the memory "
        f"of each machine ({memory} here)"
    )


def _findings(findings: Sequence[Finding], folder: str) -> Iterator[RenderableType]:
    for kind, group in groupby(findings, key=lambda finding: finding.kind):
        own = list(group)
        yield Text.assemble((kind, "red" if own[0].is_fault else "yellow"), f": {len(own)}")
        for finding in own[:EXAMPLES]:
            yield Padding(Text(finding.text.replace(f"{folder}/", "")), (0, 0, 0, 2))
        if len(own) > EXAMPLES:
            yield Text(f"  ... and {len(own) - EXAMPLES} more")
        yield Padding(Text(f"to do: {FIXES[kind]}", style="dim"), (0, 0, 0, 2))
