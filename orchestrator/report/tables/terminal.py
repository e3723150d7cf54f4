"""Tables for terminals: as wide as they are, in blocks of columns one under the other."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.artifacts.run import Hole
from orchestrator.report.tables.table import Column, Content, Table, number, signed

GAP = 2
"""Characters between columns."""


def to_rich(table: Table, width: int = 80) -> RenderableType:
    """For a terminal of `width` characters: columns that do not fit go on in further blocks."""
    label = max([len(table.corner), *(len(row.label) for row in table.rows)])
    numbers = sum(_width(table, place) + GAP for place in range(len(table.columns)))
    words = [len(word) for text in (table.corner, *(r.label for r in table.rows)) for word in text.split()]
    label = min(label, max([width - numbers, width // 3, *words]))
    blocks = [_rich_block(table, places, label) for places in _blocks(table, width - label)]
    reasons = [f"{where}: {hole}" for where, hole in holes(table)]
    notes = [Text(line, style="dim") for line in dict.fromkeys((*reasons, *table.notes))]
    return Group(Text(table.title, style="bold"), *blocks, *notes)


def _blocks(table: Table, room: int) -> list[list[int]]:
    """Places of the columns in each block; columns of a group stay together where they fit."""
    blocks: list[list[int]] = [[]]
    left = room
    for places in _pieces(table, room):
        need = sum(_width(table, place) + GAP for place in places)
        if blocks[-1] and need > left:
            blocks.append([])
            left = room
        blocks[-1] += places
        left -= need
    return blocks


def _pieces(table: Table, room: int) -> list[list[int]]:
    """What stays together: groups, or the columns of one that is too wide."""
    pieces = []
    for places in _groups(table.columns):
        fits = sum(_width(table, place) + GAP for place in places) <= room
        pieces += [places] if fits else [[place] for place in places]
    return pieces


def _groups(columns: Sequence[Column]) -> list[list[int]]:
    places: dict[str, list[int]] = {}
    for place, column in enumerate(columns):
        places.setdefault(column.group, []).append(place)
    return list(places.values())


def _width(table: Table, place: int) -> int:
    column = table.columns[place]
    texts = [line for row in table.rows for line in _lines(row.cells[place])]
    return max(map(len, [*_words(column.group), column.name, *texts]))


def _words(name: str) -> list[str]:
    """Where a title may be broken."""
    return name.replace("_", "_ ").split()


def _rich_block(table: Table, places: Sequence[int], label: int) -> RichTable:
    block = RichTable(box=None, padding=(0, 0, 0, GAP), pad_edge=False, header_style="bold")
    block.add_column(table.corner, width=label)
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
        return content.split("\n")
    if isinstance(content, Hole):
        return [content.kind]
    lines = [number(content.value)]
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
