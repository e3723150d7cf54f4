"""A data set's folder -> ClipTable: both layouts of FSDKaggle2019, and any pair of CSV files and folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestrator.data.fsdkaggle2019 import BAD, FIRST_PRIVATE
from orchestrator.data.layouts import PARTS, DataSettings, PartFiles, find_layout, need
from orchestrator.data.tables import Kind, Problem, Problems, read_columns
from trainable.errors import UserError, did_you_mean

LABEL_SHOWN = 100
"""Characters of a label in a message: a broken table may have one of megabytes."""
USAGES = ("", "Public", "Private")
"""What the column usage may say."""


@dataclass(frozen=True)
class ClipTable:
    """All clips of a data set: verified, unverified, test, each part in the order of its file names."""

    vocabulary: tuple[str, ...]
    clips: pd.DataFrame
    """Columns fname, part, path, labels (a tuple; empty: unknown), usage (Public, Private or nothing), and
    source and freesound_id as the tables give them, or nothing."""
    dropped: tuple[str, ...]
    """Officially bad clips that were left out."""
    layout: str
    skipped: Mapping[str, str] = field(default_factory=dict)
    """Clips left out because their files are bad, with the reason."""

    def without(self, reasons: Mapping[str, str]) -> ClipTable:
        """The table without these clips, which are bad for these reasons."""
        kept = self.clips[~self.clips["fname"].isin(list(reasons))].reset_index(drop=True)
        return replace(self, clips=kept, skipped=dict(sorted({**self.skipped, **reasons}.items())))

    def targets(self) -> NDArray[np.uint8]:
        """Labels as rows of 0 and 1: (clips, classes)."""
        return multi_hot(self.clips["labels"], self.vocabulary)


def multi_hot(labels: Iterable[Sequence[str]], vocabulary: Sequence[str]) -> NDArray[np.uint8]:
    """Each clip's labels as a row of 0 and 1: (clips, classes)."""
    column = {name: index for index, name in enumerate(vocabulary)}
    rows = list(labels)
    targets = np.zeros((len(rows), len(column)), np.uint8)
    for row, names in enumerate(rows):
        targets[row, [column[name] for name in names]] = 1
    return targets


@dataclass(frozen=True)
class ClipLine:
    """A line of a table."""

    fname: str
    part: str
    path: str
    labels: tuple[str, ...]
    usage: str
    source: str
    freesound_id: str
    table: Path
    line: int
    labelled: bool
    bad: bool
    """Whether the data set's authors call the clip bad."""

    def problem(self, kind: Kind, fault: str) -> Problem:
        """A fault in this line."""
        return Problem.at(kind, self.table, self.line, fault)


@dataclass(frozen=True)
class Reading:
    """The tables of a data set, line by line."""

    layout: str
    vocabulary: tuple[str, ...]
    rows: tuple[ClipLine, ...]
    present: frozenset[str]
    """Paths of the files that are there, of those that the rows name."""

    def table(self) -> ClipTable:
        """The clips in their order, without the officially bad ones."""
        kept = [row for row in self.rows if not row.bad]
        kept.sort(key=lambda row: (PARTS.index(row.part), row.fname))
        names = ("fname", "part", "path", "labels", "usage", "source", "freesound_id")
        columns = {name: [getattr(row, name) for row in kept] for name in names}
        dropped = tuple(sorted(row.fname for row in self.rows if row.bad))
        return ClipTable(self.vocabulary, pd.DataFrame(columns), dropped, self.layout)


def read_dataset(folder: Path, settings: DataSettings, check_audio: bool = True) -> ClipTable:
    """Read the tables of the data set in `folder`; `check_audio` also looks for every file.

    Raises:
        UserError: a table, folder or file is missing, a label is unknown, empty or given twice, or a clip is
            named twice; names the file and the line.
    """
    problems = Problems()
    reading = read_tables(folder, settings, problems, check_audio)
    problems.raise_any()
    return reading.table()


