"""Bootstrap intervals against slow references, and against the truth in simulated data sets."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import t as student

from orchestrator.stats.bootstrap import (
    ClipSums,
    Sampled,
    bootstrap,
    clip_sums,
    interval,
    joined,
    paired,
)
from orchestrator.stats.verdicts import Verdict, verdict_on
from trainable.metrics import label_precisions, lwlrap

Floats = NDArray[np.float64]
CLASSES = 10


def _cells(
    clips: int, separations: Sequence[float], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], list[Floats]]:
    """Scores of cells that share the clips' difficulty; true classes stand out by `separations`."""
    truth = np.eye(CLASSES, dtype=np.uint8)[rng.integers(0, CLASSES, clips)]
    truth[np.arange(0, clips, 3), rng.integers(0, CLASSES, len(range(0, clips, 3)))] = 1  # one label or two
    shared = rng.standard_normal(truth.shape)
    return truth, [shared + 0.7 * rng.standard_normal(truth.shape) + d * truth for d in separations]


def _single(truth: NDArray[np.uint8], scores: Floats) -> ClipSums:
    return clip_sums([(np.arange(len(truth)), label_precisions(truth, scores))], len(truth))


def _cv(truth: NDArray[np.uint8], scores: Floats, fold: NDArray[np.int64]) -> ClipSums:
    rows = [np.flatnonzero(fold == k) for k in np.unique(fold)]
    return clip_sums([(r, label_precisions(truth[r], scores[r])) for r in rows], len(truth))


def test_estimates_are_lwlrap() -> None:
    rng = np.random.default_rng(0)
    truth, (a, b) = _cells(60, [1, 2], rng)
    fold, every = np.arange(60) % 3, np.arange(60)
    of_folds = np.mean([lwlrap(truth[fold == k], a[fold == k]) for k in range(3)])
    assert _cv(truth, a, fold).estimate == pytest.approx(of_folds, abs=1e-12)
    assert _cv(truth, a, fold).pooled().estimate == pytest.approx(lwlrap(truth, a), abs=1e-12)
    two = clip_sums([(every, label_precisions(truth, x)) for x in (a, b)], 60)
    mean = (lwlrap(truth, a) + lwlrap(truth, b)) / 2
    assert two.estimate == pytest.approx(mean, abs=1e-12)
    assert joined([_single(truth, a), _single(truth, b)]).estimate == pytest.approx(mean, abs=1e-12)


@given(st.integers(0, 1000), st.booleans())
def test_a_draw_is_the_score_of_the_clips_drawn(seed: int, stratified: bool) -> None:
    """Repeats the generator's calls and scores the drawn clips, label by label, with lwlrap itself."""
    rng = np.random.default_rng(seed)
    truth, (scores,) = _cells(12, [1], rng)
    fold = rng.permutation(np.arange(12) % 2)
    strata = fold if stratified else np.zeros(12, np.int64)
    (sampled,) = bootstrap([_cv(truth, scores, fold).pooled()], strata, 3, seed)
    again = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == s) for s in np.unique(strata)]
    drawn = np.hstack([m[again.integers(0, len(m), (3, len(m)))] for m in members])
    # the pooled score uses each fold's own precisions, which are those of the clip in any set
    expected = [lwlrap(truth[rows], scores[rows]) for rows in drawn]
    np.testing.assert_allclose(sampled.draws, expected, atol=1e-12)


def test_folds_keep_their_sizes() -> None:
    """A score that is constant within a stratum cannot vary, if the strata are respected."""
    fold = np.repeat([0, 1], [5, 15])
    sums = np.where(fold == 0, 0.2, 0.8)[:, None]
    score = ClipSums(sums, np.ones((20, 1)))
    (kept,), (mixed,) = bootstrap([score], fold, 100), bootstrap([score], None, 100)
    np.testing.assert_allclose(kept.draws, 0.65, atol=1e-12)
    assert mixed.draws.std() > 0.03


def test_draws_do_not_depend_on_company_or_chunks() -> None:
    rng = np.random.default_rng(0)
    truth, scores = _cells(50, [1, 1.5, 2], rng)
    cells = [_single(truth, x) for x in scores]
    together = bootstrap(cells, None, 300, 7)
    for cell, sampled in zip(cells, together, strict=True):
        (alone,) = bootstrap([cell], None, 300, 7)
        np.testing.assert_allclose(alone.draws, sampled.draws, atol=1e-12)
    fewer = bootstrap(cells, None, 256, 7)
    np.testing.assert_allclose(fewer[0].draws, together[0].draws[:256], atol=1e-12)
    assert not np.allclose(bootstrap(cells, None, 300, 8)[0].draws, together[0].draws)


