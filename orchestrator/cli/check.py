"""`check`: everything that is wrong with a data set, or odd, before anything is trained on it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.cli.options import Assignments, Config, DataFolder, console, say
from orchestrator.own_data.findings import FILE, FIXES, Check, ClassFacts, Finding, PartFacts
from orchestrator.watch.progress_bar import ProgressBar

FINDINGS_SHOWN = 3
"""Of a kind."""
CLASSES_SHOWN = 12
"""All where there are no more, else RAREST_SHOWN."""
RAREST_SHOWN = 5
TITLES = {"Faults: `run` refuses the data set": True, "Remarks: `run` takes it as it is": False}


def check(
    config: Config,
    data: DataFolder,
    out: Annotated[
        Path | None, typer.Option(help="Folder for check.json, outside the data set; without it this one.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that read at a time; without it one for each CPU.")
    ] = None,
    assignments: Assignments = None,
) -> None:
    """Look at a whole data set: every fault with file, line and what to do. Exit code 1 where there is one.

    Reads every table, decodes every sound file, and changes none. Shown, and written whole to check.json, are
    faults, odd clips, lengths, rates, labels by class and fold, and what the features will take.
    """
    from orchestrator.files.addresses import folder_beside
    from orchestrator.files.store import Store
    from orchestrator.own_data.check import Request, check_dataset
    from orchestrator.settings.loading import load_experiment

    experiment = load_experiment(config, assignments or ())
    folder = folder_beside(out, data)
    bar = ProgressBar("reading", "files")
    with bar.shown_on(console):
        checked = check_dataset(Request(str(config), experiment, data, processes), bar.update)
    console.print(check_text(checked))
    if folder:
        Store.open(folder).write_model(FILE, checked)
    remarks = len(checked.findings) - len(checked.faults)
    where = f"all in {folder / FILE}" if folder else "--out FOLDER writes all of them to check.json there"
    counts = f"{_counted(len(checked.faults), 'fault')}, {_counted(remarks, 'remark')}"
    say(f"{counts} in {checked.seconds:.1f} s; {where}")
    if checked.faults:
        raise SystemExit(1)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def check_text(check: Check) -> Group:
    """All that was checked; long lists by their first entries."""
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
            seconds, _rates(part.rates),
        )  # fmt: skip
    return table


def _table(first: str, *others: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table


def _rates(counts: Mapping[int, int]) -> str:
    """44100, or where there are several 44100 (12), 48000 (3)."""
    if len(counts) == 1:
        return str(*counts)
    return ", ".join(f"{rate} ({count})" for rate, count in counts.items())


def _classes(classes: Sequence[ClassFacts]) -> Iterator[RenderableType]:
    if not classes:
        return
    rarest = sorted(classes, key=lambda facts: facts.verified)[
        : CLASSES_SHOWN if len(classes) <= CLASSES_SHOWN else RAREST_SHOWN
    ]
    table = _table("class", "verified", "by fold", "unverified", "test")
    for facts in rarest:
        folds = " ".join(map(str, facts.folds)) or "-"
        table.add_row(Text(facts.name), str(facts.verified), folds, str(facts.unverified), str(facts.test))
    yield Text("")
    yield table
    if len(rarest) < len(classes):
        most = max(facts.verified for facts in classes)
        yield Text(
            f"the rarest {len(rarest)} of {len(classes)} classes; the most frequent has {most} verified"
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
        for finding in own[:FINDINGS_SHOWN]:
            yield Padding(Text(finding.text.replace(f"{folder}/", "")), (0, 0, 0, 2))
        if len(own) > FINDINGS_SHOWN:
            yield Text(f"  ... and {len(own) - FINDINGS_SHOWN} more")
        yield Padding(Text(f"to do: {FIXES[kind]}", style="dim"), (0, 0, 0, 2))
