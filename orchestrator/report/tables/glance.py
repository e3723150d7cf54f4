"""The verdicts in some ten lines of a terminal: a line for each claim, a column for each split."""

from collections.abc import Iterator, Sequence

from orchestrator.artifacts.run import Hole
from orchestrator.report.claims.assessment import CURVES, ClaimResult, Evidence, whole_grid
from orchestrator.report.claims.claims import Claim
from orchestrator.report.claims.verdicts import Standing, Verdict, counted
from orchestrator.report.scores.components import ENOUGH
from orchestrator.report.tables.table import Column, Content, Row, Table, signed

NO_VERDICT = {Verdict.EXPLORATORY: "·"}
MARKS: dict[Standing, dict[Verdict, str]] = {
    Standing.JUDGED: {Verdict.HIGHER: "▲", Verdict.LOWER: "▼", Verdict.UNCLEAR: "●"},
    Standing.TOO_FEW: NO_VERDICT,
    Standing.EXPLORATORY: NO_VERDICT,
    Standing.THESE_MODELS: {Verdict.HIGHER: "△", Verdict.LOWER: "▽", Verdict.UNCLEAR: "○"},
}
"""Of a verdict, beside its difference."""
MEANINGS = {
    Standing.JUDGED: "other clips and trainings held open, corrected for {family} claims (Holm)",
    Standing.TOO_FEW: f"clips and trainings held open by fewer than {ENOUGH} degrees of freedom",
    Standing.EXPLORATORY: "clips and trainings held open, but not a claim of those judged",
    Standing.THESE_MODELS: "one training was run: other clips are held open, another training is not",
}
"""What the intervals beside these marks hold open."""


def glance_table(claims: Sequence[ClaimResult]) -> Table:
    """The claims over the whole grid, or all where there are none such."""
    shown = whole_grid(claims)
    by_scores = [result for result in shown if result.evidence != CURVES]
    columns = list(dict.fromkeys(result.evidence for result in by_scores))
    by_claim: dict[Claim, dict[Evidence, ClaimResult]] = {}
    for result in by_scores:
        by_claim.setdefault(result.claim, {})[result.evidence] = result
    labels = _labels(list(by_claim))
    rows = tuple(
        Row(label, tuple(_cell(of_claim.get(evidence)) for evidence in columns))
        for label, of_claim in zip(labels, by_claim.values(), strict=True)
    )
    return Table("", "Verdicts", tuple(Column(str(c)) for c in columns), rows, tuple(_notes(shown)))


def _labels(claims: Sequence[Claim]) -> Iterator[str]:
    """Sentences; where the one above begins alike, only what is added to it."""
    before = ""
    for claim in claims:
        repeated = claim.statement == before
        scope = "" if claim.scope.is_whole_grid else f" ({claim.scope})"
        added = f"{claim.restriction}{scope}".strip()
        yield f"  {added}" if repeated and added else f"{claim.sentence}{scope}"
        before = claim.statement


def _cell(result: ClaimResult | None) -> Content:
    if result is None:
        return ""
    difference = result.shown
    if isinstance(difference, Hole):
        return difference
    half = (difference.high - difference.low) / 2
    return f"{MARKS[result.standing][result.verdict]} {signed(difference.estimate)} ±{half:.4f}"


def _rows(count: int) -> str:
    return f"{count} row{'' if count == 1 else 's'}"


def _notes(results: Sequence[ClaimResult]) -> Iterator[str]:
    """What the curves say, what the marks mean, what is missing."""
    by_curves: dict[str, list[ClaimResult]] = {}
    for result in results:
        if result.evidence == CURVES:
            by_curves.setdefault(result.claim.sentence, []).append(result)
    for sentence, of_rows in by_curves.items():
        counts = counted((result.verdict, result.words) for result in of_rows)
        told = ", ".join(f"{words} in {_rows(count)}" for words, count in counts.items())
        yield f"{sentence}: {told}"
    yield from _legend([result for result in results if result.evidence != CURVES])
    yield from dict.fromkeys(f"in part, for want of {r.incomplete}" for r in results if r.incomplete)


def _legend(results: Sequence[ClaimResult]) -> Iterator[str]:
    """The marks in the table, and what the intervals beside them hold open."""
    given = {result.standing for result in results if not isinstance(result.difference, Hole)}
    family = sum(result.corrected_p is not None for result in results)
    for standing in (standing for standing in MARKS if standing in given):
        marks = ", ".join(f"{mark} {standing.words(verdict)}" for verdict, mark in MARKS[standing].items())
        yield f"{marks}: {MEANINGS[standing].format(family=family)}"
