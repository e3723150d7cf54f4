"""The paper's claims as data, and what a run says about each.

A claim compares pairs of entries; with several pairs it is about their mean difference. Differences are
paired: both entries are scored on the same bootstrap samples of the same clips.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from orchestrator.artifacts.run import Run
from orchestrator.experiment.settings import Experiment
from orchestrator.report.claims.published import TABLE_1, is_fsdkaggle2019
from orchestrator.report.claims.steadiness import Steadiness, compare_steadiness
from orchestrator.report.scores.bootstrap import Difference, Sampled, paired
from orchestrator.report.scores.predictions import Clips
from orchestrator.report.scores.run_scores import Entry, RunScores, Split, What
from orchestrator.report.scores.scoring import Score

SECTION_5_1 = "section 5.1"
NOT_IN_PAPER = "not in the paper"
MISSING = "not judged"

Axis = Literal["activation", "selection"]
Pair = tuple[Entry, Entry]
"""The entry that should score higher, and the other one."""


@dataclass(frozen=True)
class Claim:
    """One sentence that the scores can bear out or not."""

    statement: str
    where: str
    """The row or column it is about, or all of them."""
    source: str
    """Where it stands in the paper, or that it does not."""
    pairs: tuple[Pair, ...] = ()
    clips: Clips = "all"


@dataclass(frozen=True)
class ClaimResult:
    """What the run says about a claim on one split, or by the curves."""

    claim: Claim
    split: Split | Literal["curves"]
    difference: Difference | None
    """Of lwlrap, mean over the claim's pairs that have results; None where none has. Of curves: of the
    coefficients of variation, top_k's minus threshold's."""
    verdict: str
    """confirmed, not distinguishable, contradicted, or not judged."""
    reason: str = ""
    """What is missing, where something is."""
    published: float | None = None
    """The paper's difference, where the data set is the paper's and its Table 1 has all pairs."""


@dataclass(frozen=True)
class Comparison:
    """One name against another along an axis of the grid, wherever on the other axis."""

    axis: Axis
    higher: str
    lower: str
    source: str
    clips: Clips = "all"

    @property
    def statement(self) -> str:
        """Which one scores higher."""
        where = " on clips with several labels" if self.clips == "several" else ""
        return f"{self.higher} > {self.lower}{where}"

    def pair(self, other: str) -> Pair:
        """The entries of this comparison at `other` on the other axis."""
        if self.axis == "activation":
            return Entry(self.higher, other), Entry(self.lower, other)
        return Entry(other, self.higher), Entry(other, self.lower)


PAPERS_ROWS = ("sigmoid_softmax", "sigmoid_sparsemax")
PAPERS_COLUMNS = ("top_k", "threshold")

_MORE = (
    Comparison("selection", "threshold", "top_k", SECTION_5_1),
    Comparison("activation", "sigmoid_sparsemax", "sigmoid_softmax", SECTION_5_1),
    Comparison("activation", "sigmoid_sparsemax", "sigmoid_softmax", "table 2", "several"),
    Comparison("activation", "sigmoid_softmax", "softmax", NOT_IN_PAPER),
    Comparison("activation", "sigmoid_sparsemax", "sparsemax", NOT_IN_PAPER),
    Comparison("activation", "sparsemax", "softmax", NOT_IN_PAPER, "several"),
    *(Comparison("selection", mask, control, NOT_IN_PAPER)
      for mask in ("threshold", "top_k") for control in ("keep_all", "random_k")),
)  # fmt: skip


def comparisons(experiment: Experiment) -> Iterator[Comparison]:
    """All that the grid's names allow: rows against sigmoid, columns against verified_only, and the rest."""
    rows, columns = list(experiment.activations), list(experiment.selections)
    found = [
        Comparison("activation", name, "sigmoid", SECTION_5_1 if name in PAPERS_ROWS else NOT_IN_PAPER)
        for name in rows
    ] + [
        Comparison(
            "selection", name, "verified_only", SECTION_5_1 if name in PAPERS_COLUMNS else NOT_IN_PAPER
        )
        for name in columns
    ]
    for comparison in [*found, *_MORE]:
        names = rows if comparison.axis == "activation" else columns
        if {comparison.higher, comparison.lower} <= set(names) and comparison.higher != comparison.lower:
            yield comparison


