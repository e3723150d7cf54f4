"""What a run says about each of the paper's claims.

Differences are paired: both entries are scored on the same bootstrap samples of the same clips.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestrator.artifacts.run import Hole, Run
from orchestrator.report.claims.claims import Claim, Pair, Scope, claims_of
from orchestrator.report.claims.published import Published
from orchestrator.report.claims.steadiness import Steadiness, compare_steadiness
from orchestrator.report.claims.verdicts import Verdict, verdict_on
from orchestrator.report.scores.bootstrap import Difference, mean_of, paired
from orchestrator.report.scores.predictions import Clips, Split
from orchestrator.report.scores.run_scores import RunScores
from orchestrator.report.scores.scoring import Score, ScoreKey


@dataclass(frozen=True)
class Evidence:
    """What a claim is held against: lwlrap on the clips of a split, or the curves of training."""

    split: Split | None
    """None: the curves."""

    def __str__(self) -> str:
        return self.split or "curves"


CURVES = Evidence(None)


@dataclass(frozen=True)
class ClaimResult:
    """What the run says about a claim by one kind of evidence."""

    claim: Claim
    evidence: Evidence
    difference: Difference | Hole
    """Of lwlrap, mean over the claim's pairs that have results. By the curves: of the coefficients of
    variation, top_k's minus threshold's. A hole of kind "not judged" where no pair has results."""
    incomplete: str = ""
    """What is missing, where there is a difference nevertheless: of pairs, or seeds."""
    published: float | None = None
    """The paper's difference, where the data set is the paper's and its Table 1 has all pairs."""
    one_training: bool = True
    """Whether every cell in it was trained once: nothing is known about other trainings."""

    @property
    def verdict(self) -> Verdict:
        """At the level of the interval."""
        return verdict_on(self.difference)

    @property
    def words(self) -> str:
        """The verdict for people."""
        return self.verdict.words(self.one_training)


def assess_claims(run: Run, scores: RunScores, published: Published) -> list[ClaimResult]:
    """Every claim that the grid's names allow, on cv and on the held-out test clips, then steadiness.

    Verdicts are for one claim each, uncorrected for their number.
    """
    splits: dict[Clips, tuple[Split, ...]] = {"all": scores.main_splits, "several": ("cv",)}
    results = [
        _by_scores(claim, split, scores, published)
        for claim in claims_of(run.experiment)
        for split in splits[claim.clips]
    ]
    once = len(run.experiment.seeds) == 1
    results += [_by_curves(row) for row in compare_steadiness(run, scores.settings.level)]
    return [replace(result, one_training=once) for result in results]


def whole_grid(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """The results to be shown at a glance: those about all rows or columns, or all by scores without such.

    Those by the curves, which are about a row each, come last.
    """
    by_scores = [result for result in results if result.evidence != CURVES]
    whole = [result for result in by_scores if result.claim.scope.is_whole_grid]
    return (whole or by_scores) + [result for result in results if result.evidence == CURVES]


def _by_scores(claim: Claim, split: Split, scores: RunScores, published: Published) -> ClaimResult:
    key = ScoreKey(split, clips=claim.clips, ties=scores.settings.ties)
    both, missing = [], []
    for pair in claim.pairs:
        higher, lower = (scores.find(entry, key) for entry in pair)
        if isinstance(higher, Score) and isinstance(lower, Score):
            both.append((higher.sampled, lower.sampled))
        missing += [
            f"{entry}: {hole}" for entry, hole in zip(pair, (higher, lower), strict=True)
            if isinstance(hole, Hole)
        ]  # fmt: skip
        missing += _lost_seeds(pair, scores)
    reasons = "; ".join(dict.fromkeys(missing))
    if not both:
        return ClaimResult(claim, Evidence(split), Hole("not judged", reasons))
    higher_mean, lower_mean = (mean_of(side) for side in zip(*both, strict=True))
    difference = paired(higher_mean, lower_mean, scores.settings.level)
    papers = None if missing else _published(claim, split, published)
    return ClaimResult(claim, Evidence(split), difference, reasons, papers)


def _lost_seeds(pair: Pair, scores: RunScores) -> list[str]:
    """Seeds that one side has no result of: the two means are then not over the same seeds."""
    lost = [(entry, scores.entries[entry].missing_seeds) for entry in pair if entry in scores.entries]
    return [f"{entry}: seed {seed} ({hole})" for entry, holes in lost for seed, hole in holes.items()]


def _published(claim: Claim, split: Split, published: Published) -> float | None:
    """The mean difference by the paper's Table 1; None where it lacks an entry, or is about other clips."""
    values = [tuple(published.table1(entry, split) for entry in pair) for pair in claim.pairs]
    differences = [a - b for a, b in values if a is not None and b is not None]
    complete = claim.clips == "all" and len(differences) == len(values)
    return float(np.mean(differences)) if complete else None


def _by_curves(row: Steadiness) -> ClaimResult:
    statement = "variation of the limit, top_k > threshold"
    return ClaimResult(
        Claim(statement, Scope("activation", row.activation), "figure 4c"), CURVES, row.difference
    )
