"""The paper's claims as data: which entries of a grid should score higher than which.

A claim compares pairs of entries; with several pairs it is about their mean difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from orchestrator.stats import paper
from orchestrator.stats.grid import Entry, Grid
from orchestrator.stats.paper import NOT_IN_PAPER, Citation
from orchestrator.stats.predictions import CLIPS, Clips

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

    def claims(self, grid: Grid) -> Iterator[Claim]:
        """Over the whole other axis, if it is longer than one, then at each of its names."""
        across: Axis = "selection" if self.axis == "activation" else "activation"
        names = list(grid.columns if across == "selection" else grid.rows)
        pairs = [(self._entry(self.higher, name), self._entry(self.lower, name)) for name in names]
        scopes = [(Scope(across), tuple(pairs))] if len(names) > 1 else []
        scopes += [(Scope(across, name), (pair,)) for name, pair in zip(names, pairs, strict=True)]
        for scope, of_scope in scopes:
            yield Claim(self.statement, scope, self.source, of_scope, self.clips, self.judged)

    def _entry(self, side: str, other: str) -> Entry:
        return Entry(side, other) if self.axis == "activation" else Entry(other, side)


_PAPERS = {
    "sigmoid_softmax": paper.TWO_HEADS, "sigmoid_sparsemax": paper.TWO_HEADS,
    "top_k": paper.STAGED, "threshold": paper.STAGED,
}  # fmt: skip
"""What the paper says of rows and columns against the plain ones."""
_MORE = (
    Contrast("selection", "threshold", "top_k", paper.MECHANISMS),
    Contrast("activation", "sigmoid_sparsemax", "sigmoid_softmax", paper.SPARSEMAX),
    Contrast("activation", "sigmoid_sparsemax", "sigmoid_softmax", paper.SEVERAL_LABELS, "several"),
    Contrast("activation", "sigmoid_softmax", "softmax", NOT_IN_PAPER),
    Contrast("activation", "sigmoid_sparsemax", "sparsemax", NOT_IN_PAPER),
    Contrast("activation", "sparsemax", "softmax", NOT_IN_PAPER, "several"),
    *(Contrast("selection", mask, control, NOT_IN_PAPER)
      for mask in ("threshold", "top_k") for control in ("keep_all", "random_k")),
)  # fmt: skip


def contrasts(grid: Grid) -> Iterator[Contrast]:
    """All that the grid's names allow: rows against sigmoid, columns against verified_only, and the rest."""
    plain: dict[Axis, str] = {"activation": "sigmoid", "selection": "verified_only"}
    names: dict[Axis, list[str]] = {"activation": list(grid.rows), "selection": list(grid.columns)}
    against_plain = (
        Contrast(axis, name, plain[axis], _PAPERS.get(name, NOT_IN_PAPER))
        for axis, on_axis in names.items() for name in on_axis
    )  # fmt: skip
    ranked_otherwise = (
        Contrast("selection", higher, lower, NOT_IN_PAPER, clips)
        for higher, masking in grid.columns.items() for lower in masking.ranks_otherwise_than
        for clips in CLIPS
    )  # fmt: skip
    for contrast in [*against_plain, *_MORE, *ranked_otherwise]:
        sides = {contrast.higher, contrast.lower}
        if len(sides) == 2 and sides <= set(names[contrast.axis]):
            yield contrast


def claims_of(grid: Grid) -> Iterator[Claim]:
    """Each contrast over the whole other axis, then at each of its names."""
    for contrast in contrasts(grid):
        yield from contrast.claims(grid)
