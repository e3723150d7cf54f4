"""Intervals over other clips and other trainings: models and clips as crossed random effects.

Not in the paper. A model is a (seed, fold); a clip's share of a model's score is u_mi, linearised around the
ratio (`shares`). With u_mi = mean + model m + clip i + residual, all random, the mean squares of the two-way
layout without replication give the variance of the mean, as in studies of several readers of the same cases:

    MS_m = n var(mean over clips), MS_c = M var(mean over models), MS_e the residual's
    V    = [max(MS_m - MS_e, 0) + MS_c] / (M n)
    nu   = [MS_m + max(MS_c - MS_e, 0)]^2 / [MS_m^2 / (M - 1)]
    mean +- t_nu sqrt(V)

The design is Obuchowski and Rockette's (1995, Communications in Statistics 24, 285-308); Gallas (2006,
Academic Radiology 13, 353-362) estimates the same variance without the max. nu is Hillis' (2007, Statistics
in Medicine 26, 596-619), made for a variance of MS_m + max(MS_c - MS_e, 0), which covers .90 with two models
and .94 with four in the tests' simulations. V is larger where MS_m < MS_e, and there, with four models and no
effect of training, V and this nu cover .996. So from 3 degrees of freedom of the models on, nu's numerator is
at least MS_c, all of V that is then left: .952 to .982. With fewer models a small MS_m is too often an
accident (6 to 9 % false alarms), and nu stays as above. Hillis takes many cases for granted: nu is never more
than the clips' own degrees of freedom here.

Where a model sees the clips of its fold alone (cross-validation), folds and clips are confounded: the layout
is seeds x clips within each fold, the mean squares are averaged over the K folds, and K(S - 1) stands in
place of M - 1. So it needs two seeds. Mean squares are divided by the clips of their layout first: exact for
folds of unequal size. What other folds would change, no such interval says.

Power is that of this design's t test, each component of variance as a run estimates it: the noncentral t of
Hillis, Obuchowski and Berbaum (2011, Academic Radiology 18, 129-142) for more readers of the same cases. Of
one claim, without the correction for many, which asks for more. With few models the estimates themselves are
rough: the number is a size to plan with, not a promise.

Shapes: n clips, M models of a layout.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import nctdtr, stdtr, stdtrit

from orchestrator.stats.bootstrap import ClipSums, Difference, joined
from trainable.arrays import Floats

LEAST = 2
"""Degrees of freedom of the models below which there is no interval: with one its quantile is 12.7."""
ENOUGH = 3
"""Degrees of freedom from which on an interval is more than a hint: those of four models."""
POWER, ALPHA = 0.8, 0.05
MOST_SEEDS = 100


@dataclass(frozen=True)
class Crossed(Difference):
    """A score, or a difference, with an interval over other clips and other trainings."""

    nu: float
    """Degrees of freedom."""
    p: float
    """Of a mean of 0, two-sided."""

    @classmethod
    def students(cls, mean: float, error: float, nu: float, level: float) -> "Crossed":
        """Student's interval of a mean with that standard error.

        Rounded to 1e-9: equal scores may differ in their last bits by the order of summation.
        """
        mean, reach = round(mean, 9) + 0.0, float(stdtrit(nu, (1 + level) / 2)) * error
        p = 1.0 if mean == 0 else 2 * float(stdtr(nu, -abs(mean) / error)) if error else 0.0
        low, high = round(mean - reach, 9) + 0.0, round(mean + reach, 9) + 0.0
        return cls(mean, low, high, round(nu, 6), round(p, 9))


@dataclass(frozen=True)
class Components:
    """Mean squares over their number of clips: each is a variance of one model's mean. Means over layouts."""

    estimate: float
    models: float
    """MS_m / n."""
    clips: float
    """MS_c / n."""
    residual: float
    """MS_e / n."""
    layouts: int
    """K: one where all models see the same clips, else the folds."""
    models_each: int
    """Models of each layout."""
    clips_freedom: int
    """Clips - layouts."""

    @property
    def freedom(self) -> int:
        """Of the models' mean square."""
        return self.layouts * (self.models_each - 1)

    @property
    def variance(self) -> float:
        """V, of the estimate."""
        return (max(self.models - self.residual, 0.0) + self.clips) / (self.layouts * self.models_each)

    @property
    def nu(self) -> float:
        """Degrees of freedom of V."""
        whole, most = self.models + max(self.clips - self.residual, 0.0), float(self.clips_freedom)
        if self.freedom >= ENOUGH:
            whole = max(whole, self.clips)
        return most if self.models == 0 else min(whole**2 / (self.models**2 / self.freedom), most)

    @property
    def training_sd(self) -> float:
        """Standard deviation of a model's mean over trainings, on the same clips."""
        return float(np.sqrt(max(self.models - self.residual, 0.0)))

    def with_models(self, models_each: int) -> "Components":
        """What is to be expected of another number of models of each layout."""
        shared = max(self.clips - self.residual, 0.0) / self.models_each
        return Components(
            self.estimate, max(self.models, self.residual), self.residual + models_each * shared,
            self.residual, self.layouts, models_each, self.clips_freedom,
        )  # fmt: skip

    def interval(self, level: float = 0.95) -> Crossed | None:
        """None with fewer than LEAST degrees of freedom."""
        if self.freedom < LEAST:
            return None
        return Crossed.students(self.estimate, float(np.sqrt(self.variance)), self.nu, level)


