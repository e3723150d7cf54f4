"""The tables of a data set as lines with their numbers: whatever bytes come, lines or a UserError."""

import csv
import io
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from trainable.errors import UserError

KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


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
        raise UserError(f"{path} is {KINDS.get(kind, 'something else')}, not a file: put a file in its place")
    return status.st_size


def read_lines(path: Path) -> list[Line]:
    """All lines of the CSV file `path`.

    Raises:
        UserError: there is no such file, it is no UTF-8 or no CSV, or a line is blank; names file and line.
    """
    regular_size(path)
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}, line {line}: not a CSV file in UTF-8: save it as such") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        lines = [Line(reader.line_num, values) for values in reader]
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not a CSV file ({error})") from None
    for number, values in lines:
        if not any(value.strip() for value in values):
            raise UserError(f"{path}, line {number}: the line is blank: remove it")
    return lines


def read_columns(path: Path, required: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The numbers of all lines but the first, and their values by the names that the first gives.

    Raises:
        UserError: as `read_lines`; a required column is missing, a name is there twice, or a line has fewer
            or more values than there are columns.
    """
    header, *lines = read_lines(path) or [Line(1, [])]
    names = header.values
    if not set(required) <= set(names):
        raise UserError(f"{path}, line 1: the columns must include {', '.join(required)}")
    for name in names:
        if name and names.count(name) > 1:
            raise UserError(f"{path}, line 1: two columns are called {name}: rename or remove one")
    for line in lines:
        _check_count(path, line, len(names))
    return [(line.number, dict(zip(names, line.values, strict=True))) for line in lines]


def _check_count(path: Path, line: Line, columns: int) -> None:
    count = len(line.values)
    if count > columns:
        what = "more values than columns: put labels that are several in quotes"
        raise UserError(f"{path}, line {line.number}: {what}")
    if count < columns:
        raise UserError(f"{path}, line {line.number}: {count} values where there are {columns} columns")
