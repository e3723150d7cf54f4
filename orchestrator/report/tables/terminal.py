"""What a terminal shows of a report: tables as wide as it is, in blocks of columns one under the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.report.tables.table import Column, Content, Row, Table, Value, number, signed
from orchestrator.stats.grid import Hole

GAP = 2
"""Characters between columns."""
LONGEST_WORD = 24
"""Characters of a title that stay on one line, however narrow its columns are."""
BEST = "*"
"""Before the highest value of its split."""


@dataclass(frozen=True)
class PrintedReport:
    """A report on a terminal: the result in two sentences, the grid, the verdicts, where the page is."""

    headline: Sequence[str]
    tables: Sequence[Table]
    page: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for sentence in self.headline:
            yield Text(sentence)
        yield Text()
        for table in self.tables:
            yield to_rich(table, options.max_width)
            yield Text()
        yield Text(f"report: {self.page}", overflow="fold")


def to_rich(table: Table, width: int = 80) -> RenderableType:
    """For a terminal of `width` characters: columns that do not fit go on in further blocks."""
    table = _printable(table)
    reasons = [f"{where}: {hole}" for where, hole in holes(table)]
    best = any(isinstance(cell, Value) and cell.best for row in table.rows for cell in row.cells)
    notes = dict.fromkeys((*reasons, *([f"{BEST} the highest of its split"] if best else []), *table.notes))
    title = [Text(table.title, style="bold")] if table.title else []
    blocks = _blocks(table, width) if table.rows else ()
    return Group(*title, *blocks, *(Text(note, style="dim") for note in notes))


def _printable(table: Table) -> Table:
    """The table with names made harmless: they come from strangers."""
    columns = tuple(Column(printable(column.group), printable(column.name)) for column in table.columns)
    rows = tuple(Row(printable(row.label), tuple(map(_printable_cell, row.cells))) for row in table.rows)
    notes = tuple(map(printable, table.notes))
    return Table(printable(table.title), printable(table.corner), columns, rows, notes)


def _printable_cell(content: Content) -> Content:
    if isinstance(content, Hole):
        return replace(content, detail=printable(content.detail))
    return printable(content) if isinstance(content, str) else content


@dataclass(frozen=True)
class _Panel:
    """Columns that stand side by side under one title."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    """Cells, each of as many lines as it has."""
    textual: tuple[bool, ...]
    """Columns of text alone begin at the left."""

    @property
    def heights(self) -> list[int]:
        """Lines of each row."""
        return [max(cell.plain.count("\n") for cell in row) + 1 for row in self.rows]

    @property
    def width(self) -> int:
        """Characters that it takes beside others."""
        return GAP + Console(width=10_000).measure(self.drawn(self.heights)).maximum

    def drawn(self, heights: Sequence[int]) -> RichTable:
        """With rows of at least these heights."""
        word = max((len(word) for word in self.title.split()), default=0)
        drawn = RichTable(
            box=None, padding=(0, 0, 0, GAP), pad_edge=False, min_width=min(LONGEST_WORD, word),
            title=Text(self.title, overflow="fold") if self.title else None, title_style="bold",
            title_justify="left" if all(self.textual) else "right",
        )  # fmt: skip
        for head, textual in zip(self.heads, self.textual, strict=True):
            drawn.add_column(Text(head), justify="left" if textual else "right", overflow="fold")
        for (first, *others), own, height in zip(self.rows, self.heights, heights, strict=True):
            drawn.add_row(first + Text("\n" * (height - own)), *others)
        return drawn


def _blocks(table: Table, width: int) -> list[RichTable]:
    """The rows' labels, and beside them as many columns as fit; what does not goes on in the next block."""
    labels = _labels(table, width)
    room = width - labels.width + GAP
    blocks: list[list[_Panel]] = [[]]
    left = room
    for panel in _panels(table, room):
        if blocks[-1] and panel.width > left:
            blocks.append([])
            left = room
        blocks[-1].append(panel)
        left -= panel.width
    return [_side_by_side([labels, *panels]) for panels in blocks]


def _side_by_side(panels: Sequence[_Panel]) -> RichTable:
    heights = [max(of_row) for of_row in zip(*(panel.heights for panel in panels), strict=True)]
    block = RichTable.grid(padding=(0, GAP, 0, 0))
    for _ in panels:
        block.add_column(vertical="bottom")
    block.add_row(*(panel.drawn(heights) for panel in panels))
    return block


def _labels(table: Table, width: int) -> _Panel:
    """The corner and the rows' labels, wrapped where the columns need the room."""
    texts = [table.corner, *(row.label for row in table.rows)]
    whole = sum(panel.width for panel in _panels(table, width))
    longest = max(width - whole, width // 3, *(len(word) for text in texts for word in text.split()))
    corner, *labels = ("\n".join(wrap(text, longest, break_on_hyphens=False)) for text in texts)
    return _Panel("", (corner,), tuple((Text(label),) for label in labels), (True,))


def _panels(table: Table, room: int) -> Iterator[_Panel]:
    """Columns of a group together, where they fit; those of a wider one alone."""
    groups: dict[str, list[int]] = {}
    for place, column in enumerate(table.columns):
        groups.setdefault(column.group, []).append(place)
    for group in groups.values():
        together = _panel(table, group, room)
        yield from [together] if together.width <= room else (_panel(table, [i], room) for i in group)


def _panel(table: Table, columns: Sequence[int], room: int) -> _Panel:
    named = [table.columns[i] for i in columns]
    titled = any(column.name for column in named)
    heads = tuple(column.name if titled else column.group for column in named)
    rows = tuple(tuple(_text(row.cells[i], room - GAP) for i in columns) for row in table.rows)
    textual = tuple(all(isinstance(row.cells[i], str) for row in table.rows) for i in columns)
    return _Panel(named[0].group if titled else "", heads, rows, textual)


def _text(content: Content, room: int) -> Text:
    """A cell as it is: names may have rich's brackets in them."""
    best = isinstance(content, Value) and content.best
    return Text("\n".join(_lines(content, room)), "bold" if best else "")


def _lines(content: Content, room: int) -> list[str]:
    """A cell on a terminal: value, half the width of its interval, published number, difference."""
    if isinstance(content, str):
        return [part for line in content.split("\n") for part in wrap(line, room) or [""]]
    if isinstance(content, Hole):
        return [content.kind]
    lines = [f"{BEST if content.best else ''}{number(content.value)}"]
    if content.interval:
        lines.append(f"±{(content.interval.high - content.interval.low) / 2:.4f}")
    if content.published is not None and content.difference is not None:
        lines += [f"p{number(content.published)}", signed(content.difference)]
    return lines


def holes(table: Table) -> Iterator[tuple[str, Hole]]:
    """Every hole with its row and column; equal holes of a row are told once."""
    for row in table.rows:
        titles: dict[Hole, list[str]] = {}
        for column, content in zip(table.columns, row.cells, strict=True):
            if isinstance(content, Hole):
                titles.setdefault(content, []).append(column.title)
        for hole, columns in titles.items():
            where = "" if len(columns) == len(row.cells) else f" {', '.join(columns)}"
            yield row.label + where, hole
