"""What a run says about each of the paper's claims.

Differences are paired: both entries are scored on the same bootstrap samples of the same clips, and by models
of the same seeds and folds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestrator.artifacts.run import Hole, Run
from orchestrator.report.claims.claims import Claim, Pair, Scope, claims_of
from orchestrator.report.claims.family import holm, in_family
from orchestrator.report.claims.published import Published
from orchestrator.report.claims.steadiness import Steadiness, compare_steadiness
from orchestrator.report.claims.verdicts import Standing, Verdict, judged, verdict_on
from orchestrator.report.scores.bootstrap import Difference, mean_of, paired
from orchestrator.report.scores.components import ENOUGH, Components, Crossed, components, mean_difference
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
    """Of lwlrap, mean over the claim's pairs that have results, other clips alone held open. By the curves:
    of the coefficients of variation, top_k's minus threshold's. A hole of kind "not judged" where no pair has
    results."""
    incomplete: str = ""
    """What is missing, where there is a difference nevertheless: of pairs, or seeds."""
    published: float | None = None
    """The paper's difference, where the data set is the paper's and its Table 1 has all pairs."""
    components: Components | None = None
    """What models and clips contribute; None where no clip was scored by two models of each cell, or the
    cells were trained with different seeds."""
    crossed: Crossed | None = None
    """The same difference, other clips and other trainings held open; None where these are too few."""
    corrected_p: float | None = None
    """After the family's correction; None: the claim is not of it."""
    level: float = 0.95

    @property
    def standing(self) -> Standing:
        """What may be said."""
        if self.crossed is None:
            return Standing.EXPLORATORY if self.evidence == CURVES else Standing.THESE_MODELS
        if self.corrected_p is None or self.incomplete:
            return Standing.EXPLORATORY
        return Standing.JUDGED if self.crossed.nu >= ENOUGH else Standing.TOO_FEW

    @property
    def verdict(self) -> Verdict:
        """By what holds the most open."""
        if self.standing is Standing.THESE_MODELS or isinstance(self.difference, Hole):
            return verdict_on(self.difference)
        if self.standing is not Standing.JUDGED:
            return Verdict.EXPLORATORY
        assert self.corrected_p is not None
        return judged(self.difference.estimate, self.corrected_p, self.level)

    @property
    def words(self) -> str:
        """The verdict for people."""
        return self.standing.words(self.verdict)

    @property
    def shown(self) -> Difference | Crossed | Hole:
        """The difference, where there is room for one interval: that which holds the most open."""
        return self.crossed or self.difference

    @property
    def testable_p(self) -> float:
        """For the family's correction: 1 where nothing can be tested."""
        return self.crossed.p if self.crossed and self.crossed.nu >= ENOUGH and not self.incomplete else 1.0


def assess_claims(run: Run, scores: RunScores, published: Published) -> list[ClaimResult]:
    """Every claim that the grid's names allow, on cv and on the held-out test clips, then steadiness.

    Those of the paper's own family are judged, corrected for its size.
    """
    splits: dict[Clips, tuple[Split, ...]] = {"all": scores.main_splits, "several": ("cv",)}
    results = [
        _by_scores(claim, split, scores, published)
        for claim in claims_of(run.experiment)
        for split in splits[claim.clips]
    ]
    by_curves = [_by_curves(row) for row in compare_steadiness(run, scores.settings.level)]
    return _corrected(results, scores) + by_curves


def _corrected(results: Sequence[ClaimResult], scores: RunScores) -> list[ClaimResult]:
    """The results by scores, those of the family with their corrected p-values."""
    family = [r for r in results if in_family(r.claim, r.evidence.split, scores.held_out)]
    corrected = holm([result.testable_p for result in family])
    p = {(r.claim, r.evidence): value for r, value in zip(family, corrected, strict=True)}
    level = scores.settings.level
    return [replace(r, corrected_p=p.get((r.claim, r.evidence)), level=level) for r in results]


def whole_grid(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """The results to be shown at a glance: those about all rows or columns, or all by scores without such.

    Those by the curves, which are about a row each, come last.
    """
    by_scores = [result for result in results if result.evidence != CURVES]
    whole = [result for result in by_scores if result.claim.scope.is_whole_grid]
    return (whole or by_scores) + [result for result in results if result.evidence == CURVES]


def _by_scores(claim: Claim, split: Split, scores: RunScores, published: Published) -> ClaimResult:
    key = ScoreKey(split, clips=claim.clips, ties=scores.settings.ties)
    both: list[tuple[Score, Score]] = []
    missing: list[str] = []
    for pair in claim.pairs:
        higher, lower = (scores.find(entry, key) for entry in pair)
        if isinstance(higher, Score) and isinstance(lower, Score):
            both.append((higher, lower))
        missing += [
            f"{entry}: {hole}" for entry, hole in zip(pair, (higher, lower), strict=True)
            if isinstance(hole, Hole)
        ]  # fmt: skip
        missing += _lost_seeds(pair, scores)
    reasons = "; ".join(dict.fromkeys(missing))
    if not both:
        return ClaimResult(claim, Evidence(split), Hole("not judged", reasons))
    higher_mean, lower_mean = (mean_of([s.sampled for s in side]) for side in zip(*both, strict=True))
    difference = paired(higher_mean, lower_mean, scores.settings.level)
    papers, known = None if missing else _published(claim, split, published), _components(both)
    crossed = known.interval(scores.settings.level) if known else None
    return ClaimResult(claim, Evidence(split), difference, reasons, papers, known, crossed)


def _components(pairs: Sequence[tuple[Score, Score]]) -> Components | None:
    """Of the mean difference of pairs of scores; None where they are not of the same seeds."""
    first = pairs[0][0].models
    if any(score.models.keys() != first.keys() for pair in pairs for score in pair):
        return None
    return components([mean_difference([(a.models[s], b.models[s]) for a, b in pairs]) for s in first])


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
