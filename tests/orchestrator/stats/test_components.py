"""Intervals over other clips and trainings, and power: where clips, models and rest are known effects."""

import numpy as np
import pytest
from scipy import stats
from scipy.linalg import block_diag

from orchestrator.stats.bootstrap import ClipSums
from orchestrator.stats.components import (
    MOST_SEEDS,
    Components,
    Crossed,
    components,
    mean_difference,
    mean_squares,
    power,
    seeds_needed,
    shares,
)
from trainable.arrays import Floats

CLIPS, WORLDS = 300, 1000
EFFECTS = [(0.035, 0.0085, 0.17), (0.011, 0.0079, 0.11), (0.011, 0.0, 0.11)]
"""Standard deviations of clips, of models and of the rest."""


def simulated(rng: np.random.Generator, sd: tuple[float, float, float], models: int, clips: int) -> Floats:
    """One world with a mean of 0: (n, M)."""
    shapes = ((clips, 1), (1, models), (clips, models))
    return np.asarray(sum(size * rng.standard_normal(shape) for size, shape in zip(sd, shapes, strict=True)))


def score_of(u_nM: Floats) -> ClipSums:
    return ClipSums(u_nM, np.ones_like(u_nM))


def crossed(seeds: list[ClipSums], level: float = 0.95) -> Crossed:
    found = components(seeds)
    assert found is not None
    interval = found.interval(level)
    assert interval is not None
    return interval


def clips_only_covers(u_nM: Floats) -> bool:
    """What resampling clips comes to: Student's interval of the clips' means."""
    low, high = stats.t.interval(0.95, len(u_nM) - 1, u_nM.mean(), stats.sem(u_nM.mean(1)))
    return bool(low <= 0 <= high)


@pytest.mark.parametrize("models", [4, 8, 12])
@pytest.mark.parametrize("sd", EFFECTS, ids=str)
def test_the_interval_covers_what_other_clips_and_other_trainings_give(
    sd: tuple[float, float, float], models: int
) -> None:
    rng = np.random.default_rng(models)
    worlds = [simulated(rng, sd, models, CLIPS) for _ in range(WORLDS)]
    covered = np.mean([i.low <= 0 <= i.high for i in (crossed([score_of(u)]) for u in worlds)])
    assert 0.93 < covered < 0.995
    clips_alone = np.mean(list(map(clips_only_covers, worlds)))
    if sd == EFFECTS[1]:
        assert clips_alone < 0.85


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_cross_validation_covers_too_whose_folds_have_clips_of_their_own(seeds: int) -> None:
    """Four folds, of 60 to 90 clips."""
    rng, sizes = np.random.default_rng(seeds), (60, 70, 80, 90)
    covered = 0
    for _ in range(WORLDS):
        worlds = [simulated(rng, EFFECTS[1], seeds, size) for size in sizes]
        interval = crossed(by_seed(worlds))
        covered += interval.low <= 0 <= interval.high
    assert 0.93 < covered / WORLDS < 0.995


def by_seed(worlds: list[Floats]) -> list[ClipSums]:
    """For each seed its folds as columns, each with labels on its own clips alone."""
    counts = block_diag(*[np.ones((len(world), 1)) for world in worlds])
    seeds = range(worlds[0].shape[1])
    return [ClipSums(block_diag(*[world[:, [s]] for world in worlds]), counts) for s in seeds]


def test_the_mean_squares_are_those_of_the_two_way_layout() -> None:
    """Against the sums of squares added up effect by effect."""
    u = simulated(np.random.default_rng(0), (0.3, 0.2, 1.0), 3, 7)
    mean, of_models, of_clips, rest = u.mean(), 0.0, 0.0, 0.0
    for i in range(7):
        of_clips += 3 * (u[i].mean() - mean) ** 2 / 6
        for m in range(3):
            rest += (u[i, m] - u[i].mean() - u[:, m].mean() + mean) ** 2 / 12
    for m in range(3):
        of_models += 7 * (u[:, m].mean() - mean) ** 2 / 2
    assert mean_squares(u) == pytest.approx((of_models, of_clips, rest))


def test_the_interval_is_the_formula_in_the_head_of_the_module() -> None:
    u = simulated(np.random.default_rng(1), (0.035, 0.0085, 0.17), 4, 5000)
    ms_m, ms_c, ms_e = mean_squares(u)
    variance = (max(ms_m - ms_e, 0) + ms_c) / u.size
    nu = (ms_m + max(ms_c - ms_e, 0)) ** 2 / (ms_m**2 / 3)
    low, high = stats.t.interval(0.9, nu, u.mean(), np.sqrt(variance))
    assert ms_m > ms_e, "else nu's numerator would be MS_c"
    found = crossed([score_of(u[:, :2]), score_of(u[:, 2:])], 0.9)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-8)
    assert found.nu == pytest.approx(nu, abs=1e-6)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(u.mean()) / np.sqrt(variance), nu))


