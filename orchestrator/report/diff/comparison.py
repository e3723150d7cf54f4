"""Two runs side by side, for a terminal: settings, data, program, scores, and claim by claim.

Two runs of one grid with other seeds, or on another machine, answer the same questions. Intervals that are
what they say seldom have no point in common: 95% intervals of equal width, independent, in 0.6% of pairs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.legs.run import Run
from orchestrator.report.diff.scores import Scored, score_both, score_tables
from orchestrator.report.tables.table import Column, Row, Table
from orchestrator.report.tables.terminal import to_rich
from orchestrator.settings.messages import Change, changes
from orchestrator.stats.assessment import ClaimResult, assess_claims, whole_grid
from orchestrator.stats.paper import Published

NO_INTERVAL = "no interval"
DISJOINT, OVERLAP = "disjoint", "overlap"


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
        for line in self._lines():
            yield Text(printable(line), overflow="fold")
        for table in self.tables:
            yield Text()
            yield to_rich(table, options.max_width)
        if not self.tables:
            yield Text("the two have no clips in common kind that both can be scored on")
        yield Text()
        yield to_rich(self.claims, options.max_width)

    def _lines(self) -> Iterator[str]:
        """All but the scores."""
        yield from (f"old: {self.old.store}", f"new: {self.new.store}", f"data: {self.data}")
        for title, listed in (("settings", self.settings), ("program and machine", self.program)):
            yield f"{title}:" if listed else f"{title}: the same"
            yield from (f"  {change}" for change in listed)


def compare(old: Run, new: Run) -> TwoRuns:
    """Settings, data, program, scores and claims of two runs."""
    before, after = (run.experiment.model_dump(mode="json") for run in (old, new))
    same = old.manifest.data_id == new.manifest.data_id
    scored = score_both(old, new)
    data = "the same features, labels and folds" if same else "features, labels or folds differ"
    program = list(changes(old.manifest.environment, new.manifest.environment))
    claims = claim_table(claim_pairs(scored), scored.old_scores.settings.level)
    return TwoRuns(old, new, list(changes(before, after)), data, program, score_tables(scored), claims)


@dataclass(frozen=True)
class ClaimPair:
    """What both runs say about a claim by the same evidence."""

    old: ClaimResult
    new: ClaimResult

    @property
    def words(self) -> str:
        """Whether the two intervals over other trainings have a point in common, or which run has none."""
        old, new = self.old.crossed, self.new.crossed
        if old and new:
            return DISJOINT if old.high < new.low or new.high < old.low else OVERLAP
        lacking = (name for name, crossed in (("old", old), ("new", new)) if crossed is None)
        return f"none in {' and '.join(lacking)}"


def claim_pairs(scored: Scored) -> list[ClaimPair]:
    """The claims over the whole grid, or all where there are none such, that both grids make."""
    published = Published("two runs are compared")
    new = {(r.claim, r.evidence): r for r in assess_claims(scored.new, scored.new_scores, published)}
    old = whole_grid(assess_claims(scored.old, scored.old_scores, published))
    return [ClaimPair(r, new[r.claim, r.evidence]) for r in old if (r.claim, r.evidence) in new]


def claim_table(pairs: Sequence[ClaimPair], level: float) -> Table:
    """A row for each pair, none where none is complete; the last note counts those that are disjoint."""
    said = Counter(pair.words for pair in pairs)
    complete = said[DISJOINT] + said[OVERLAP]
    notes = [f"{level:.0%} intervals over other trainings, and on scores over other clips"]
    if lacking := len(pairs) - complete:
        why = "too few trainings, or nothing to judge"
        notes += [f"{NO_INTERVAL}: {why}; so {lacking} pairs are not compared"]
    notes += [f"{said[DISJOINT]} of {complete} pairs are disjoint"]
    columns = tuple(map(Column, ("on", "old", "new", "intervals")))
    rows = tuple(map(_row, pairs)) if complete else ()
    return Table("Claims, intervals over other trainings", "claim", columns, rows, tuple(notes))


def _row(pair: ClaimPair) -> Row:
    claim = pair.old.claim
    scope = "" if claim.scope.is_whole_grid else f" ({claim.scope})"
    both = (pair.old.crossed, pair.new.crossed)
    sides = (str(crossed).replace(" ", "\n", 1) if crossed else NO_INTERVAL for crossed in both)
    return Row(f"{claim.sentence}{scope}", (str(pair.old.evidence), *sides, pair.words))