def read_tables(
    folder: Path, settings: DataSettings, problems: Problems, check_audio: bool = True
) -> Reading:
    """Every line of the tables in `folder`; what is wrong goes to `problems`.

    Raises:
        UserError: there is no data set, or `problems` are strict and something is missing or malformed.
    """
    layout = find_layout(folder, settings, problems)
    bad = frozenset() if settings.keep_bad or layout.name == "plain" else BAD
    rows: list[ClipLine] = []
    present: set[str] = set()
    for source in layout.sources:
        files = _files(source, check_audio, problems)
        rows += _read_source(source, files, bad, problems)
        if check_audio and files is not None:
            present |= _present(rows, source, files, problems)
    verified = {label for row in rows if row.part == "verified" for label in row.labels if label}
    vocabulary = tuple(sorted(verified)) if layout.vocabulary is None else layout.vocabulary
    _check(rows, vocabulary, problems)
    return Reading(layout.name, vocabulary, tuple(rows), frozenset(present))


def _present(rows: Sequence[ClipLine], source: PartFiles, files: set[str], problems: Problems) -> set[str]:
    """Paths of the files of one part that are there; what is missing goes to `problems`."""
    own = [row for row in rows if row.part == source.part]
    for row in own:
        if row.fname and row.fname not in files and not row.bad:
            problems.add(row.problem("missing file", f"{row.path} is missing"))
    return {row.path for row in own if row.fname in files}


def _files(source: PartFiles, check_audio: bool, problems: Problems) -> set[str] | None:
    """Names in the folder of a part; None where there is no such folder."""
    folder = source.folder
    if check_audio:
        problems.attempt("missing file", folder, lambda: _need_folder(source))
    return {entry.name for entry in os.scandir(folder)} if folder.is_dir() else None


def _need_folder(source: PartFiles) -> None:
    need(source.folder)
    if not source.folder.is_dir():
        raise UserError(f"{source.folder} is no folder: it must hold the files of {source.table.name}")


def _read_source(
    source: PartFiles, files: set[str] | None, bad: frozenset[str], problems: Problems
) -> list[ClipLine]:
    """The clips of one part."""
    if problems.attempt("table", source.table, lambda: need(source.table)) is None:
        return []
    here = None if source.expected is None else source.expected | (files or set())
    required = ("fname", "labels") if source.labelled else ("fname",)
    lines = read_columns(source.table, required, problems)
    rows = [_row(source, fields, line, bad) for line, fields in lines]
    return [row for row in rows if here is None or row.fname in here]


def _row(source: PartFiles, fields: dict[str, str], line: int, bad: frozenset[str]) -> ClipLine:
    fname = fields["fname"].strip()
    labels = fields["labels"].split(",") if source.labelled else []
    usage = fields.get("usage", "").strip()
    if not source.labelled:
        usage = "Public" if fname < FIRST_PRIVATE else "Private"
    return ClipLine(
        fname=fname,
        part=source.part,
        path=str(source.folder / fname),
        labels=tuple(label.strip() for label in labels),
        usage=usage,
        source=fields.get("source", "").strip(),
        freesound_id=fields.get("freesound_id", "").strip(),
        table=source.table,
        line=line,
        labelled=source.labelled,
        bad=source.part == "verified" and fname in bad,
    )


def _check(rows: Sequence[ClipLine], vocabulary: Sequence[str], problems: Problems) -> None:
    known, seen = set(vocabulary), dict[str, ClipLine]()
    for row in rows:
        if not row.fname:
            problems.add(row.problem("file name", "the file name is empty"))
        elif row.fname in seen:
            first = seen[row.fname]
            fault = f"{row.fname} is in {first.table.name}, line {first.line}, too"
            problems.add(row.problem("clip twice", fault))
        seen.setdefault(row.fname, row)
        if row.usage not in USAGES:
            fault = f"the usage {row.usage[:LABEL_SHOWN]} is neither Public nor Private (nor empty)"
            problems.add(row.problem("usage", fault))
        if row.labelled:
            _check_labels(row, known, problems)


def _check_labels(row: ClipLine, known: set[str], problems: Problems) -> None:
    """A label is unknown only where the classes are known."""
    if not all(row.labels):
        problems.add(row.problem("label", f"{row.fname} has an empty label"))
    if len(set(row.labels)) < len(row.labels):
        problems.add(row.problem("label", f"{row.fname} has a label twice"))
    for label in row.labels:
        if known and label and label not in known:
            shown = label[:LABEL_SHOWN]
            hint = did_you_mean(shown, known)
            problems.add(row.problem("label", f"{row.fname} has the unknown label {shown}{hint}"))
