"""Two runs' claims side by side: whether their intervals that hold trainings open agree.

Two runs of one grid with other seeds, or on another machine, answer the same questions. Intervals that are
what they say seldom have no point in common: 95% intervals of equal width, independent, in 0.6% of pairs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.report.diff.score_tables import Scored
from orchestrator.report.tables.table import Column, Row, Table, signed
from orchestrator.stats.assessment import ClaimResult, assess_claims, whole_grid
from orchestrator.stats.published import Published

NO_INTERVAL = "no interval"


@dataclass(frozen=True)
class ClaimPair:
    """What both runs say about a claim by the same evidence."""

    old: ClaimResult
    new: ClaimResult

    @property
    def is_complete(self) -> bool:
        """Whether both have an interval that holds trainings open."""
        return bool(self.old.crossed and self.new.crossed)

    @property
    def is_disjoint(self) -> bool:
        """Whether the two intervals have no point in common."""
        old, new = self.old.crossed, self.new.crossed
        return old is not None and new is not None and (old.high < new.low or new.high < old.low)

    @property
    def words(self) -> str:
        """The same for people."""
        if self.is_complete:
            return "disjoint" if self.is_disjoint else "overlap"
        lacking = {"old": self.old, "new": self.new}
        return f"none in {' and '.join(name for name, side in lacking.items() if side.crossed is None)}"


def claim_pairs(scored: Scored) -> list[ClaimPair]:
    """The claims over the whole grid, or all where there are none such, that both grids make."""
    published = Published("two runs are compared")
    new = {(r.claim, r.evidence): r for r in assess_claims(scored.new, scored.new_scores, published)}
    old = whole_grid(assess_claims(scored.old, scored.old_scores, published))
    return [ClaimPair(r, new[r.claim, r.evidence]) for r in old if (r.claim, r.evidence) in new]


def claim_table(pairs: Sequence[ClaimPair], level: float) -> Table:
    """A row for each pair, none where none is complete; the last note counts those that are disjoint."""
    shown = pairs if any(pair.is_complete for pair in pairs) else ()
    rows = tuple(
        Row(_label(pair.old), (str(pair.old.evidence), _interval(pair.old), _interval(pair.new), pair.words))
        for pair in shown
    )
    columns = tuple(map(Column, ("on", "old", "new", "intervals")))
    return Table("Claims, other trainings held open", "claim", columns, rows, tuple(_notes(pairs, level)))


def _label(result: ClaimResult) -> str:
    scope = "" if result.claim.scope.is_whole_grid else f" ({result.claim.scope})"
    return f"{result.claim.sentence}{scope}"


def _interval(result: ClaimResult) -> str:
    found = result.crossed
    if found is None:
        return NO_INTERVAL
    return f"{signed(found.estimate)}\n[{signed(found.low)}, {signed(found.high)}]"


def _notes(pairs: Sequence[ClaimPair], level: float) -> Iterator[str]:
    complete = [pair for pair in pairs if pair.is_complete]
    yield f"{level:.0%} intervals that hold other trainings open, and on scores other clips"
    if lacking := len(pairs) - len(complete):
        yield f"{NO_INTERVAL}: too few trainings, or nothing to judge; so {lacking} pairs are not compared"
    yield f"{sum(pair.is_disjoint for pair in complete)} of {len(complete)} pairs are disjoint"
