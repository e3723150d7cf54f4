"""From predictions to lwlrap with bootstrap intervals: all cells on the same samples of clips."""

from collections.abc import Container, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Literal, NamedTuple, Protocol, TypeVar

import numpy as np

from orchestrator.stats.bootstrap import ClipSums, Sampled, bootstrap, interval, joined
from orchestrator.stats.components import Crossed, components
from orchestrator.stats.grid import Interval
from orchestrator.stats.inputs import CellPredictions
from orchestrator.stats.predictions import CLIPS, Clips, Form, Forms, Pool, Split, blended, precision_sums
from trainable.arrays import Ints
from trainable.metrics import Ties

Average = Literal["folds", "blend"]
"""What is averaged: the folds' lwlrap, or their scores of the clips."""
AVERAGES: tuple[Average, ...] = ("folds", "blend")
TIES: tuple[Ties, ...] = ("group", "challenge")
Name = TypeVar("Name", bound=Hashable)
Pools = Mapping[Split, Pool]


class ScoreSettings(Protocol):
    """How scores and their intervals are made from predictions."""

    @property
    def clip_sigma(self) -> float | None:
        """Standard deviations at which class-normalised scores are clipped; None: no clipping."""

    @property
    def resamples(self) -> int:
        """Bootstrap samples of the clips."""

    @property
    def bootstrap_seed(self) -> int:
        """Seed of these samples."""

    @property
    def level(self) -> float:
        """Coverage of intervals."""

    @property
    def ties(self) -> Ties:
        """Rank of equal scores in the tables."""


def held_out(scored: Container[Split]) -> Split:
    """The split that stands for the paper's private one: private, or where none is marked so, test."""
    return "private" if "private" in scored else "test"


class ScoreKey(NamedTuple):
    """Which of a cell's scores."""

    split: Split
    average: Average = "folds"
    form: Form = "raw"
    clips: Clips = "all"
    ties: Ties = "group"
    stage: int | None = None
    """At whose end; None: the last. Earlier stages are scored for columns without unverified clips."""


@dataclass(frozen=True)
class Score:
    """One lwlrap with its uncertainty."""

    by_fold: tuple[float, ...]
    """Each fold's, mean over seeds; a blend has a single value."""
    by_seed: Mapping[int, float]
    interval: Interval
    """Bootstrap over clips (within folds for cv), the trained models as given."""
    sampled: Sampled
    """For paired differences: all cells were scored on the same samples of clips."""
    crossed: Crossed | None = None
    """Over other clips and other trainings; None where every clip was scored by one or two models alone."""
    models: Mapping[int, ClipSums] = field(default_factory=dict)
    """Each seed's, its folds as columns, where claims compare it: differences need trainings in pairs."""

    @property
    def shown(self) -> Interval:
        """The interval where there is room for one: that which says more."""
        return Interval(self.crossed.low, self.crossed.high) if self.crossed else self.interval

    @property
    def value(self) -> float:
        """Mean over seeds."""
        return self.sampled.estimate

    @property
    def seed_sd(self) -> float | None:
        """Standard deviation over seeds; None where there is only one."""
        return float(np.std(list(self.by_seed.values()), ddof=1)) if len(self.by_seed) > 1 else None


CellSums = dict[ScoreKey, ClipSums]
"""By scores on all clips of a pool: `split` is cv or test, `clips` all."""


def cell_sums(
    forms: Forms, earlier: Mapping[int, CellPredictions], pools: Pools, settings: ScoreSettings
) -> CellSums:
    """All that the scores of one cell need; `earlier`: raw predictions at the end of each earlier stage."""
    sums: CellSums = {}
    for (form, predictions), average, ties in product(forms.items(), AVERAGES, TIES):
        sums |= _sums(predictions, pools, ScoreKey("cv", average, form, ties=ties))
    for (stage, predictions), average in product(earlier.items(), AVERAGES):
        sums |= _sums(predictions, pools, ScoreKey("cv", average, ties=settings.ties, stage=stage))
    return sums


