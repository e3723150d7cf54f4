"""Bootstrap intervals of scores and paired differences of cells (not in the paper).

A score is the mean over models of (sum of the precisions of a model's labels) / (number of its labels), so
all that the bootstrap needs are these two sums for every clip: the classes are gone. What a model is:

    cv, mean of folds       one model a fold; a clip has labels in its own fold's column alone
    cv, pooled              the same, `pooled` into one column
    test, mean of folds     one model a fold, all of them on the same clips
    test, blend             one model
    over seeds, or cells    their models side by side: `joined`

Clips are drawn again with replacement, with all their labels and for all models and cells at once. So every
comparison of scores that went through the same call of `bootstrap` is paired. Strata keep their sizes: give
the folds for cv. An interval tells what other clips would change about *these* trained models; what another
training would change, `components` tells.

Intervals are percentiles of the resampled scores, widened for few clips: plain percentiles ignore that the
clips' own spread is estimated, and BCa intervals of differences were too short where most clips score 1.

Shapes: N clips, M models, R resamples.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, stdtrit

from orchestrator.stats.grid import Interval
from trainable.arrays import Bools, Floats, Ints
from trainable.metrics import LabelPrecisions

CHUNK = 256
"""Resamples drawn at a time: their weights of 4481 clips take 9 MB. Part of what a seed means."""


@dataclass(frozen=True)
class ClipSums:
    """A score, clip by clip."""

    sums: Floats
    """Sum of the precisions of a clip's labels by a model: (N, M)."""
    counts: Floats
    """Number of those labels: (N, M), 0 where the clip is not the model's."""

    def __post_init__(self) -> None:
        assert self.counts.any(0).all(), "a model without labels has no score"

    @property
    def estimate(self) -> float:
        """The score itself."""
        return float((self.sums.sum(0) / self.counts.sum(0)).mean())

    def where(self, chosen: Bools) -> "ClipSums":
        """The sums of some clips, chosen by a mask: (N,)."""
        return ClipSums(self.sums[chosen], self.counts[chosen])

    def pooled(self) -> "ClipSums":
        """All labels of all models in one ratio, instead of the mean of the models' ratios."""
        return ClipSums(self.sums.sum(1, keepdims=True), self.counts.sum(1, keepdims=True))


def clip_sums(models: Sequence[tuple[Ints, LabelPrecisions]], clips: int) -> ClipSums:
    """The mean score of models, each given as the rows of its clips among all `clips`, and its precisions."""
    columns = [(rows[labels.clip], labels.precision) for rows, labels in models]
    sums = [np.bincount(clip, precision, clips) for clip, precision in columns]
    counts = [np.bincount(clip, minlength=clips) for clip, _ in columns]
    return ClipSums(np.stack(sums, 1), np.stack(counts, 1).astype(np.float64))


def joined(scores: Sequence[ClipSums]) -> ClipSums:
    """The mean of scores on the same clips, each of as many models: over seeds, or over cells."""
    assert len({score.sums.shape for score in scores}) == 1
    return ClipSums(np.hstack([s.sums for s in scores]), np.hstack([s.counts for s in scores]))


@dataclass(frozen=True)
class Sampled:
    """A score and its bootstrap."""

    estimate: float
    draws: Floats
    """The score of every resample: (R,)."""
    clips: int
    """Number of clips that were drawn from."""
    strata: int
    """Number of groups of clips that kept their sizes."""


def mean_of(samples: Sequence[Sampled]) -> Sampled:
    """The mean of scores of the same call of `bootstrap`, or of calls that drew the same clips."""
    estimate = float(np.mean([sampled.estimate for sampled in samples]))
    return replace(samples[0], estimate=estimate, draws=np.mean([s.draws for s in samples], axis=0))


