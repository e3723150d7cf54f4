"""The number of seeds that a difference needs, held against simulated experiments."""

from pathlib import Path

import numpy as np
import pytest

from orchestrator.stats.bootstrap import ClipSums
from orchestrator.stats.components import Components, components
from orchestrator.stats.power import (
    MOST_SEEDS,
    measured_claims,
    most_needed,
    power,
    seeds_needed,
)
from tests.orchestrator.fake_run import make_fake_run

CLIPS, MODELS, REST, N = 0.011, 0.0079, 0.11, 300


def true_components(models: int) -> Components:
    """Of the simulated world, as an endless number of runs would measure them."""
    clips, rest = CLIPS**2 / N, REST**2 / N
    return Components(0.0, MODELS**2 + rest, rest + models * clips, rest, 1, models, N - 1)


def found(rng: np.random.Generator, models: int, difference: float) -> bool:
    u = (
        difference
        + CLIPS * rng.standard_normal((N, 1))
        + MODELS * rng.standard_normal(models)
        + REST * rng.standard_normal((N, models))
    )
    measured = components([ClipSums(u, np.ones_like(u))])
    assert measured is not None
    interval = measured.interval()
    assert interval is not None
    return interval.p <= 0.05


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
    assert most_needed([3, 5, 2]) == 5
    assert most_needed([3, None]) is None


def test_one_seed_of_two_folds_gives_no_verdict_however_large_the_difference() -> None:
    measured = true_components(2)
    assert seeds_needed(measured, 1, 10.0) == 2


def test_equal_models_find_everything() -> None:
    assert power(Components(0.0, 0.0, 0.0, 0.0, 1, 4, 29), 4, 1e-6) == 1


def test_a_runs_judged_claims_have_what_it_measured(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid", "sigmoid_softmax"], folds=4)
    claims = measured_claims(run)
    assert {str(result.evidence) for result in claims} == {"private"}
    assert all(result.components for result in claims)
    assert len(claims) == 4
