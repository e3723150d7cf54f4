"""A data set's folder -> ClipTable: both layouts of FSDKaggle2019, and any pair of CSV files and folders."""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestrator.dataset.csv_files import read_columns
from orchestrator.dataset.layouts import FIRST_PRIVATE, PARTS, DataSettings, Source, find_layout, need
from trainable.errors import UserError

BAD = frozenset(
    f"{name}.wav" for name in ("f76181c4", "77b925c2", "6a1f682a", "c7db12aa", "7752cc8a", "1d44b0bd")
)
"""Curated clips that the authors of the data set call bad: five wrong labels, one without signal."""
SHOWN = 10
"""Problems listed in one message."""
LABEL_SHOWN = 100
"""Characters of a label in a message: a broken table may have one of megabytes."""
USAGES = ("", "Public", "Private")
"""What the column usage may say."""


@dataclass(frozen=True)
class ClipTable:
    """All clips of a data set: verified, unverified, test, each part in the order of its file names."""

    vocabulary: tuple[str, ...]
    clips: pd.DataFrame
    """Columns fname, part, path, labels (a tuple; empty: unknown), usage (Public, Private or nothing)."""
    dropped: tuple[str, ...]
    """Officially bad clips that were left out."""
    layout: str
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Clips left out because their files are bad, with the reason."""

    def without(self, reasons: Mapping[str, str]) -> "ClipTable":
        """The table without these clips, which are bad for these reasons."""
        kept = self.clips[~self.clips["fname"].isin(list(reasons))].reset_index(drop=True)
        return replace(self, clips=kept, skipped=dict(sorted({**self.skipped, **reasons}.items())))

    def targets(self) -> NDArray[np.uint8]:
        """Labels as rows of 0 and 1: (clips, classes)."""
        return multi_hot(self.clips["labels"], self.vocabulary)


def multi_hot(labels: Iterable[Sequence[str]], vocabulary: Sequence[str]) -> NDArray[np.uint8]:
    """Each clip's labels as a row of 0 and 1: (clips, classes)."""
    column = {name: place for place, name in enumerate(vocabulary)}
    rows = list(labels)
    targets = np.zeros((len(rows), len(column)), np.uint8)
    for row, names in enumerate(rows):
        targets[row, [column[name] for name in names]] = 1
    return targets


@dataclass
class _Problems:
    """What is wrong, gathered so that one message tells more than the first."""

    lines: list[str] = field(default_factory=list)

    def add(self, where: Path, line: int, what: str) -> None:
        self.lines.append(f"{where}, line {line}: {what}")

    def stop_if_any(self) -> None:
        if self.lines:
            more = len(self.lines) - SHOWN
            tail = [f"... and {more} more"] if more > 0 else []
            raise UserError("\n".join([*self.lines[:SHOWN], *tail]))


def read_dataset(folder: Path, settings: DataSettings, check_audio: bool = True) -> ClipTable:
    """Read the tables of the data set in `folder`; `check_audio` also looks for every file.

    Raises:
        UserError: a table, folder or file is missing, a label is unknown, empty or given twice, or a clip is
            named twice; names the file and the line.
    """
    layout = find_layout(folder, settings)
    bad = frozenset() if settings.keep_bad or layout.name == "plain" else BAD
    problems = _Problems()
    rows: list[_Row] = []
    for source in layout.sources:
        rows += _read_source(source, check_audio, bad, problems)
    problems.stop_if_any()
    vocabulary = layout.vocabulary or tuple(
        sorted({label for row in rows if row.part == "verified" for label in row.labels if label})
    )
    _check(rows, vocabulary, problems)
    problems.stop_if_any()
    kept = sorted((row for row in rows if not row.bad), key=lambda row: (PARTS.index(row.part), row.fname))
    columns = {
        name: [getattr(row, name) for row in kept] for name in ("fname", "part", "path", "labels", "usage")
    }
    dropped = tuple(sorted(row.fname for row in rows if row.bad))
    return ClipTable(vocabulary, pd.DataFrame(columns), dropped, layout.name)


@dataclass(frozen=True)
class _Row:
    fname: str
    part: str
    path: str
    labels: tuple[str, ...]
    usage: str
    table: Path
    line: int
    labelled: bool
    bad: bool


def _read_source(
    source: Source, check_audio: bool, bad: frozenset[str], problems: _Problems
) -> Iterator[_Row]:
    """The clips of one part."""
    need(source.table)
    if check_audio:
        need(source.folder)
        if not source.folder.is_dir():
            raise UserError(f"{source.folder} is no folder: it must hold the files of {source.table.name}")
    present = {entry.name for entry in os.scandir(source.folder)} if source.folder.is_dir() else set()
    here = None if source.expected is None else source.expected | present
    required = ("fname", "labels") if source.labelled else ("fname",)
    for line, fields in read_columns(source.table, required):
        row = _row(source, fields, line, bad)
        if here is not None and row.fname not in here:
            continue
        if check_audio and row.fname not in present and not row.bad:
            problems.add(source.table, line, f"{row.path} is missing")
        yield row


def _row(source: Source, fields: dict[str, str], line: int, bad: frozenset[str]) -> _Row:
    fname = fields["fname"].strip()
    labels = fields["labels"].split(",") if source.labelled else []
    usage = fields.get("usage", "").strip()
    if not source.labelled:
        usage = "Public" if fname < FIRST_PRIVATE else "Private"
    return _Row(
        fname=fname,
        part=source.part,
        path=str(source.folder / fname),
        labels=tuple(label.strip() for label in labels),
        usage=usage,
        table=source.table,
        line=line,
        labelled=source.labelled,
        bad=source.part == "verified" and fname in bad,
    )


def _check(rows: Sequence[_Row], vocabulary: Sequence[str], problems: _Problems) -> None:
    known, seen = set(vocabulary), dict[str, _Row]()
    for row in rows:
        if not row.fname:
            problems.add(row.table, row.line, "the file name is empty")
        elif row.fname in seen:
            first = seen[row.fname]
            problems.add(row.table, row.line, f"{row.fname} is in {first.table.name}, line {first.line}, too")
        seen.setdefault(row.fname, row)
        if row.usage not in USAGES:
            what = f"the usage {row.usage[:LABEL_SHOWN]} is neither Public nor Private (nor empty)"
            problems.add(row.table, row.line, what)
        if row.labelled:
            _check_labels(row, known, problems)


def _check_labels(row: _Row, known: set[str], problems: _Problems) -> None:
    if not all(row.labels):
        problems.add(row.table, row.line, f"{row.fname} has an empty label")
    if len(set(row.labels)) < len(row.labels):
        problems.add(row.table, row.line, f"{row.fname} has a label twice")
    for label in row.labels:
        if label and label not in known:
            shown = label[:LABEL_SHOWN]
            near = difflib.get_close_matches(shown, known, 1)
            hint = f", did you mean {near[0]}?" if near else ""
            problems.add(row.table, row.line, f"{row.fname} has the unknown label {shown}{hint}")
