"""Tables for terminals: as wide as they are, in blocks of columns one under the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.report.tables.table import Column, Content, Row, Table, Value, number, signed
from orchestrator.stats.grid import Hole

GAP = 2
"""Characters between columns."""
LONGEST_WORD = 24
"""Characters of a title's word that stays whole; longer ones are broken after their underscores."""
BEST = "*"
"""Before the highest value of its split."""


@dataclass(frozen=True)
class _Piece:
    """Columns that stand side by side under one title."""

    title: str
    places: tuple[int, ...]
    """Of its columns in the table."""
    names: tuple[str, ...]
    widths: tuple[int, ...]
    textual: tuple[bool, ...]

    @property
    def span(self) -> int:
        """Characters from its first column's beginning to its last one's end."""
        return sum(self.widths) + GAP * (len(self.widths) - 1)

    def head(self) -> list[str]:
        """Its title's lines and its columns' names, each as wide as it is."""
        left = all(self.textual)
        lines = [_placed(line, self.span, left) for line in _broken(self.title, self.span)]
        if any(self.names):
            columns = zip(self.names, self.widths, self.textual, strict=True)
            lines.append((" " * GAP).join(_placed(*column) for column in columns))
        return lines


def to_rich(table: Table, width: int = 80) -> RenderableType:
    """For a terminal of `width` characters: columns that do not fit go on in further blocks."""
    table = _printable(table)
    label = max([len(table.corner), *(len(row.label) for row in table.rows)])
    whole = sum(piece.span + GAP for piece in _pieces(table, width))
    words = [len(word) for text in (table.corner, *(r.label for r in table.rows)) for word in text.split()]
    label = min(label, max([width - whole, width // 3, *words]))
    places = _blocks(table, width - label) if table.rows else ()
    blocks = [_rich_block(table, pieces, label) for pieces in places]
    reasons = [f"{where}: {hole}" for where, hole in holes(table)]
    best = [f"{BEST} the highest of its split"] if _has_best(table) else []
    notes = [Text(line, style="dim") for line in dict.fromkeys((*reasons, *best, *table.notes))]
    title = [Text(table.title, style="bold")] if table.title else []
    return Group(*title, *blocks, *notes)


def _printable(table: Table) -> Table:
    """Names come from strangers."""
    columns = tuple(Column(printable(column.group), printable(column.name)) for column in table.columns)
    rows = tuple(Row(printable(row.label), tuple(map(_cell, row.cells))) for row in table.rows)
    notes = tuple(map(printable, table.notes))
    return Table(printable(table.title), printable(table.corner), columns, rows, notes)


def _cell(content: Content) -> Content:
    if isinstance(content, Hole):
        return replace(content, detail=printable(content.detail))
    return printable(content) if isinstance(content, str) else content


def _has_best(table: Table) -> bool:
    return any(isinstance(cell, Value) and cell.best for row in table.rows for cell in row.cells)


def _blocks(table: Table, room: int) -> list[list[_Piece]]:
    """What stands in each block; columns of a group stay together where they fit."""
    blocks: list[list[_Piece]] = [[]]
    left = room
    for piece in _pieces(table, room):
        need = piece.span + GAP
        if blocks[-1] and need > left:
            blocks.append([])
            left = room
        blocks[-1].append(piece)
        left -= need
    return blocks


def _pieces(table: Table, room: int) -> Iterator[_Piece]:
    """Groups, or the columns of one that is too wide."""
    groups: dict[str, list[int]] = {}
    for place, column in enumerate(table.columns):
        groups.setdefault(column.group, []).append(place)
    for places in groups.values():
        piece = _piece(table, places)
        if piece.span + GAP <= room:
            yield piece
        else:
            yield from (_piece(table, [place]) for place in places)


def _piece(table: Table, places: Sequence[int]) -> _Piece:
    """The last column is as wide as the title needs."""
    title, names = table.columns[places[0]].group, [table.columns[place].name for place in places]
    cells = [[row.cells[place] for row in table.rows] for place in places]
    lines = [[line for cell in column for line in _lines(cell)] for column in cells]
    widths = [max(map(len, [name, *column])) for name, column in zip(names, lines, strict=True)]
    missing = max(map(len, _words(title)), default=0) - sum(widths) - GAP * (len(widths) - 1)
    widths[-1] += max(0, missing)
    textual = [all(isinstance(cell, str) for cell in column) for column in cells]
    return _Piece(title, tuple(places), tuple(names), tuple(widths), tuple(textual))


def _words(name: str) -> list[str]:
    """Where a title may be broken."""
    words = name.split()
    parts = (word.replace("_", "_ ").split() if len(word) > LONGEST_WORD else [word] for word in words)
    return [part for word in parts for part in word]


def _broken(name: str, width: int) -> list[str]:
    """A title in lines of at most `width` characters."""
    lines = [""]
    for word in _words(name):
        joiner = "" if lines[-1].endswith("_") or not lines[-1] else " "
        if len(lines[-1] + joiner + word) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] += joiner + word
    return lines


def _placed(text: str, width: int, left: bool) -> str:
    return text.ljust(width) if left else text.rjust(width)


def _rich_block(table: Table, pieces: Sequence[_Piece], label: int) -> RenderableType:
    block = RichTable(box=None, show_header=False, padding=(0, 0, 0, GAP), pad_edge=False)
    block.add_column(width=label)
    for piece in pieces:
        for width, textual in zip(piece.widths, piece.textual, strict=True):
            block.add_column(justify="left" if textual else "right", width=width, vertical="top")
    places = [place for piece in pieces for place in piece.places]
    for row in table.rows:
        block.add_row(Text(row.label), *(_text(row.cells[place]) for place in places))
    return Group(*_head(table.corner, pieces, label), block)


def _head(corner: str, pieces: Sequence[_Piece], label: int) -> list[Text]:
    """The lines above a block, the shorter titles at the bottom."""
    first = [_placed(line, label, left=True) for line in _broken(corner, label)]
    columns = [first[::-1], *(piece.head()[::-1] for piece in pieces)]
    widths = [label, *(piece.span for piece in pieces)]
    lines = list(zip_longest(*columns))[::-1]
    return [
        Text((" " * GAP).join(part or " " * width for part, width in zip(line, widths, strict=True)), "bold")
        for line in lines
    ]


def _text(content: Content) -> Text:
    """A cell as it is: names may have rich's brackets in them."""
    best = isinstance(content, Value) and content.best
    return Text("\n".join(_lines(content)), "bold" if best else "")


def _lines(content: Content) -> list[str]:
    """A cell on a terminal: value, half the width of its interval, published number, difference."""
    if isinstance(content, str):
        return content.split("\n")
    if isinstance(content, Hole):
        return [content.kind]
    lines = [f"{BEST if content.best else ''}{number(content.value)}"]
    if content.interval:
        lines.append(f"±{(content.interval.high - content.interval.low) / 2:.4f}")
    if content.published is not None and content.difference is not None:
        lines += [f"p{number(content.published)}", signed(content.difference)]
    return lines


def holes(table: Table) -> Iterator[tuple[str, Hole]]:
    """Every hole and its place; equal holes of a row have one place."""
    for row in table.rows:
        titles: dict[Hole, list[str]] = {}
        for column, content in zip(table.columns, row.cells, strict=True):
            if isinstance(content, Hole):
                titles.setdefault(content, []).append(column.title)
        for hole, columns in titles.items():
            where = "" if len(columns) == len(row.cells) else f" {', '.join(columns)}"
            yield row.label + where, hole
