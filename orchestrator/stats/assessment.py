"""What a run says about each of the paper's claims.

Differences are paired: both entries are scored on the same bootstrap samples of the same clips, and by models
of the same seeds and folds. Where a seed is lost on one side, the interval over other trainings is over the
seeds that both have.

Of many claims about nothing some would come out at 95 % each. So verdicts are kept for a fixed set of
claims, corrected for its size: what the paper itself claims over the whole grid, on the held-out clips, for
Table 2 in cross-validation, and of training but for what holds in part by construction. Everything else is
exploratory.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestrator.stats.bootstrap import Difference, mean_of, paired
from orchestrator.stats.claims import Claim, claims_of
from orchestrator.stats.components import ENOUGH, Components, Crossed, components, mean_difference
from orchestrator.stats.grid import Hole
from orchestrator.stats.inputs import Inputs
from orchestrator.stats.paper import NOT_IN_PAPER, Published
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey
from orchestrator.stats.training import judge_training, trained_pairs, training_claims
from orchestrator.stats.verdicts import Standing, Verdict, verdict_on


@dataclass(frozen=True)
class Evidence:
    """What a claim is held against: lwlrap on the clips of a split, or what training recorded."""

    split: Split | None
    """None: training."""

    def __str__(self) -> str:
        return self.split or "training"


TRAINING = Evidence(None)


@dataclass(frozen=True)
class ClaimResult:
    """What the run says about a claim by one kind of evidence."""

    claim: Claim
    evidence: Evidence
    difference: Difference | Hole
    """Of lwlrap, mean over the claim's pairs that have results, with an interval over other clips alone. By
    training: that of `crossed`. A hole of kind "not judged" where there is no pair, or too few."""
    incomplete: str = ""
    """What is missing, where there is a difference nevertheless: of pairs, or seeds."""
    published: float | None = None
    """The paper's difference, where the data set is the paper's and its Table 1 has all pairs."""
    components: Components | None = None
    """What models and clips contribute; None where no clip was scored by two models of each cell, of seeds
    that all cells have."""
    crossed: Crossed | None = None
    """The same difference, with an interval over other clips and other trainings; None where these are too
    few. Over the seeds that all cells have."""
    unpaired: bool = False
    """Some of its cells have seeds that others lack."""
    corrected_p: float | None = None
    """Corrected for the number of claims that are judged; None: this one is not."""
    level: float = 0.95

    @property
    def standing(self) -> Standing:
        """What may be said."""
        if self.crossed is None:
            return Standing.THESE_MODELS
        if self.corrected_p is None or self.incomplete:
            return Standing.EXPLORATORY
        return Standing.JUDGED if self.crossed.nu >= ENOUGH else Standing.TOO_FEW

    @property
    def verdict(self) -> Verdict:
        """By the interval that says the most."""
        if self.standing is Standing.THESE_MODELS or isinstance(self.difference, Hole):
            return verdict_on(self.difference)
        if self.standing is not Standing.JUDGED or self.corrected_p is None:
            return Verdict.EXPLORATORY
        if self.corrected_p > 1 - self.level:
            return Verdict.UNCLEAR
        return Verdict.HIGHER if self.difference.estimate > 0 else Verdict.LOWER

    @property
    def words(self) -> str:
        """The verdict for people."""
        return self.standing.words(self.verdict)

    @property
    def shown(self) -> Difference | Hole:
        """The difference, where there is room for one interval: that which says the most."""
        return self.crossed or self.difference


def assess_claims(inputs: Inputs, scores: RunScores, published: Published) -> list[ClaimResult]:
    """Every claim that the grid's names allow, on cv and on the held-out test clips, then those by training.

    Those that are judged have p-values corrected for their number.
    """
    results = [
        _by_scores(claim, split, scores, published)
        for claim in claims_of(inputs.grid)
        for split in scores.main_splits
    ]
    return _corrected([*results, *_by_training(inputs, scores)], scores)


def _corrected(results: Sequence[ClaimResult], scores: RunScores) -> list[ClaimResult]:
    """The results, those that are judged with their corrected p-values."""
    chosen = [r for r in results if is_judged(r.claim, r.evidence.split, scores.held_out)]
    testable = ((None if r.incomplete else r.crossed) for r in chosen)
    corrected = holm([crossed.p if crossed and crossed.nu >= ENOUGH else 1.0 for crossed in testable])
    p = {(r.claim, r.evidence): value for r, value in zip(chosen, corrected, strict=True)}
    level = scores.settings.level
    return [replace(r, corrected_p=p.get((r.claim, r.evidence)), level=level) for r in results]


def is_judged(claim: Claim, split: Split | None, held_out: Split) -> bool:
    """Whether a claim by the scores of a split, or by training (None), is one of those that are judged."""
    judged_on = held_out if claim.clips == "all" else "cv"
    papers = claim.scope.is_whole_grid and claim.source != NOT_IN_PAPER and claim.judged
    return papers and split in (judged_on, None)


def holm(p: Sequence[float]) -> list[float]:
    """Corrected p-values: rejecting those up to alpha errs in all of them together with at most alpha.

    Holm (1979, Scandinavian Journal of Statistics 6, 65-70); nothing is assumed of their dependence. A claim
    that cannot be tested has p = 1: the number of claims does not depend on results.
    """
    corrected, worst = [1.0] * len(p), 0.0
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        worst = max(worst, min(1.0, (len(p) - rank) * p[index]))
        corrected[index] = worst
    return corrected


def whole_grid(results: Sequence[ClaimResult]) -> list[ClaimResult]:
    """The results to be shown at a glance: those about all rows or columns, or all where none are."""
    return [result for result in results if result.claim.scope.is_whole_grid] or list(results)


def _by_scores(claim: Claim, split: Split, scores: RunScores, published: Published) -> ClaimResult:
    key = ScoreKey(split, clips=claim.clips, ties=scores.settings.ties)
    both: list[tuple[Score, Score]] = []
    missing: list[str] = []
    for pair in claim.pairs:
        higher, lower = sides = [scores.find(entry, key) for entry in pair]
        if isinstance(higher, Score) and isinstance(lower, Score):
            both.append((higher, lower))
        missing += [f"{e}: {hole}" for e, hole in zip(pair, sides, strict=True) if isinstance(hole, Hole)]
        lost = [(entry, scores.entries[entry].missing_seeds) for entry in pair if entry in scores.entries]
        missing += [f"{entry}: seed {seed} ({hole})" for entry, seeds in lost for seed, hole in seeds.items()]
    reasons = "; ".join(dict.fromkeys(missing))
    if not both:
        return ClaimResult(claim, Evidence(split), Hole("not judged", reasons))
    higher_mean, lower_mean = (mean_of([s.sampled for s in side]) for side in zip(*both, strict=True))
    difference = paired(higher_mean, lower_mean, scores.settings.level)
    models = [score.models for pair in both for score in pair]
    seeds = [seed for seed in models[0] if all(seed in of_score for of_score in models)]
    by_seed = [mean_difference([(a.models[s], b.models[s]) for a, b in both]) for s in seeds]
    known = components(by_seed) if by_seed else None
    return ClaimResult(
        claim, Evidence(split), difference, reasons, None if missing else _published(claim, split, published),
        known, known.interval(scores.settings.level) if known else None,
        unpaired=any(len(of_score) > len(seeds) for of_score in models),
    )  # fmt: skip


def _published(claim: Claim, split: Split, published: Published) -> float | None:
    """The mean difference by the paper's Table 1; None where it lacks an entry, or is about other clips."""
    values = [tuple(published.table1(entry, split) for entry in pair) for pair in claim.pairs]
    differences = [a - b for a, b in values if a is not None and b is not None]
    complete = claim.clips == "all" and len(differences) == len(values)
    return float(np.mean(differences)) if complete else None


def _by_training(inputs: Inputs, scores: RunScores) -> list[ClaimResult]:
    pairs, results = trained_pairs(inputs), []
    for claim, measure in training_claims(inputs.grid).items():
        judgement, incomplete = judge_training(inputs, pairs, claim, measure, scores.settings.level)
        crossed = None if isinstance(judgement, Hole) else judgement
        results.append(ClaimResult(claim, TRAINING, judgement, incomplete, crossed=crossed))
    return results
