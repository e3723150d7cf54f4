"""The names of a grid, and why a number of it is missing."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Entry(NamedTuple):
    """A row and a column of the grid: its cells of all seeds."""

    activation: str
    selection: str

    def __str__(self) -> str:
        return f"{self.activation}/{self.selection}"


@dataclass(frozen=True)
class Cell:
    """A row, a column and a seed."""

    activation: str
    """Row."""
    selection: str
    """Column."""
    seed: int

    @property
    def entry(self) -> Entry:
        """Row and column."""
        return Entry(self.activation, self.selection)


HoleKind = Literal[
    "damaged",
    "failed",
    "not run",
    "incomplete",
    "not in the grid",
    "not scored",
    "not judged",
    "no labels",
    "no test clips",
    "no test clip is marked Public",
    "no test clip is marked Private",
    "a fold has no such clip",
    "n/a",
]


@dataclass(frozen=True)
class Hole:
    """Why there is no number."""

    kind: HoleKind
    """Short, for a cell of a table."""
    detail: str = ""
    """The reason, where the kind does not say it all."""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" if self.detail else self.kind
