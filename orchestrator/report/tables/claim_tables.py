"""Tables of claims: in full, as verdicts, in some ten lines of a terminal, and the seeds that they need."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.report.tables.paper_tables import published_note
from orchestrator.report.tables.table import Column, Content, DetailHole, Row, Table, Value, signed
from orchestrator.stats.assessment import TRAINING, ClaimResult, Evidence, whole_grid
from orchestrator.stats.claims import Claim
from orchestrator.stats.components import ENOUGH
from orchestrator.stats.grid import Hole, Interval
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.training import UNITS
from orchestrator.stats.verdicts import Standing, Verdict

CLAIM_COLUMNS = (
    "where", "split", "difference", "other trainings too", "nu", "p (Holm)", "verdict", "source"
)  # fmt: skip


def claims_table(scores: RunScores, claims: Sequence[ClaimResult], published: Published) -> Table:
    """A row for each claim and split: intervals, verdict in words, the paper's difference and sentence."""
    columns = tuple(map(Column, CLAIM_COLUMNS))
    notes = (
        f"differences are paired, with {scores.settings.level:.0%} intervals: `difference` over other clips "
        "alone, `other trainings too` over other clips and other trainings (nu: degrees of freedom)",
        *([f"training: {UNITS}"] if any(result.evidence == TRAINING for result in claims) else []),
        when_judged(claims),
        published_note(published),
        *_incomplete(claims),
    )
    rows = tuple(Row(result.claim.sentence, _claim_cells(result)) for result in claims)
    return Table("Claims", "claim", columns, rows, notes)


def _claim_cells(result: ClaimResult) -> tuple[Content, ...]:
    where = f"{result.claim.scope}{' (in part)' if result.incomplete else ''}"
    corrected = "" if result.corrected_p is None else f"{result.corrected_p:.4f}"
    numbers = _difference(result), *_crossed(result), corrected
    return where, str(result.evidence), *numbers, result.words, result.claim.source.cited


def _crossed(result: ClaimResult) -> tuple[Content, Content]:
    """The difference with its interval over other trainings too, and its degrees of freedom."""
    crossed = result.crossed
    if crossed is None:
        return "" if isinstance(result.difference, Hole) else Hole("n/a", "one training"), ""
    return Value(crossed.estimate, Interval(crossed.low, crossed.high)), f"{crossed.nu:.1f}"


def _difference(result: ClaimResult) -> Content:
    difference = result.difference
    if isinstance(difference, Hole):
        return DetailHole(difference.kind, difference.detail)
    if result.evidence == TRAINING:
        return Hole("n/a", "trainings alone are held open")
    return Value(difference.estimate, Interval(difference.low, difference.high), result.published)


def when_judged(claims: Sequence[ClaimResult]) -> str:
    """Which claims have a verdict, and what their intervals are over."""
    said = (
        "confirmed, contradicted and not distinguishable are said only by an interval over other test clips "
        f"and other trainings with at least {ENOUGH} degrees of freedom, of the {_family(claims)} claims of "
        "the paper about the whole grid, corrected for their number (Holm); everything else is exploratory"
    )
    why = why_these_models(claims)
    return f"{said}; in these models: {why}, nothing is known of another" if why else said


def why_these_models(claims: Sequence[ClaimResult]) -> str:
    """Why some differences are of these models alone; empty where none is."""
    alone = [r for r in claims if r.standing is Standing.THESE_MODELS and not isinstance(r.difference, Hole)]
    if not alone:
        return ""
    return "too few trainings of the same seeds" if any(r.unpaired for r in alone) else "one training was run"


def verdicts_table(scores: RunScores, claims: Sequence[ClaimResult]) -> Table:
    """The claims over the whole grid, where there are such; a row for each split: verdict and difference."""
    shown = whole_grid(claims)
    rows = [
        Row(f"{r.claim.sentence}, {r.claim.scope} ({r.claim.source})", (str(r.evidence), _verdict(r)))
        for r in shown
    ]
    notes = (
        f"differences are paired, with {scores.settings.level:.0%} intervals",
        *([f"training: {UNITS}"] if any(result.evidence == TRAINING for result in shown) else []),
        when_judged(claims),
    )
    notes = notes if rows else ("the grid has no two cells that a claim compares",)
    return Table("Verdicts", "claim", (Column("split"), Column("verdict")), tuple(rows), notes)


def _verdict(result: ClaimResult) -> Content:
    difference = result.shown
    return difference if isinstance(difference, Hole) else f"{result.words}\n{difference}"


@dataclass(frozen=True)
class VerdictGrid:
    """Results by evidence of one kind: a row for each claim, a column for each split, or one for training."""

    about: str
    """lwlrap or training."""
    columns: tuple[Evidence, ...]
    rows: Mapping[Claim, tuple[ClaimResult | None, ...]]
    """None where a claim is not about such clips."""

    @property
    def results(self) -> list[ClaimResult]:
        """All of them, row by row."""
        return [result for row in self.rows.values() for result in row if result]


