"""What statistics make of a run's folder, in one call each: for tests of what comes after them."""

from orchestrator.legs.run import Run
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.inputs import read_inputs
from orchestrator.stats.assessment import ClaimResult, assess_claims
from orchestrator.stats.masks import diagnose
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores, score_run

NOTHING_PUBLISHED = Published("another data set")


def scores_of(run: Run) -> RunScores:
    """All scores of the run, by its own settings."""
    return score_run(read_inputs(run), run.experiment.report)


def claims_about(run: Run, scores: RunScores, published: Published = NOTHING_PUBLISHED) -> list[ClaimResult]:
    """Every claim about the run."""
    return assess_claims(read_inputs(run), scores, published)


def diagnostics_of(run: Run) -> Diagnostics:
    """The tables about masks of the run."""
    return Diagnostics.of(diagnose(read_inputs(run)))