def claims_of(experiment: Experiment) -> Iterator[Claim]:
    """Each comparison over the whole other axis, then at each of its places."""
    for comparison in comparisons(experiment):
        along_rows = comparison.axis == "activation"
        others = list(experiment.selections if along_rows else experiment.activations)
        pairs = [(other, comparison.pair(other)) for other in others]
        kind = "column" if along_rows else "row"
        sentence, source, clips = comparison.statement, comparison.source, comparison.clips
        if len(others) > 1:
            yield Claim(sentence, f"all {kind}s", source, tuple(pair for _, pair in pairs), clips)
        for other, pair in pairs:
            yield Claim(sentence, f"{kind} {other}", source, (pair,), clips)


def judge_claims(run: Run, scores: RunScores) -> list[ClaimResult]:
    """Every claim that the grid's names allow, on cv and on held-out clips if there are any, then steadiness.

    The paper's differences stand beside only where the data set is the paper's. Verdicts are for one claim
    each, uncorrected for their number.
    """
    with_published = is_fsdkaggle2019(run) is None
    splits: dict[Clips, tuple[Split, ...]] = {"all": scores.main_splits, "several": ("cv",)}
    results = [
        _judge(claim, split, scores, with_published)
        for claim in claims_of(run.experiment)
        for split in splits[claim.clips]
    ]
    return results + [_steady(found) for found in compare_steadiness(run, scores.settings.level)]


def _judge(claim: Claim, split: Split, scores: RunScores, with_published: bool) -> ClaimResult:
    what = What(split, clips=claim.clips, ties=scores.settings.ties)
    both, reasons = [], []
    for pair in claim.pairs:
        higher, lower = (scores.find(entry, what) for entry in pair)
        if isinstance(higher, Score) and isinstance(lower, Score):
            both.append((higher.sampled, lower.sampled))
        reasons += [f"{e}: {s}" for e, s in zip(pair, (higher, lower), strict=True) if isinstance(s, str)]
        reasons += _lost_seeds(pair, scores)
    reason = "; ".join(dict.fromkeys(reasons))
    if not both:
        return ClaimResult(claim, split, None, MISSING, reason)
    higher_mean, lower_mean = (_mean(side) for side in zip(*both, strict=True))
    difference = paired(higher_mean, lower_mean, scores.settings.level)
    published = _published(claim, split) if with_published and not reasons else None
    return ClaimResult(claim, split, difference, difference.verdict, reason, published)


def _lost_seeds(pair: Pair, scores: RunScores) -> list[str]:
    """Seeds that one side has no result of: the two means are then not over the same seeds."""
    found = [(entry, scores.entries[entry].missing_seeds) for entry in pair if entry in scores.entries]
    return [f"{entry}: seed {seed} ({why})" for entry, lost in found for seed, why in lost.items()]


def _mean(samples: Sequence[Sampled]) -> Sampled:
    """Mean of scores of the same clips and resamples."""
    estimate = float(np.mean([sampled.estimate for sampled in samples]))
    return replace(samples[0], estimate=estimate, draws=np.mean([s.draws for s in samples], axis=0))


def _published(claim: Claim, split: Split) -> float | None:
    """The mean difference by the paper's Table 1; None where it lacks an entry, or is about other clips."""
    values = [tuple(TABLE_1.get((*entry, split)) for entry in pair) for pair in claim.pairs]
    differences = [a - b for a, b in values if a is not None and b is not None]
    complete = claim.clips == "all" and len(differences) == len(values)
    return float(np.mean(differences)) if complete else None


def _steady(found: Steadiness) -> ClaimResult:
    statement = "the limit of threshold is steadier than that of top_k"
    claim = Claim(statement, f"row {found.activation}", "figure 4c")
    if found.difference is None:
        return ClaimResult(claim, "curves", None, MISSING, found.reason)
    return ClaimResult(claim, "curves", found.difference, found.difference.verdict)