def shares(sums_nM: Floats, counts_n: Floats) -> Floats:
    """u_mi: what each clip adds to each model's ratio of sums to labels, to first order: (n, M).

    u_mi = sums_mi / c - D_m (c_i / c - 1): c_i a clip's labels, c their mean, D_m the ratio, which is the
    mean of u_m over clips.
    """
    mean = counts_n.mean()
    ratio_M = sums_nM.sum(0) / counts_n.sum()
    return np.asarray(sums_nM / mean - ratio_M * (counts_n[:, None] / mean - 1))


def mean_squares(u_nM: Floats) -> Floats:
    """MS_m, MS_c and MS_e of a two-way layout without replication, for at least two clips and models."""
    n, models = u_nM.shape
    of_models_M, of_clips_n = u_nM.mean(0), u_nM.mean(1)
    residual_nM = u_nM - of_models_M - of_clips_n[:, None] + u_nM.mean()
    residual = (residual_nM**2).sum() / ((n - 1) * (models - 1))
    return np.array([n * of_models_M.var(ddof=1), models * of_clips_n.var(ddof=1), residual])


def components(seeds: Sequence[ClipSums]) -> Components | None:
    """Of a score given for each seed, its folds as columns; None where models or clips are fewer than two."""
    layouts = _layouts(seeds)
    if not all(min(layout.sums.shape) > 1 for layout in layouts):
        return None
    squares = [mean_squares(shares(at.sums, at.counts[:, 0])) / len(at.sums) for at in layouts]
    models, clips, residual = np.mean(squares, axis=0).tolist()
    return Components(
        float(np.mean([layout.estimate for layout in layouts])), models, clips, residual, len(layouts),
        layouts[0].sums.shape[1], sum(len(layout.sums) - 1 for layout in layouts),
    )  # fmt: skip


def _layouts(seeds: Sequence[ClipSums]) -> list[ClipSums]:
    """All models on the same labelled clips, or for each fold those of all seeds on its own."""
    counts = seeds[0].counts
    if (counts == counts[:, :1]).all():
        return [joined(seeds).where(counts[:, 0] > 0)]
    folds = (slice(k, k + 1) for k in range(counts.shape[1]))
    own = (joined([ClipSums(s.sums[:, fold], s.counts[:, fold]) for s in seeds]) for fold in folds)
    return [layout.where(layout.counts[:, 0] > 0) for layout in own]


def mean_difference(pairs: Sequence[tuple[ClipSums, ClipSums]]) -> ClipSums:
    """The mean of differences of scores by the same models' clips, averaged within each model.

    Pairs share stems, batches and clips: they are no replicates.
    """
    counts = pairs[0][0].counts
    assert all((side.counts == counts).all() for pair in pairs for side in pair)
    return ClipSums(np.mean([higher.sums - lower.sums for higher, lower in pairs], axis=0), counts)


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
    for number in range(1, MOST_SEEDS + 1):
        models = number * per_seed
        if measured.layouts * (models - 1) >= ENOUGH and power(measured, models, difference) >= POWER:
            return number
    return None
