"""The names of a grid, which of its cells is the best, and why a number is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """A row and a column of the grid: its cells of all seeds."""

    activation: str
    selection: str

    def __str__(self) -> str:
        return f"{self.activation}/{self.selection}"


@dataclass(frozen=True)
class Cell:
    """A row (activation), a column (selection) and a seed."""

    activation: str
    selection: str
    seed: int

    @property
    def entry(self) -> Entry:
        """Row and column."""
        return Entry(self.activation, self.selection)


HoleKind = Literal[
    "damaged", "failed", "not run", "incomplete", "not in the grid", "not scored", "not judged", "no labels",
    "no test clips", "no test clip is marked Public", "no test clip is marked Private",
    "a fold has no such clip", "n/a",
]  # fmt: skip


@dataclass(frozen=True)
class Interval:
    """Where a score would lie with other clips, or with other clips and other trainings."""

    low: float
    high: float


@dataclass(frozen=True)
class Hole:
    """Why there is no number."""

    kind: HoleKind
    """Short, for a cell of a table."""
    detail: str = ""
    """The reason, where the kind does not say it all."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind


@dataclass(frozen=True)
class Masking:
    """What statistics must know of a column's selection."""

    uses_unverified: bool = True
    by_loss: bool = True
    """False: it masks at random, which says nothing about a clip."""
    ranks_otherwise_than: tuple[str, ...] = ()
    """Columns that are the same but rank by the loss, where this one ranks by something else."""


@dataclass(frozen=True)
class Grid:
    """The rows and columns of a run, and how often each of their cells is trained."""

    rows: Mapping[str, int]
    """Activations, with the number of their heads."""
    columns: Mapping[str, Masking]
    """Selections."""
    seeds: Sequence[int]
    folds: int
    stages: Sequence[bool]
    """For each stage whether clips may be masked in it."""
    cells: Sequence[Cell]
    """All cells, in the order in which tables list them."""

    @cached_property
    def entries(self) -> dict[Entry, list[Cell]]:
        """All entries, row by row, with the cells of their seeds."""
        entries = (Entry(row, column) for row in self.rows for column in self.columns)
        return {entry: [Cell(*entry, seed) for seed in self.seeds] for entry in entries}

    def only(self, cells: Sequence[Cell]) -> "Grid":
        """The grid as if it had these cells alone, which are of one entry."""
        row, column = cells[0].entry
        rows, columns = {row: self.rows[row]}, {column: self.columns[column]}
        return replace(self, rows=rows, columns=columns, cells=cells, seeds=[cell.seed for cell in cells])


def members_of(cells: Iterable[Cell], ensembles: Mapping[str, Sequence[str]]) -> dict[str, tuple[Cell, ...]]:
    """The cells of each ensemble; a member that names no seed stands for its cells of all seeds."""
    names = {cell: {str(cell.entry), f"{cell.entry}/{cell.seed}"} for cell in cells}
    return {
        name: tuple(cell for cell, own in names.items() if not own.isdisjoint(members))
        for name, members in ensembles.items()
    }


def ranked(entries: Mapping[Entry, Sequence[Cell]], lwlrap: Mapping[Cell, float]) -> dict[Entry, float]:
    """Entries with a result and their lwlrap in cross-validation, the best first.

    The one rule of `report`, `show`, `predict` and `export`: the highest mean over folds and seeds when
    training ended. Test clips choose nothing, so that a score on them stays honest. Entries without a result
    of every seed come after all others. `lwlrap` has the cells with a result.
    """
    done = {entry: [lwlrap[cell] for cell in cells if cell in lwlrap] for entry, cells in entries.items()}
    scores = {entry: sum(values) / len(values) for entry, values in done.items() if values}
    order = sorted(scores, key=lambda entry: (len(done[entry]) < len(entries[entry]), -scores[entry]))
    return {entry: scores[entry] for entry in order}