def test_clips_without_labels_are_left_out() -> None:
    rng = np.random.default_rng(0)
    truth, (scores,) = _cells(40, [1], rng)
    labelled = _single(truth, scores)
    gaps = np.arange(80) % 2 == 0
    sums, counts = np.zeros((2, 80, 1))
    sums[gaps], counts[gaps] = labelled.sums, labelled.counts
    (found,) = bootstrap([ClipSums(sums, counts)], np.arange(80) % 2, 50)
    (expected,) = bootstrap([labelled], None, 50)
    assert np.array_equal(found.draws, expected.draws)
    assert (found.clips, found.strata) == (40, 1)


def test_a_resample_without_a_models_clips_is_left_out() -> None:
    own = np.array([[1.0, 0], [0, 1], [0, 1], [0, 1]])
    (sampled,) = bootstrap([ClipSums(own * [0.5, 1], own)], None, 200)
    assert 0.2 < np.isnan(sampled.draws).mean() < 0.45  # (3/4)^4: the first is not drawn
    found = interval(sampled)
    assert (found.low, found.high) == pytest.approx((0.75, 0.75))


def test_a_single_clip_has_no_interval() -> None:
    (sampled,) = bootstrap([ClipSums(np.array([[0.5]]), np.array([[1.0]]))], None, 100)
    found = interval(sampled)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    assert verdict_on(paired(sampled, sampled)) is Verdict.UNCLEAR


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_a_mean_is_students(level: float) -> None:
    """With one label a clip the score is a mean; normal values have a closed form."""
    values = np.random.default_rng(0).normal(0.5, 0.1, 12)
    (sampled,) = bootstrap([ClipSums(values[:, None], np.ones((12, 1)))], None, 100_000)
    found = interval(sampled, level)
    expected = student.interval(level, 11, values.mean(), values.std(ddof=1) / math.sqrt(12))
    assert (found.low, found.high) == pytest.approx(expected, abs=0.006)


def test_paired_finds_the_known_effect_and_not_the_null() -> None:
    """The intervals of the scores themselves overlap, and drawn apart they would show nothing."""
    truth, scores = _cells(600, [1.5, 1.5, 1.7], np.random.default_rng(1))
    cells = [_single(truth, x) for x in scores]
    base, null, better = bootstrap(cells)
    (elsewhere,) = bootstrap(cells[:1], seed=1)
    assert verdict_on(paired(null, base)) is Verdict.UNCLEAR
    assert verdict_on(paired(better, base)) is Verdict.HIGHER
    assert verdict_on(paired(base, better)) is Verdict.LOWER
    assert interval(better).low < interval(base).high
    effect = paired(better, base)
    assert effect.low < effect.estimate < effect.high
    assert effect.estimate == pytest.approx(lwlrap(truth, scores[2]) - lwlrap(truth, scores[0]), abs=1e-9)
    assert verdict_on(paired(better, elsewhere)) is Verdict.UNCLEAR


POPULATION, SETS, CLIPS, FOLDS = 40_000, 200, 200, 4


def _simulate() -> tuple[ClipSums, list[list[Sampled]]]:
    """All clips there are, and the bootstraps of sets drawn from them: base, null and better."""
    rng = np.random.default_rng(0)
    truth, scores = _cells(POPULATION, [1.5, 1.5, 1.9], rng)
    cells = [_single(truth, x) for x in scores]
    sums, counts = np.hstack([c.sums for c in cells]), cells[0].counts
    fold = np.arange(CLIPS) % FOLDS
    own = fold[:, None] == np.arange(FOLDS)
    sets = []
    for seed in range(SETS):
        rows = rng.integers(0, POPULATION, CLIPS)
        drawn = [ClipSums(sums[rows, i : i + 1] * own, counts[rows] * own) for i in range(3)]
        sets.append(bootstrap(drawn, fold, 1000, seed))
    return ClipSums(sums, np.tile(counts, 3)), sets


def test_coverage_of_intervals_of_scores_and_differences() -> None:
    """Mean of folds, 50 clips each; 95 % intervals cover the population's score in 93-97 % of the sets."""
    population, sets = _simulate()
    base, null, better = population.sums.sum(0) / population.counts.sum(0)
    scores = [interval(found[0]) for found in sets]
    nulls = [paired(found[1], found[0]) for found in sets]
    effects = [paired(found[2], found[0]) for found in sets]
    assert 0.93 <= np.mean([x.low <= base <= x.high for x in scores]) <= 0.97
    assert 0.93 <= np.mean([x.low <= null - base <= x.high for x in nulls]) <= 0.97
    assert 0.93 <= np.mean([x.low <= better - base <= x.high for x in effects]) <= 0.97
    assert np.mean([verdict_on(x) is Verdict.UNCLEAR for x in nulls]) >= 0.93
    assert np.mean([verdict_on(x) is Verdict.HIGHER for x in effects]) > 0.8
