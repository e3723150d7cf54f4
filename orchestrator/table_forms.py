"""A table of measured numbers beside published ones, and its forms: terminal, Markdown, CSV, LaTeX.

Every form shows the same: the value, its interval, the published number and the difference where there is
one, and a hole with its reason where there is no value.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.stats import Interval


@dataclass(frozen=True)
class Value:
    """A measured number."""

    value: float
    interval: Interval | None = None
    published: float | None = None

    @property
    def difference(self) -> float | None:
        """Measured minus published."""
        return None if self.published is None else self.value - self.published


@dataclass(frozen=True)
class Hole:
    """A number that is missing."""

    reason: str


Content = Value | Hole | str


@dataclass(frozen=True)
class Row:
    """A line of a table: what it is about, and a cell for each column."""

    label: str
    cells: tuple[Content, ...]


@dataclass(frozen=True)
class Column:
    """A column's title in two lines; neighbours with the same group belong together."""

    group: str
    name: str = ""

    @property
    def title(self) -> str:
        """Both lines in one."""
        return f"{self.group} {self.name}".strip()


@dataclass(frozen=True)
class Table:
    """What all forms show."""

    title: str
    corner: str
    """Title of the column of labels."""
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    """How to read it; why something is not in it."""


def number(value: float) -> str:
    """Four digits as the paper prints them."""
    return f"{value:.4f}"


def signed(value: float) -> str:
    """A difference with four digits and its sign."""
    return f"{value:+.4f}"


def to_rich(table: Table, width: int = 80) -> RenderableType:
    """For a terminal of `width` characters: columns that do not fit go on in further blocks."""
    label = max([len(table.corner), *(len(row.label) for row in table.rows)])
    blocks = [_rich_block(table, places) for places in _blocks(table, width - label - 2)]
    reasons = [f"{where}: {hole.reason}" for where, hole in holes(table)]
    notes = [Text(line, style="dim") for line in (*reasons, *table.notes)]
    return Group(Text(table.title, style="bold"), *blocks, *notes)


def _blocks(table: Table, room: int) -> list[list[int]]:
    """Places of the columns in each block; columns of a group stay together where they fit."""
    blocks: list[list[int]] = [[]]
    left = room
    for places in _groups(table.columns):
        need = sum(_width(table, place) + 2 for place in places)
        if blocks[-1] and need > left:
            blocks.append([])
            left = room
        blocks[-1] += places
        left -= need
    return blocks


def _groups(columns: Sequence[Column]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        found.setdefault(column.group, []).append(place)
    return list(found.values())


def _width(table: Table, place: int) -> int:
    column = table.columns[place]
    texts = [line for row in table.rows for line in _lines(row.cells[place])]
    return min(30, max(map(len, [*_words(column.group), column.name, *texts])))


def _words(name: str) -> list[str]:
    """Where a title may be broken."""
    return name.replace("_", "_ ").split()


def _rich_block(table: Table, places: Sequence[int]) -> RichTable:
    block = RichTable(box=None, padding=(0, 2, 0, 0), header_style="bold", title_justify="left")
    block.add_column(table.corner, no_wrap=True)
    for place in places:
        column, width = table.columns[place], _width(table, place)
        title = "\n".join([*_broken(column.group, width), *([column.name] if column.name else [])])
        textual = all(isinstance(row.cells[place], str) for row in table.rows)
        block.add_column(title, justify="left" if textual else "right", width=width, vertical="top")
    for row in table.rows:
        block.add_row(row.label, *("\n".join(_lines(row.cells[place])) for place in places))
    return block


def _broken(name: str, width: int) -> list[str]:
    """A title in lines of at most `width` characters, broken after underscores and at spaces."""
    lines = [""]
    for word in _words(name):
        joiner = "" if lines[-1].endswith("_") or not lines[-1] else " "
        if len(lines[-1] + joiner + word) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] += joiner + word
    return lines


