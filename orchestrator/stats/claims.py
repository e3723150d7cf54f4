"""The paper's claims as data: which entries of a grid should score higher than which.

A claim compares pairs of entries; with several pairs it is about their mean difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from orchestrator.stats.grid import Entry, Grid
from orchestrator.stats.paper import (
    MECHANISMS,
    NOT_IN_PAPER,
    SEVERAL_LABELS,
    SPARSEMAX,
    STAGED,
    TWO_HEADS,
    Citation,
)
from orchestrator.stats.predictions import Clips

Axis = Literal["activation", "selection"]
Pair = tuple[Entry, Entry]
"""The entry that should score higher, and the other one."""
LINES: dict[Axis, str] = {"activation": "row", "selection": "column"}
"""What the names of each axis are in the grid."""


@dataclass(frozen=True)
class Scope:
    """Where in the grid a claim is made: in one row or column, or over all of them."""

    axis: Axis
    name: str | None = None
    """Of the row or column; None: all."""

    @property
    def is_whole_grid(self) -> bool:
        """Whether it is about all rows, or all columns."""
        return self.name is None

    def __str__(self) -> str:
        return f"all {LINES[self.axis]}s" if self.name is None else f"{LINES[self.axis]} {self.name}"


@dataclass(frozen=True)
class Claim:
    """One sentence that a run can bear out or not."""

    statement: str
    """Without the clips that it is restricted to."""
    scope: Scope
    source: Citation
    """Where it stands in the paper, or that it does not."""
    pairs: tuple[Pair, ...] = ()
    clips: Clips = "all"
    judged: bool = True
    """False: it holds in part by construction, and is exploratory whatever its interval says."""

    @property
    def restriction(self) -> str:
        """The end of the sentence: which clips it is about; empty where all."""
        return "on clips with several labels" if self.clips == "several" else ""

    @property
    def sentence(self) -> str:
        """Statement and restriction."""
        return f"{self.statement} {self.restriction}".strip()


@dataclass(frozen=True)
class Contrast:
    """One name against another along an axis of the grid, wherever on the other axis."""

    axis: Axis
    higher: str
    lower: str
    source: Citation
    clips: Clips = "all"
    subject: str = ""
    """What is compared; empty: lwlrap."""
    judged: bool = True
    """See `Claim`."""

    @property
    def statement(self) -> str:
        """Which of the two is higher."""
        return f"{self.subject}{': ' if self.subject else ''}{self.higher} > {self.lower}"

    def pair(self, other: str) -> Pair:
        """The entries of this comparison at `other` on the other axis."""
        if self.axis == "activation":
            return Entry(self.higher, other), Entry(self.lower, other)
        return Entry(other, self.higher), Entry(other, self.lower)

    def claims(self, grid: Grid) -> Iterator[Claim]:
        """Over the whole other axis, if it is longer than one, then at each of its names."""
        across: Axis = "selection" if self.axis == "activation" else "activation"
        names = list(grid.columns if across == "selection" else grid.rows)
        pairs = [self.pair(name) for name in names]
        whole = [(Scope(across), tuple(pairs))] if len(names) > 1 else []
        single = [(Scope(across, name), (pair,)) for name, pair in zip(names, pairs, strict=True)]
        for scope, of_scope in [*whole, *single]:
            yield Claim(self.statement, scope, self.source, of_scope, self.clips, self.judged)


PAPERS_ROWS = ("sigmoid_softmax", "sigmoid_sparsemax")
PAPERS_COLUMNS = ("top_k", "threshold")

_MORE = (
    Contrast("selection", "threshold", "top_k", MECHANISMS),
    Contrast("activation", "sigmoid_sparsemax", "sigmoid_softmax", SPARSEMAX),
    Contrast("activation", "sigmoid_sparsemax", "sigmoid_softmax", SEVERAL_LABELS, "several"),
    Contrast("activation", "sigmoid_softmax", "softmax", NOT_IN_PAPER),
    Contrast("activation", "sigmoid_sparsemax", "sparsemax", NOT_IN_PAPER),
    Contrast("activation", "sparsemax", "softmax", NOT_IN_PAPER, "several"),
    *(Contrast("selection", mask, control, NOT_IN_PAPER)
      for mask in ("threshold", "top_k") for control in ("keep_all", "random_k")),
)  # fmt: skip


def comparisons(grid: Grid) -> Iterator[Contrast]:
    """All that the grid's names allow: rows against sigmoid, columns against verified_only, and the rest."""
    rows, columns = list(grid.rows), list(grid.columns)
    against_plain = [
        Contrast("activation", name, "sigmoid", TWO_HEADS if name in PAPERS_ROWS else NOT_IN_PAPER)
        for name in rows
    ] + [
        Contrast("selection", name, "verified_only", STAGED if name in PAPERS_COLUMNS else NOT_IN_PAPER)
        for name in columns
    ]
    for comparison in [*against_plain, *_MORE, *_ranked_otherwise(grid)]:
        names = rows if comparison.axis == "activation" else columns
        if {comparison.higher, comparison.lower} <= set(names) and comparison.higher != comparison.lower:
            yield comparison


def _ranked_otherwise(grid: Grid) -> Iterator[Contrast]:
    """Columns that rank by something else, against those that are the same but rank by the loss."""
    for higher, masking in grid.columns.items():
        for lower in masking.ranks_otherwise_than:
            yield Contrast("selection", higher, lower, NOT_IN_PAPER)
            yield Contrast("selection", higher, lower, NOT_IN_PAPER, "several")


def claims_of(grid: Grid) -> Iterator[Claim]:
    """Each comparison over the whole other axis, then at each of its names."""
    for comparison in comparisons(grid):
        yield from comparison.claims(grid)
