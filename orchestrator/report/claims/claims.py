"""The paper's claims as data: which entries of a grid should score higher than which.

A claim compares pairs of entries; with several pairs it is about their mean difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from orchestrator.experiment.settings import Experiment
from orchestrator.plan.legs import Entry
from orchestrator.report.scores.predictions import Clips

SECTION_5_1 = "section 5.1"
NOT_IN_PAPER = "not in the paper"

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
    source: str
    """Where it stands in the paper, or that it does not."""
    pairs: tuple[Pair, ...] = ()
    """None where it is about the curves of training."""
    clips: Clips = "all"

    @property
    def restriction(self) -> str:
        """The end of the sentence: which clips it is about; empty where all."""
        return "on clips with several labels" if self.clips == "several" else ""

    @property
    def sentence(self) -> str:
        """Statement and restriction."""
        return f"{self.statement} {self.restriction}".strip()


@dataclass(frozen=True)
class Comparison:
    """One name against another along an axis of the grid, wherever on the other axis."""

    axis: Axis
    higher: str
    lower: str
    source: str
    clips: Clips = "all"

    @property
    def statement(self) -> str:
        """Which of the two scores higher."""
        return f"{self.higher} > {self.lower}"

    def pair(self, other: str) -> Pair:
        """The entries of this comparison at `other` on the other axis."""
        if self.axis == "activation":
            return Entry(self.higher, other), Entry(self.lower, other)
        return Entry(other, self.higher), Entry(other, self.lower)

    def claims(self, experiment: Experiment) -> Iterator[Claim]:
        """Over the whole other axis, if it is longer than one, then at each of its names."""
        across: Axis = "selection" if self.axis == "activation" else "activation"
        names = list(experiment.selections if across == "selection" else experiment.activations)
        pairs = [self.pair(name) for name in names]
        if len(names) > 1:
            yield Claim(self.statement, Scope(across), self.source, tuple(pairs), self.clips)
        for name, pair in zip(names, pairs, strict=True):
            yield Claim(self.statement, Scope(across, name), self.source, (pair,), self.clips)


PAPERS_ROWS = ("sigmoid_softmax", "sigmoid_sparsemax")
PAPERS_COLUMNS = ("top_k", "threshold")

_MORE = (
    Comparison("selection", "threshold", "top_k", SECTION_5_1),
    Comparison("activation", "sigmoid_sparsemax", "sigmoid_softmax", SECTION_5_1),
    Comparison("activation", "sigmoid_sparsemax", "sigmoid_softmax", "table 2", "several"),
    Comparison("activation", "sigmoid_softmax", "softmax", NOT_IN_PAPER),
    Comparison("activation", "sigmoid_sparsemax", "sparsemax", NOT_IN_PAPER),
    Comparison("activation", "sparsemax", "softmax", NOT_IN_PAPER, "several"),
    *(Comparison("selection", mask, control, NOT_IN_PAPER)
      for mask in ("threshold", "top_k") for control in ("keep_all", "random_k")),
)  # fmt: skip


def comparisons(experiment: Experiment) -> Iterator[Comparison]:
    """All that the grid's names allow: rows against sigmoid, columns against verified_only, and the rest."""
    rows, columns = list(experiment.activations), list(experiment.selections)
    against_plain = [
        Comparison("activation", name, "sigmoid", SECTION_5_1 if name in PAPERS_ROWS else NOT_IN_PAPER)
        for name in rows
    ] + [
        Comparison(
            "selection", name, "verified_only", SECTION_5_1 if name in PAPERS_COLUMNS else NOT_IN_PAPER
        )
        for name in columns
    ]
    for comparison in [*against_plain, *_MORE]:
        names = rows if comparison.axis == "activation" else columns
        if {comparison.higher, comparison.lower} <= set(names) and comparison.higher != comparison.lower:
            yield comparison


def claims_of(experiment: Experiment) -> Iterator[Claim]:
    """Each comparison over the whole other axis, then at each of its names."""
    for comparison in comparisons(experiment):
        yield from comparison.claims(experiment)