def test_shares_average_to_the_ratio_and_their_spread_is_a_resampled_ratios() -> None:
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 4, 400).astype(float)
    sums = counts[:, None] * rng.random((400, 3))
    u = shares(sums, counts)
    assert u.mean(0) == pytest.approx(sums.sum(0) / counts.sum())
    drawn = rng.integers(0, 400, (4000, 400))
    ratios = sums[drawn].sum(1) / counts[drawn].sum(1)[:, None]
    assert ratios.std(0) == pytest.approx(u.std(0) / 20, rel=0.05)


def test_components_are_the_effects_that_were_put_in() -> None:
    rng = np.random.default_rng(3)
    found = [components([score_of(simulated(rng, EFFECTS[0], 12, CLIPS))]) for _ in range(400)]
    known = [c for c in found if c]
    clips, models, rest = EFFECTS[0]
    assert np.mean([c.residual for c in known]) == pytest.approx(rest**2 / CLIPS, rel=0.02)
    assert np.mean([c.models - c.residual for c in known]) == pytest.approx(models**2, rel=0.1)
    expected = (rest**2 + 12 * clips**2) / CLIPS
    assert np.mean([c.clips for c in known]) == pytest.approx(expected, rel=0.02)


def test_equal_scores_differ_by_nothing_for_certain() -> None:
    u = simulated(np.random.default_rng(5), EFFECTS[0], 4, 50)
    nothing = mean_difference([(score_of(u), score_of(u))])
    assert crossed([nothing]) == Crossed(0.0, 0.0, 0.0, 49.0, 1.0)


def test_a_single_model_or_clip_has_no_interval() -> None:
    rng = np.random.default_rng(7)
    two = components([score_of(rng.random((30, 2)))])
    assert two is not None
    assert two.interval() is None
    assert components([score_of(rng.random((30, 1)))]) is None
    assert components([score_of(rng.random((1, 4)))]) is None
    assert components(by_seed([rng.random((30, 1)), rng.random((30, 1))])) is None, "one seed on cv"


def test_where_training_seems_to_do_nothing_the_clips_decide_from_four_models_on() -> None:
    few, enough = (Components(0.1, 0.5, 1.2, 1.0, 1, models, 299).nu for models in (2, 4))
    assert few == pytest.approx((0.5 + 0.2) ** 2 / 0.5**2)
    assert enough == pytest.approx(1.2**2 / (0.5**2 / 3))
    assert Components(0.1, 1e-6, 1.0, 1e-6, 1, 4, 29).nu == 29, "nobody has more than the clips"


def true_components(models: int) -> Components:
    """Of a simulated world, as an endless number of runs would measure them."""
    of_clips, of_models, rest = (sd**2 for sd in EFFECTS[1])
    clips, rest = of_clips / CLIPS, rest / CLIPS
    return Components(0.0, of_models + rest, rest + models * clips, rest, 1, models, CLIPS - 1)


def found(rng: np.random.Generator, models: int, difference: float) -> bool:
    return crossed([score_of(difference + simulated(rng, EFFECTS[1], models, CLIPS))]).p <= 0.05


@pytest.mark.parametrize(("models", "difference"), [(8, 0.012), (12, 0.008), (24, 0.007)])
def test_power_is_how_often_simulated_experiments_find_it(models: int, difference: float) -> None:
    """Known components of four models foretell how 1000 experiments with more of them come out."""
    rng = np.random.default_rng(models)
    often = np.mean([found(rng, models, difference) for _ in range(1000)])
    assert power(true_components(4), models, difference) == pytest.approx(often, abs=0.05)


def test_the_seeds_told_are_the_fewest_that_find_it_in_80_of_100() -> None:
    measured = true_components(4)
    seeds = seeds_needed(measured, 1, 0.005)
    assert seeds is not None
    assert power(measured, 4 * seeds, 0.005) >= 0.8 > power(measured, 4 * (seeds - 1), 0.005)
    rng = np.random.default_rng(0)
    assert np.mean([found(rng, 4 * seeds, 0.005) for _ in range(1000)]) == pytest.approx(0.8, abs=0.05)


def test_smaller_differences_need_more_and_clips_alone_may_forbid_it() -> None:
    measured = true_components(4)
    needed = [seeds_needed(measured, 1, size) for size in (0.05, 0.01, 0.005)]
    assert needed == sorted(needed, key=lambda n: n or MOST_SEEDS)
    assert needed[0] == 1
    assert seeds_needed(measured, 1, 0.0005) is None, "300 clips leave more than that open"
    assert seeds_needed(true_components(2), 1, 10.0) == 2, "one seed of two folds gives no verdict"
    assert power(Components(0.0, 0.0, 0.0, 0.0, 1, 4, 29), 4, 1e-6) == 1, "equal models find everything"
