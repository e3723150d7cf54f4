"""The verdicts in some ten lines of a terminal: a line for each claim, a column for each split."""

from collections.abc import Iterator, Sequence

from orchestrator.report.tables.held_open import why_these_models
from orchestrator.report.tables.table import Column, Content, Row, Table, signed
from orchestrator.stats.assessment import TRAINING, ClaimResult, Evidence, whole_grid
from orchestrator.stats.claims import Claim
from orchestrator.stats.components import ENOUGH
from orchestrator.stats.grid import Hole
from orchestrator.stats.training import UNITS
from orchestrator.stats.verdicts import Standing, Verdict

NO_VERDICT = {Verdict.EXPLORATORY: "·"}
MARKS: dict[Standing, dict[Verdict, str]] = {
    Standing.JUDGED: {Verdict.HIGHER: "▲", Verdict.LOWER: "▼", Verdict.UNCLEAR: "●"},
    Standing.TOO_FEW: NO_VERDICT,
    Standing.EXPLORATORY: NO_VERDICT,
    Standing.THESE_MODELS: {Verdict.HIGHER: "△", Verdict.LOWER: "▽", Verdict.UNCLEAR: "○"},
}
"""Of a verdict, beside its difference."""
MEANINGS = {
    Standing.JUDGED: "{open} held open, corrected for {family} claims (Holm)",
    Standing.TOO_FEW: f"{{open}} held open by fewer than {ENOUGH} degrees of freedom",
    Standing.EXPLORATORY: "{open} held open, but not a claim of those judged",
    Standing.THESE_MODELS: "{why}: other clips are held open, another training is not",
}
"""What the intervals beside these marks hold open."""
TITLES = {"Verdicts": "other clips and trainings", "Verdicts on training": "other trainings"}
"""Of the tables by scores and by training, with what most intervals of each hold open."""


def glance_tables(claims: Sequence[ClaimResult]) -> tuple[Table, ...]:
    """The claims over the whole grid, or all where there are none such: by scores, then by training.

    Without a claim of a kind there is no table of it.
    """
    shown = whole_grid(claims)
    kinds = ([r for r in shown if r.evidence != TRAINING], [r for r in shown if r.evidence == TRAINING])
    family = sum(result.corrected_p is not None for result in claims)
    return tuple(
        _table(title, results, family) for title, results in zip(TITLES, kinds, strict=True) if results
    )


def _table(title: str, results: Sequence[ClaimResult], family: int) -> Table:
    if all(result.evidence == TRAINING and isinstance(result.difference, Hole) for result in results):
        return Table(title, "", (), (), tuple(_unjudged(results)))
    columns = list(dict.fromkeys(result.evidence for result in results))
    by_claim: dict[Claim, dict[Evidence, ClaimResult]] = {}
    for result in results:
        by_claim.setdefault(result.claim, {})[result.evidence] = result
    labels = _labels(list(by_claim))
    rows = tuple(
        Row(label, tuple(_cell(of_claim.get(evidence)) for evidence in columns))
        for label, of_claim in zip(labels, by_claim.values(), strict=True)
    )
    notes = tuple(_notes(results, TITLES[title], family))
    return Table("", title, tuple(Column(str(c)) for c in columns), rows, notes)


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
        return difference if result.evidence != TRAINING else difference.kind
    half = (difference.high - difference.low) / 2
    return f"{MARKS[result.standing][result.verdict]} {signed(difference.estimate)} ±{half:.4f}"


def _notes(results: Sequence[ClaimResult], opened: str, family: int) -> Iterator[str]:
    """The marks in the table and what the intervals beside them hold open; what is missing, and why."""
    given = {result.standing for result in results if not isinstance(result.difference, Hole)}
    words = {"open": opened, "family": family, "why": why_these_models(results)}
    for standing in (standing for standing in MARKS if standing in given):
        marks = ", ".join(f"{mark} {standing.words(verdict)}" for verdict, mark in MARKS[standing].items())
        yield f"{marks}: {MEANINGS[standing].format(**words)}"
    if results[0].evidence == TRAINING:
        yield UNITS
        yield from _unjudged(results)
    yield from dict.fromkeys(f"in part, for want of {r.incomplete}" for r in results if r.incomplete)


def _unjudged(results: Sequence[ClaimResult]) -> Iterator[str]:
    """A line for each reason why claims about training are not judged: it may be that of all of them."""
    by_reason: dict[str, list[str]] = {}
    for result in results:
        if isinstance(result.difference, Hole):
            by_reason.setdefault(result.difference.detail, []).append(result.claim.statement)
    for reason, statements in by_reason.items():
        alone = f"{statements[0]}: " if len(statements) == 1 else ""
        yield f"{alone}not judged: {reason}"
