"""The tables of a data set as lines with their numbers, and whatever is wrong with a data set.

`run` stops where nothing sensible can be read any further, and tells the faults of a table's lines together.
`check` gathers them all. Both read by the same functions, which hand whatever is wrong to a `Problems`.
"""

import csv
import io
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from trainable.errors import UserError

T = TypeVar("T")
Kind = Literal[
    "layout", "table", "vocabulary", "file name", "missing file", "clip twice", "usage", "label", "bad file",
    "class", "folds", "columns of the grid", "list of label errors",
]  # fmt: skip
SHOWN = 10
"""Problems listed in one message."""
NO_FILES = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, and where."""

    kind: Kind
    path: str
    """File or folder; empty where it is the data set as a whole."""
    line: int | None
    """Line of a table."""
    text: str
    """For people: file and line, what is wrong, and mostly what to do."""

    @classmethod
    def at(cls, kind: Kind, path: Path, line: int, fault: str) -> "Problem":
        """A fault in a line of a table."""
        return cls(kind, str(path), line, f"{path}, line {line}: {fault}")

    @classmethod
    def of(cls, kind: Kind, path: Path | str, text: str) -> "Problem":
        """A fault of a whole file or folder, which `text` names."""
        return cls(kind, str(path), None, text)


@dataclass
class Problems:
    """Gathers, so that one message tells more than the first."""

    strict: bool = True
    """Whether to raise what makes the rest unreadable."""
    gathered: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """A fault beside which the rest can be read."""
        self.gathered.append(problem)

    def stop(self, problem: Problem) -> None:
        """A fault without which more would follow: raised, or gathered for whoever wants all.

        Raises:
            UserError: strict.
        """
        if self.strict:
            raise UserError(problem.text)
        self.add(problem)

    def attempt(self, kind: Kind, path: Path | str, action: Callable[[], T]) -> T | None:
        """The result of `action`; None where it raised a UserError that was gathered.

        Raises:
            UserError: strict, and `action` raised it.
        """
        try:
            return action()
        except UserError as error:
            if self.strict:
                raise
            self.add(Problem.of(kind, path, str(error)))
            return None

    def raise_any(self) -> None:
        """Refuse a data set in which anything is wrong.

        Raises:
            UserError: the first problems, and how many more there are.
        """
        if self.gathered:
            more = len(self.gathered) - SHOWN
            tail = [f"... and {more} more"] if more > 0 else []
            raise UserError("\n".join([*(problem.text for problem in self.gathered[:SHOWN]), *tail]))


class Line(NamedTuple):
    """A line of a table; of a value over several lines the last one."""

    number: int
    values: list[str]


def regular_size(path: str | Path) -> int:
    """Bytes of a file; what is no file is never opened, for opening a pipe would wait for ever.

    Raises:
        UserError: it is missing, or a folder, pipe, socket or device, or a link to one.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  # for 25 thousand files: a Path takes twice as long
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read ({reason}): restore it or drop it") from error
    kind = stat.S_IFMT(status.st_mode)
    if kind != stat.S_IFREG:
        raise UserError(
            f"{path} is {NO_FILES.get(kind, 'something else')}, not a file: put a file in its place"
        )
    return status.st_size


def read_lines(path: Path, problems: Problems | None = None, kind: Kind = "table") -> list[Line]:
    """All lines of the CSV file `path`; without `problems` the first fault is raised.

    Raises:
        UserError: there is no such file, it is no UTF-8 or no CSV, or a line is blank; names file and line.
    """
    problems = problems or Problems()
    text = _text(path, problems, kind)
    lines: list[Line] = []
    if text is None:
        return lines
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        for values in reader:
            if any(value.strip() for value in values):
                lines.append(Line(reader.line_num, values))
            else:
                problems.stop(Problem.at(kind, path, reader.line_num, "the line is blank: remove it"))
    except csv.Error as error:
        problems.stop(Problem.at(kind, path, reader.line_num, f"not a CSV file ({error})"))
    return lines


def _text(path: Path, problems: Problems, kind: Kind) -> str | None:
    if problems.attempt(kind, path, lambda: regular_size(path)) is None:
        return None
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        problems.stop(Problem.at(kind, path, line, "not a CSV file in UTF-8: save it as such"))
        return None


def read_columns(
    path: Path, required: Sequence[str], problems: Problems | None = None, kind: Kind = "table"
) -> list[tuple[int, dict[str, str]]]:
    """The numbers of all lines but the first, and their values by the names that the first gives.

    Raises:
        UserError: as `read_lines`; a required column is missing, a name is there twice, or a line has fewer
            or more values than there are columns.
    """
    problems = problems or Problems()
    before = len(problems.gathered)
    lines = read_lines(path, problems, kind)
    names = lines[0].values if lines else []
    if complaint := _complaint(names, required):
        if lines or len(problems.gathered) == before:  # else it is known why there are none
            problems.stop(Problem.at(kind, path, 1, complaint))
        return []
    rows = []
    for line in lines[1:]:
        if complaint := _miscount(line, len(names)):
            problems.stop(Problem.at(kind, path, line.number, complaint))
        else:
            rows.append((line.number, dict(zip(names, line.values, strict=True))))
    return rows


def _complaint(names: Sequence[str], required: Sequence[str]) -> str:
    """The fault of a table's first line; empty where there is none."""
    if not set(required) <= set(names):
        return f"the columns must include {', '.join(required)}"
    twice = [name for name in names if name and names.count(name) > 1]
    return f"two columns are called {twice[0]}: rename or remove one" if twice else ""


def _miscount(line: Line, columns: int) -> str:
    """The fault in the number of a line's values; empty where there is none."""
    count = len(line.values)
    if count > columns:
        return "more values than columns: put labels that are several in quotes"
    return f"{count} values where there are {columns} columns" if count < columns else ""
