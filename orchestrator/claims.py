"""The paper's claims as data, and what a run says about each.

A claim compares pairs of entries; with several pairs it is about their mean difference. Differences are
paired: both entries are scored on the same bootstrap samples of the same clips.
"""

from dataclasses import dataclass
from typing import Literal

from orchestrator.scores import Entry, Split
from orchestrator.stats import Difference

PAPER = "section 5.1"
OURS = "not in the paper"

Pair = tuple[Entry, Entry]
"""The entry that should score higher, and the other one."""


@dataclass(frozen=True)
class Claim:
    """One sentence that the scores can bear out or not."""

    statement: str
    where: str
    """The row or column it is about, or all of them."""
    pairs: tuple[Pair, ...]
    source: str
    clips: Literal["all", "several"] = "all"


@dataclass(frozen=True)
class ClaimResult:
    """What the run says about a claim on one split."""

    claim: Claim
    split: Split
    difference: Difference | None
    """Mean over the claim's pairs; None where an entry is missing."""
    verdict: str
    """confirmed, not distinguishable or contradicted; without a difference: why there is none."""
    published: float | None
    """The paper's difference, where the data set is the paper's and Table 1 has all pairs."""


@dataclass(frozen=True)
class Comparison:
    """One name against another along an axis of the grid, everywhere on the other axis."""

    axis: Literal["activation", "selection"]
    higher: str
    lower: str
    source: str
    clips: Literal["all", "several"] = "all"

    def statement(self) -> str:
        """For people."""
        where = " on clips with several labels" if self.clips == "several" else ""
        return f"{self.higher} scores higher than {self.lower}{where}"

    def pair(self, other: str) -> Pair:
        """The entries of this comparison at `other` on the other axis."""
        if self.axis == "activation":
            return Entry(self.higher, other), Entry(self.lower, other)
        return Entry(other, self.higher), Entry(other, self.lower)
