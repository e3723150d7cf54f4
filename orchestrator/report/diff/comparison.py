"""Two runs side by side, for a terminal: settings, data, program, scores, and claim by claim.

Two runs of one grid with other seeds, or on another machine, answer the same questions. Intervals that are
what they say seldom have no point in common: 95% intervals of equal width, independent, in 0.6% of pairs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.legs.run import Run
from orchestrator.report.diff.scores import Scored, score_both, score_tables
from orchestrator.report.tables.table import Column, Row, Table, signed
from orchestrator.report.tables.terminal import to_rich
from orchestrator.settings.messages import Change, changes
from orchestrator.stats.assessment import ClaimResult, assess_claims, whole_grid
from orchestrator.stats.paper import Published

NO_INTERVAL = "no interval"


@dataclass(frozen=True)
class TwoRuns:
    """What sets two runs apart; printed by rich it is all of it."""

    old: Run
    new: Run
    settings: Sequence[Change]
    data: str
    program: Sequence[Change]
    """Versions and hardware."""
    tables: Sequence[Table]
    """Of scores."""
    claims: Table
    """Claim by claim."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.lines():
            yield Text(printable(line), overflow="fold")
        for table in self.tables:
            yield Text()
            yield to_rich(table, options.max_width)
        if not self.tables:
            yield Text("the two have no clips in common kind that both can be scored on")
        yield Text()
        yield to_rich(self.claims, options.max_width)

    def lines(self) -> Iterator[str]:
        """All but the scores."""
        yield f"old: {self.old.store}"
        yield f"new: {self.new.store}"
        yield f"data: {self.data}"
        yield from _listed("settings", self.settings)
        yield from _listed("program and machine", self.program)


def _listed(title: str, listed: Sequence[Change]) -> Iterator[str]:
    yield f"{title}: {'' if listed else 'the same'}".rstrip()
    yield from (f"  {change}" for change in listed)


def compare(old: Run, new: Run) -> TwoRuns:
    """Settings, data, program, scores and claims of two runs."""
    before, after = (run.experiment.model_dump(mode="json") for run in (old, new))
    same = old.manifest.data_id == new.manifest.data_id
    scored = score_both(old, new)
    return TwoRuns(
        old,
        new,
        list(changes(before, after)),
        "the same features, labels and folds" if same else "features, labels or folds differ",
        list(changes(old.manifest.environment, new.manifest.environment)),
        score_tables(scored),
        claim_table(claim_pairs(scored), scored.old_scores.settings.level),
    )


@dataclass(frozen=True)
class ClaimPair:
    """What both runs say about a claim by the same evidence."""

    old: ClaimResult
    new: ClaimResult

    @property
    def is_complete(self) -> bool:
        """Whether both have an interval over other trainings."""
        return bool(self.old.crossed and self.new.crossed)

    @property
    def is_disjoint(self) -> bool:
        """Whether the two intervals have no point in common."""
        old, new = self.old.crossed, self.new.crossed
        return old is not None and new is not None and (old.high < new.low or new.high < old.low)

    @property
    def words(self) -> str:
        """Whether they overlap, for people."""
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
    title = "Claims, intervals over other trainings"
    return Table(title, "claim", columns, rows, tuple(_notes(pairs, level)))


def _label(result: ClaimResult) -> str:
    scope = "" if result.claim.scope.is_whole_grid else f" ({result.claim.scope})"
    return f"{result.claim.sentence}{scope}"


def _interval(result: ClaimResult) -> str:
    crossed = result.crossed
    if crossed is None:
        return NO_INTERVAL
    return f"{signed(crossed.estimate)}\n[{signed(crossed.low)}, {signed(crossed.high)}]"


def _notes(pairs: Sequence[ClaimPair], level: float) -> Iterator[str]:
    complete = [pair for pair in pairs if pair.is_complete]
    yield f"{level:.0%} intervals over other trainings, and on scores over other clips"
    if lacking := len(pairs) - len(complete):
        yield f"{NO_INTERVAL}: too few trainings, or nothing to judge; so {lacking} pairs are not compared"
    yield f"{sum(pair.is_disjoint for pair in complete)} of {len(complete)} pairs are disjoint"