def _sums(predictions: CellPredictions, pools: Pools, key: ScoreKey) -> CellSums:
    """Of the cv and the test clips, where they have labels."""
    blend, sums = key.average == "blend", {}
    if "cv" in pools:
        of_folds = precision_sums(pools["cv"], predictions.validation, key.ties)
        sums[key] = of_folds.pooled() if blend else of_folds
    if "test" in pools:
        models = (blended(predictions) if blend else predictions).test
        sums[key._replace(split="test")] = precision_sums(pools["test"], models, key.ties)
    return sums


def ensemble_sums(ensemble: Forms, pools: Pools, settings: ScoreSettings) -> CellSums:
    """All that the scores of an ensemble need: of one system, not of folds."""
    sums = cell_sums(ensemble, {}, pools, settings)
    return {key: clip_sums for key, clip_sums in sums.items() if key.average == "blend"}


def score_cells(
    sums: Mapping[Name, Mapping[int, CellSums]], pools: Pools, settings: ScoreSettings
) -> dict[Name, dict[ScoreKey, Score]]:
    """Scores of all cells, given as the sums of each of their seeds, on every split that has labels.

    Scores of clips that some fold has none of are left out.
    """
    scores: dict[Name, dict[ScoreKey, Score]] = {name: {} for name in sums}
    for split, clips in product(pools, CLIPS):
        if clips == "several" and split not in ("cv", held_out(pools)):
            continue
        scored = list(_on_clips(sums, pools[split], split, clips))
        strata = pools[split].fold[pools[split].mask(split, clips)]
        means = [_mean_of_seeds(list(seeds.values())) for _, _, seeds in scored]
        samples = _bootstrap(means, strata, settings) if means else []
        for (name, key, seeds), sampled in zip(scored, samples, strict=True):
            compared = key == ScoreKey(split, clips=clips, ties=settings.ties)
            scores[name][key] = _score(seeds, sampled, settings.level, compared)
    return scores


def _on_clips(
    sums: Mapping[Name, Mapping[int, CellSums]], pool: Pool, split: Split, clips: Clips
) -> Iterator[tuple[Name, ScoreKey, dict[int, ClipSums]]]:
    """What the cells have on these clips of a split, by seed."""
    mask = pool.mask(split, clips)
    for name, seeds in sums.items():
        first = next(iter(seeds.values()))
        for key in [key for key in first if (key.split == "cv") == (split == "cv")]:
            known = {seed: cell[key] for seed, cell in seeds.items() if cell[key].counts[mask].any(0).all()}
            if known:
                cut = {seed: clip_sums.where(mask) for seed, clip_sums in known.items()}
                yield name, key._replace(split=split, clips=clips), cut


def _mean_of_seeds(seeds: Sequence[ClipSums]) -> ClipSums:
    """The mean over seeds; where all folds share their clips a single column says the same."""
    score = joined(seeds)
    if (score.counts == score.counts[:, :1]).all():
        return ClipSums(score.sums.mean(1, keepdims=True), score.counts[:, :1])
    return score


def _bootstrap(scores: Sequence[ClipSums], strata: Ints, settings: ScoreSettings) -> list[Sampled]:
    """The samples of each score; equal ones are drawn once, as those by both rules for ties mostly are."""
    contents = [(score.sums.tobytes(), score.counts.tobytes()) for score in scores]
    distinct = dict(zip(contents, scores, strict=True))
    samples = bootstrap(list(distinct.values()), strata, settings.resamples, settings.bootstrap_seed)
    sampled = dict(zip(distinct, samples, strict=True))
    return [sampled[content] for content in contents]


def _score(seeds: Mapping[int, ClipSums], sampled: Sampled, level: float, compared: bool) -> Score:
    folds = np.mean([sums.sums.sum(0) / sums.counts.sum(0) for sums in seeds.values()], axis=0)
    by_seed = {seed: sums.estimate for seed, sums in seeds.items()}
    known = components(list(seeds.values()))
    crossed, bounds = known.interval(level) if known else None, interval(sampled, level)
    # the last bits of a matrix product depend on the number of threads and on the CPU
    repeatable = Interval(round(bounds.low, 9), round(bounds.high, 9))
    models = seeds if compared else {}
    return Score(tuple(folds.tolist()), by_seed, repeatable, sampled, crossed, models)
