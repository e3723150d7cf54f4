"""How many trainings a difference of some size needs, from what a run has measured (not in the paper).

Power is that of the crossed design's t test (`scores.components`), each component of variance as the run
estimates it: the noncentral t of Hillis, Obuchowski and Berbaum (2011, Academic Radiology 18, 129-142) for
more readers of the same cases. Of one claim, without the family's correction, which asks for more. With few
models the estimates themselves are rough: the number is a size to plan with, not a promise.
"""

from collections.abc import Sequence

from scipy.special import nctdtr, stdtrit

from orchestrator.legs.run import Run
from orchestrator.stats.assessment import ClaimResult, assess_claims
from orchestrator.stats.components import ENOUGH, Components
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import score_run

POWER, ALPHA = 0.8, 0.05
MOST_SEEDS = 100
FEWEST_SAMPLES = 100
"""Of the bootstrap, whose intervals are not used here."""


def measured_claims(run: Run) -> list[ClaimResult]:
    """The claims about scores that are judged, with their components of variance."""
    report = {**run.manifest.config.get("report", {}), "resamples": FEWEST_SAMPLES}
    manifest = run.manifest.model_copy(update={"config": {**run.manifest.config, "report": report}})
    quick = Run(run.store, manifest)
    results = assess_claims(quick, score_run(quick), Published.beside(quick))
    return [r for r in results if r.corrected_p is not None and r.evidence.split]


def power(measured: Components, models_each: int, difference: float) -> float:
    """Chance that a true difference of that size is found, and on its side, with that many models."""
    expected = measured.with_models(models_each)
    if expected.variance == 0:
        return 1.0
    away = abs(difference) / expected.variance**0.5
    return float(1 - nctdtr(expected.nu, away, stdtrit(expected.nu, 1 - ALPHA / 2)))


def seeds_needed(measured: Components, seeds: int, difference: float) -> int | None:
    """The fewest seeds with POWER and degrees of freedom ENOUGH for a verdict; None: over MOST_SEEDS.

    `seeds`: how many the run has, which tells how many models each of them adds.
    """
    per_seed = measured.models_each // seeds
    return next((n for n in range(1, MOST_SEEDS + 1) if _is_enough(measured, n * per_seed, difference)), None)


def _is_enough(measured: Components, models_each: int, difference: float) -> bool:
    freedom = measured.layouts * (models_each - 1)
    return freedom >= ENOUGH and power(measured, models_each, difference) >= POWER


def most_needed(found: Sequence[int | None]) -> int | None:
    """Seeds that are enough for all; None where one is not to be had."""
    known = [seeds for seeds in found if seeds is not None]
    return max(known) if known and len(known) == len(found) else None
