"""A table of measured numbers beside published ones, and its forms in files: Markdown, CSV, LaTeX.

Every form shows the same: the value, its interval, the published number and the difference where there is
one, and a hole with its reason where there is no value.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.stats.grid import Hole, Interval


@dataclass(frozen=True)
class Value:
    """A measured number."""

    value: float
    interval: Interval | None = None
    published: float | None = None
    best: bool = False
    """Whether it is the highest of its split."""

    @property
    def difference(self) -> float | None:
        """Measured minus published."""
        return None if self.published is None else self.value - self.published


class DetailHole(Hole):
    """A hole whose kind stands in another column."""

    def __str__(self) -> str:
        return self.detail


Content = Value | Hole | str
"""Text may have several lines."""


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
    if isinstance(content, Hole):
        return f"*{content}*"
    return _marked(content, _one_line(content, "<br>"), "**", "**")


def _marked(content: Value | str, text: str, before: str, after: str) -> str:
    """The number of a best value between two marks."""
    if isinstance(content, str) or not content.best:
        return text
    value = number(content.value)
    return f"{before}{value}{after}{text.removeprefix(value)}"


def _one_line(content: Value | str, separator: str) -> str:
    """Value with its interval, then published number and difference."""
    if isinstance(content, str):
        return content.replace("\n", separator)
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
        more = [] if text else [f"{column.title} {field}" for field in NUMBER_FIELDS]
        head += [column.title, *more]
    lines = []
    for row in table.rows:
        cells = zip(row.cells, textual, strict=True)
        lines.append([row.label, *(field for content, text in cells for field in _fields(content, text))])
    return csv_text(head, lines)


NUMBER_FIELDS = ("low", "high", "published", "difference", "hole")


def _fields(content: Content, textual: bool) -> list[str]:
    if isinstance(content, str):
        return [content] if textual else [content, *[""] * len(NUMBER_FIELDS)]
    if isinstance(content, Hole):
        return [*[""] * len(NUMBER_FIELDS), str(content)]
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
    """A booktabs table with the same cells as the Markdown one."""
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
    """A line; what a first cell begins with is not taken for an option of the line's end before."""
    return "{}" + " & ".join(cells) + " \\\\"


def _latex(content: Content) -> str:
    if isinstance(content, Hole):
        return f"\\emph{{{_tex(str(content))}}}"
    return _marked(content, _tex(_one_line(content, "; ")), "\\textbf{", "}")


_TEX = {c: f"\\{c}" for c in "&%$#_{}"} | {
    "\\": "\\textbackslash{}",
    "~": "\\textasciitilde{}",
    "^": "\\textasciicircum{}",
    "|": "\\textbar{}",
    "<": "\\textless{}",
    ">": "\\textgreater{}",
    '"': "''",
    "±": "$\\pm$",
    "×": "$\\times$",
    "–": "--",
}
_LETTERS = {chr(code) for code in range(0xC0, 0x100)} - set("ÐÞ×÷ðþ")
"""What every encoding of TeX's has beside ASCII."""


def _tex(text: str) -> str:
    """`text` with TeX's special characters escaped, and what pdflatex has no letter for as its number."""
    return "".join(map(_tex_character, text))


def _tex_character(character: str) -> str:
    if (character.isascii() and character.isprintable()) or character in _LETTERS:
        return _TEX.get(character, character)
    return _TEX.get(character, " " if character.isspace() else f"U+{ord(character):04X}")
