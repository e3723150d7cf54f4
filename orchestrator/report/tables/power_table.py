"""How many seeds a difference needs, claim by claim: what `stagegrid plan --detect` prints."""

from collections.abc import Sequence

from orchestrator.legs.run import Run
from orchestrator.report.inputs import published_beside, read_inputs
from orchestrator.report.tables.table import Column, Content, Row, Table
from orchestrator.stats.assessment import ClaimResult, assess_claims
from orchestrator.stats.components import ALPHA, MOST_SEEDS, POWER, seeds_needed
from orchestrator.stats.run_scores import score_run
from trainable.errors import UserError

FEWEST_SAMPLES = 100
"""Of the bootstrap, whose intervals are not used here."""


def power_table(run: Run, difference: float) -> Table:
    """A row for each claim that is judged and whose components the run has measured.

    Raises:
        UserError: it has measured none.
    """
    claims, seeds = _judged_claims(run), len(run.experiment.seeds)
    known = [result for result in claims if result.components]
    if not known:
        raise UserError(
            f"--detect: nothing in {run.store} was trained twice, so nobody knows how much a training "
            "matters: fill the whole grid with --seeds 2 first"
        )
    needed = [seeds_needed(r.components, seeds, difference) for r in known if r.components]
    rows = tuple(Row(r.claim.sentence, _cells(r, n)) for r, n in zip(known, needed, strict=True))
    enough = max(number for number in needed if number) if all(needed) else None
    columns = tuple(map(Column, ("split", "sd of a training", "sd of its mean", "seeds")))
    title = f"Seeds that find a difference of {difference:g}"
    return Table(title, "claim", columns, rows, tuple(_notes(claims, known, enough)))


def _judged_claims(run: Run) -> list[ClaimResult]:
    """The claims about scores that are judged, with their components of variance."""
    inputs = read_inputs(run)
    settings = run.experiment.report.model_copy(update={"resamples": FEWEST_SAMPLES})
    results = assess_claims(inputs, score_run(inputs, settings), published_beside(run))
    return [result for result in results if result.corrected_p is not None and result.evidence.split]


def _cells(result: ClaimResult, seeds: int | None) -> tuple[Content, ...]:
    measured = result.components
    assert measured is not None
    deviations = (f"{measured.training_sd:.4f}", f"{measured.variance**0.5:.4f}")
    return str(result.evidence), *deviations, f"over {MOST_SEEDS}" if seeds is None else str(seeds)


def _notes(claims: Sequence[ClaimResult], known: Sequence[ClaimResult], seeds: int | None) -> list[str]:
    freedom = min(result.components.freedom for result in known if result.components)
    enough = f"--seeds {seeds} is enough for all of them" if seeds else "no number of seeds is enough for all"
    notes = [
        f"{enough}: power {POWER:.0%} at alpha {ALPHA:g}, one claim at a time; measured with {freedom} "
        f"degrees of freedom{', which is rough' if freedom < 10 else ''}"
    ]
    missing = [f"{r.claim.sentence} ({r.evidence})" for r in claims if not r.components]
    return notes + ([f"not measured, for want of a second training: {', '.join(missing)}"] if missing else [])