def bootstrap(
    scores: Sequence[ClipSums], strata: Ints | None = None, resamples: int = 10_000, seed: int = 0
) -> list[Sampled]:
    """Resample the clips of `scores`, which all are about the same clips; `strata` (N,) keep their sizes.

    Clips that have no label in any score are left out, so a score of one class, or of the clips with several
    labels, needs its own call. Strata must not be tiny: one of a single clip never varies.
    """
    assert len({len(score.sums) for score in scores}) == 1, "the scores must be about the same clips"
    used = np.any([score.counts.any(1) for score in scores], axis=0)
    groups = np.zeros(used.sum(), np.int64) if strata is None else strata[used]
    sums = np.hstack([score.sums[used] for score in scores])
    counts = np.hstack([score.counts[used] for score in scores])
    starts = np.cumsum([0] + [score.sums.shape[1] for score in scores])
    draws = _mean_ratios(sums, counts, starts, groups, resamples, seed)
    size, n_strata = len(groups), len(np.unique(groups))
    return [Sampled(score.estimate, draws[:, i], size, n_strata) for i, score in enumerate(scores)]


def _mean_ratios(sums: Floats, counts: Floats, starts: Ints, strata: Ints, size: int, seed: int) -> Floats:
    """The scores of R resamples: (R, scores); columns `starts[i]` to `starts[i + 1]` are score i's models.

    NaN where a model's clips were not drawn at all.
    """
    rng, scores = np.random.default_rng(seed), []
    distinct, copies = np.unique(counts, axis=1, return_inverse=True)  # models of a fold have the same clips
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    for first in range(0, size, CHUNK):
        weights_RN = _weights(rng, members, min(CHUNK, size - first))
        with np.errstate(invalid="ignore"):
            ratios = (weights_RN @ sums) / (weights_RN @ distinct)[:, copies]
        scores.append(np.add.reduceat(ratios, starts[:-1], axis=1) / np.diff(starts))
    return np.concatenate(scores)


def _weights(rng: np.random.Generator, members: Sequence[Ints], resamples: int) -> Floats:
    """How often each clip is drawn: (resamples, N); `members` are the clips of each stratum."""
    weights_RN = np.empty((resamples, sum(map(len, members))))
    for clips in members:
        size = len(clips)
        drawn = rng.integers(0, size, (resamples, size))
        drawn += np.arange(resamples)[:, None] * size
        weights_RN[:, clips] = np.bincount(drawn.ravel(), minlength=resamples * size).reshape(resamples, size)
    return weights_RN


def interval(sampled: Sampled, level: float = 0.95) -> Interval:
    """Two-sided expanded percentile interval (Hesterberg 2015, The American Statistician 69, 371-386).

    The tails are Student's instead of the normal distribution's, and the draws' spread, which is
    sqrt((n - strata) / n) too small, is made up for. NaN where no stratum has two clips. Resamples without a
    score are left out.
    """
    freedom = sampled.clips - sampled.strata
    if freedom == 0:
        return Interval(float("nan"), float("nan"))
    tails = stdtrit(freedom, np.array([1 - level, 1 + level]) / 2) * np.sqrt(sampled.clips / freedom)
    low, high = np.nanquantile(sampled.draws, ndtr(tails))
    return Interval(float(low), float(high))


@dataclass(frozen=True)
class Difference:
    """How much better one score is than another."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:+.4f} [{self.low:+.4f}, {self.high:+.4f}]"


def paired(a: Sampled, b: Sampled, level: float = 0.95) -> Difference:
    """The difference a - b of two scores of the same call of `bootstrap`, or of one with the same draws.

    Rounded to 1e-9: equal scores may differ in their last bits by the order of summation.
    """
    assert (a.clips, a.strata, len(a.draws)) == (b.clips, b.strata, len(b.draws))
    bounds = interval(replace(a, draws=(a.draws - b.draws).round(9) + 0.0), level)  # no -0
    return Difference(round(a.estimate - b.estimate, 9) + 0.0, bounds.low, bounds.high)