def verdict_grids(claims: Sequence[ClaimResult]) -> list[VerdictGrid]:
    """The claims over the whole grid, or all where there are none such: those about lwlrap, then the rest."""
    shown = whole_grid(claims)
    by_scores = [result for result in shown if result.evidence != TRAINING]
    by_training = [result for result in shown if result.evidence == TRAINING]
    kinds = (("lwlrap", by_scores), ("training", by_training))
    return [_grid(about, results) for about, results in kinds if results]


def _grid(about: str, results: Sequence[ClaimResult]) -> VerdictGrid:
    columns = tuple(dict.fromkeys(result.evidence for result in results))
    known = {(result.claim, result.evidence): result for result in results}
    claims = dict.fromkeys(result.claim for result in results)
    return VerdictGrid(about, columns, {c: tuple(known.get((c, e)) for e in columns) for c in claims})


MARKS: dict[Standing, dict[Verdict, str]] = {
    Standing.JUDGED: {Verdict.HIGHER: "▲", Verdict.LOWER: "▼", Verdict.UNCLEAR: "●"},
    Standing.TOO_FEW: {Verdict.EXPLORATORY: "·"},
    Standing.EXPLORATORY: {Verdict.EXPLORATORY: "·"},
    Standing.THESE_MODELS: {Verdict.HIGHER: "△", Verdict.LOWER: "▽", Verdict.UNCLEAR: "○"},
}
"""Of a verdict, beside its difference."""
MEANINGS = {
    Standing.JUDGED: "interval over {over}, corrected for {family} claims (Holm)",
    Standing.TOO_FEW: f"interval over {{over}} with fewer than {ENOUGH} degrees of freedom",
    Standing.EXPLORATORY: "interval over {over}, but not a claim of those judged",
    Standing.THESE_MODELS: "{why}: interval over other test clips, not over another training",
}
"""What the intervals beside these marks are over."""
OVER = {"lwlrap": "other test clips and other trainings", "training": "other trainings"}
"""What most intervals are over, by what the claims are about."""
TITLES = {"lwlrap": "Verdicts", "training": "Verdicts on training"}


def short_verdicts(claims: Sequence[ClaimResult]) -> list[Table]:
    """A line for each claim, with a mark for its verdict: tables by scores and by training."""
    return [_short(grid, _family(claims)) for grid in verdict_grids(claims)]


def _family(claims: Sequence[ClaimResult]) -> int:
    """How many are judged, corrected for their number."""
    return sum(result.corrected_p is not None for result in claims)


def _short(grid: VerdictGrid, family: int) -> Table:
    if grid.about == "training" and all(isinstance(r.difference, Hole) for r in grid.results):
        return Table(TITLES[grid.about], "", (), (), tuple(_unjudged(grid.results)))
    lines = zip(_labels(grid.rows), grid.rows.values(), strict=True)
    rows = tuple(Row(label, tuple(map(_short_cell, row))) for label, row in lines)
    columns = tuple(Column(str(evidence)) for evidence in grid.columns)
    return Table("", TITLES[grid.about], columns, rows, tuple(_short_notes(grid, family)))


def _labels(claims: Iterable[Claim]) -> Iterator[str]:
    """Sentences; where the one above begins alike, only what is added to it."""
    before = ""
    for claim in claims:
        repeated = claim.statement == before
        scope = "" if claim.scope.is_whole_grid else f" ({claim.scope})"
        added = f"{claim.restriction}{scope}".strip()
        yield f"  {added}" if repeated and added else f"{claim.sentence}{scope}"
        before = claim.statement


def _short_cell(result: ClaimResult | None) -> Content:
    if result is None:
        return ""
    difference = result.shown
    if isinstance(difference, Hole):
        return difference if result.evidence != TRAINING else difference.kind
    half = (difference.high - difference.low) / 2
    return f"{MARKS[result.standing][result.verdict]} {signed(difference.estimate)} ±{half:.4f}"


def _short_notes(grid: VerdictGrid, family: int) -> Iterator[str]:
    """The marks in the table and what the intervals beside them are over; what is missing, and why."""
    given = {result.standing for result in grid.results if not isinstance(result.difference, Hole)}
    words = {"over": OVER[grid.about], "family": family, "why": why_these_models(grid.results)}
    for standing in (standing for standing in MARKS if standing in given):
        marks = ", ".join(f"{mark} {standing.words(verdict)}" for verdict, mark in MARKS[standing].items())
        yield f"{marks}: {MEANINGS[standing].format(**words)}"
    if grid.about == "training":
        yield UNITS
        yield from _unjudged(grid.results)
    yield from _incomplete(grid.results)


def _incomplete(results: Sequence[ClaimResult]) -> Iterator[str]:
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