def _lines(content: Content) -> list[str]:
    """A cell on a terminal: value, half the width of its interval, published number, difference."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, Hole):
        return [content.reason.partition(":")[0]]
    lines = [number(content.value)]
    if content.interval:
        lines.append(f"±{(content.interval.high - content.interval.low) / 2:.4f}")
    if content.published is not None and content.difference is not None:
        lines += [f"p{number(content.published)}", signed(content.difference)]
    return lines


def holes(table: Table) -> Iterator[tuple[str, Hole]]:
    """Every hole and its place; one line for equal reasons in a row."""
    for row in table.rows:
        found: dict[str, list[str]] = {}
        for column, content in zip(table.columns, row.cells, strict=True):
            if isinstance(content, Hole):
                found.setdefault(content.reason, []).append(column.title)
        for reason, columns in found.items():
            yield f"{row.label} {', '.join(columns)}", Hole(reason)


def to_markdown(table: Table) -> str:
    """A pipe table with its title and notes."""
    head = [table.corner, *(column.title for column in table.columns)]
    lines = [f"**{table.title}**", "", _pipes(head), _pipes(["---"] * len(head))]
    lines += [_pipes([row.label, *map(_markdown, row.cells)]) for row in table.rows]
    lines += ["", *(f"- {note}" for note in table.notes)] if table.notes else []
    return "\n".join(lines) + "\n"


def _pipes(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _markdown(content: Content) -> str:
    return f"*{content.reason}*" if isinstance(content, Hole) else _one_line(content, "<br>")


def _one_line(content: Value | str, separator: str) -> str:
    """Value with its interval, then published number and difference."""
    if isinstance(content, str):
        return content
    text = number(content.value)
    if content.interval:
        text += f" [{number(content.interval.low)}, {number(content.interval.high)}]"
    if content.published is not None and content.difference is not None:
        text += f"{separator}paper {number(content.published)}, {signed(content.difference)}"
    return text


def to_csv(table: Table) -> str:
    """One line a row; a column of numbers becomes value, low, high, published, difference and hole."""
    textual = [all(isinstance(row.cells[i], str) for row in table.rows) for i in range(len(table.columns))]
    head = [table.corner]
    for column, text in zip(table.columns, textual, strict=True):
        more = [] if text else [f"{column.title} {part}" for part in PARTS]
        head += [column.title, *more]
    lines = []
    for row in table.rows:
        cells = zip(row.cells, textual, strict=True)
        lines.append([row.label, *(part for content, text in cells for part in _fields(content, text))])
    return csv_text(head, lines)


PARTS = ("low", "high", "published", "difference", "hole")


def _fields(content: Content, textual: bool) -> list[str]:
    if isinstance(content, str):
        return [content] if textual else [content, *[""] * len(PARTS)]
    if isinstance(content, Hole):
        return [*[""] * len(PARTS), content.reason]
    interval = content.interval
    ends = (interval.low, interval.high) if interval else (None, None)
    return [*map(exact, (content.value, *ends, content.published, content.difference)), ""]


def exact(value: float | None) -> str:
    """All digits of a number, so that equal files mean equal numbers; empty for None."""
    return "" if value is None else repr(float(value))


def csv_text(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Comma-separated values with Unix line ends."""
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([head, *lines])
    return stream.getvalue()


def to_latex(table: Table) -> str:
    """A booktabs table; intervals as subscripts to the value's size, published numbers under it."""
    head = [table.corner, *(column.title for column in table.columns)]
    body = [_ampersands([_tex(row.label), *map(_latex, row.cells)]) for row in table.rows]
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{_tex(table.title)}}}",
        f"\\begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        "\\toprule",
        _ampersands(list(map(_tex, head))),
        "\\midrule",
        *body,
        "\\bottomrule",
        "\\end{tabular}",
        *(f"\\par\\footnotesize {_tex(note)}" for note in table.notes),
        "\\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _ampersands(cells: Sequence[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _latex(content: Content) -> str:
    if isinstance(content, Hole):
        return f"\\emph{{{_tex(content.reason)}}}"
    return _tex(_one_line(content, "; "))


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "±": "$\\pm$",
}


def _tex(text: str) -> str:
    """`text` with TeX's special characters escaped."""
    return "".join(_TEX.get(character, character) for character in text)
