"""The paper's claims as data: which entries of a grid should score higher than which.

A claim compares pairs of entries; with several pairs it is about their mean difference.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Entry
from orchestrator.stats.predictions import Clips
from trainable.selection import ByLoss


@dataclass(frozen=True)
class Source:
    """Where a claim stands in the paper."""

    place: str
    sentence: str = ""
    """In the paper's words."""

    def __str__(self) -> str:
        return self.place

    @property
    def cited(self) -> str:
        """Place and sentence."""
        return f'{self.place}: "{self.sentence}"' if self.sentence else self.place


NOT_IN_PAPER = Source("not in the paper")
TWO_HEADS = Source(
    "section 5.1", "Systems with multi-activation structure outperform systems with single activation."
)
STAGED = Source(
    "section 5.1",
    "Compared with only using verified data, staged training strategy can learn from noisy label to improve "
    "performance.",
)
MECHANISMS = Source(
    "section 5.1",
    "As for selection mechanisms in the staged training strategy, performance of the updatable parameter "
    "selection mechanism outperforms top k selection mechanism.",
)
SPARSEMAX = Source(
    "section 5.1",
    "Performance of sigmoid-sparsemax is slightly better than sigmoid-softmax on both cross-fold validation "
    "and private evaluation dataset.",
)
SEVERAL_LABELS = Source(
    "table 2",
    "As shown in Table 2, sigmoid-sparsemax structure can improve the performance on data with multi labels.",
)

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
    source: Source
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
class Comparison:
    """One name against another along an axis of the grid, wherever on the other axis."""

    axis: Axis
    higher: str
    lower: str
    source: Source
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

    def claims(self, experiment: Experiment) -> Iterator[Claim]:
        """Over the whole other axis, if it is longer than one, then at each of its names."""
        across: Axis = "selection" if self.axis == "activation" else "activation"
        names = list(experiment.selections if across == "selection" else experiment.activations)
        pairs = [self.pair(name) for name in names]
        whole = [(Scope(across), tuple(pairs))] if len(names) > 1 else []
        single = [(Scope(across, name), (pair,)) for name, pair in zip(names, pairs, strict=True)]
        for scope, of_scope in [*whole, *single]:
            yield Claim(self.statement, scope, self.source, of_scope, self.clips, self.judged)


PAPERS_ROWS = ("sigmoid_softmax", "sigmoid_sparsemax")
PAPERS_COLUMNS = ("top_k", "threshold")

_MORE = (
    Comparison("selection", "threshold", "top_k", MECHANISMS),
    Comparison("activation", "sigmoid_sparsemax", "sigmoid_softmax", SPARSEMAX),
    Comparison("activation", "sigmoid_sparsemax", "sigmoid_softmax", SEVERAL_LABELS, "several"),
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
        Comparison("activation", name, "sigmoid", TWO_HEADS if name in PAPERS_ROWS else NOT_IN_PAPER)
        for name in rows
    ] + [
        Comparison("selection", name, "verified_only", STAGED if name in PAPERS_COLUMNS else NOT_IN_PAPER)
        for name in columns
    ]
    for comparison in [*against_plain, *_MORE, *_ranked_otherwise(experiment)]:
        names = rows if comparison.axis == "activation" else columns
        if {comparison.higher, comparison.lower} <= set(names) and comparison.higher != comparison.lower:
            yield comparison


def _ranked_otherwise(experiment: Experiment) -> Iterator[Comparison]:
    """Columns that differ in `rank_by` alone, against those that rank by the loss."""
    for (higher, other), (lower, plain) in permutations(experiment.selections.items(), 2):
        ranked_otherwise = isinstance(other, ByLoss) and other.rank_by != "loss"
        if ranked_otherwise and plain == other.model_copy(update={"rank_by": "loss"}):
            yield Comparison("selection", higher, lower, NOT_IN_PAPER)
            yield Comparison("selection", higher, lower, NOT_IN_PAPER, "several")


def claims_of(experiment: Experiment) -> Iterator[Claim]:
    """Each comparison over the whole other axis, then at each of its names."""
    for comparison in comparisons(experiment):
        yield from comparison.claims(experiment)
