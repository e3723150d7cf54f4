"""Batch t is a pure function of (seed, fold, t)."""

import random
from itertools import product, starmap
from math import lcm

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainable.sampling import BatchPlan, Draw, Purpose, TrainingClips, draw_clips, plan_batch

POOLS = TrainingClips(verified=np.arange(100, 137), unverified=np.arange(500, 590))


def _plan(seed: int = 3, fold: int = 1, iteration: int = 0, unverified: int = 8) -> BatchPlan:
    return plan_batch(POOLS, 16, unverified, 50, Draw(seed, fold, iteration))


def _same(a: BatchPlan, b: BatchPlan) -> bool:
    return all(np.array_equal(getattr(a, part), getattr(b, part)) for part in vars(a))


def test_a_batch_does_not_depend_on_what_was_drawn_before() -> None:
    forward = [_plan(iteration=i) for i in range(40)]
    order = list(range(40))
    random.Random(0).shuffle(order)
    for i in order:
        _plan(seed=99, iteration=7 * i)  # somebody else's draws in between
        assert _same(_plan(iteration=i), forward[i])


def test_a_batch_neither_reads_nor_moves_global_generators() -> None:
    states = random.getstate(), torch.get_rng_state()
    first = _plan()
    assert random.getstate() == states[0]
    assert torch.equal(torch.get_rng_state(), states[1])
    np.random.seed(1)  # noqa: NPY002 - the global generator is the point
    random.seed(1)
    torch.manual_seed(1)
    assert _same(_plan(), first)


def test_a_caller_may_write_into_its_batch() -> None:
    first = draw_clips(37, 37, 37, Draw(3, 1, 0), Purpose.VERIFIED)
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(draw_clips(37, 37, 37, Draw(3, 1, 0), Purpose.VERIFIED), kept)


def test_seed_fold_iteration_and_purpose_all_matter() -> None:
    draws = list(starmap(Draw, product((0, 1, 2**40), (0, 1, 2), (0, 1, 25_000))))
    keys = list(product(draws, Purpose))
    assert len({draw.torch_seed(purpose) for draw, purpose in keys}) == len(keys)
    assert len({draw.generator(purpose).random(3).tobytes() for draw, purpose in keys}) == len(keys)


def test_long_draws_of_neighbours_do_not_overlap() -> None:
    now, later = (Draw(0, 0, i).generator(Purpose.MASKS).random(20_000) for i in (5, 6))
    assert not np.intersect1d(now, later).size


def test_draws_are_pinned() -> None:
    counter = Draw(3, 1, 7).generator(Purpose.CROPS).bit_generator.state["state"]
    assert counter["key"].tolist() == [3, 1]
    assert counter["counter"].tolist() == [0, 0, 7, 3]
    assert draw_clips(7, 7, 7, Draw(3, 1, 0), Purpose.VERIFIED).tolist() == [3, 4, 5, 0, 6, 1, 2]


@given(st.integers(1, 30), st.integers(1, 12), st.integers(0, 5))
def test_every_epoch_visits_every_clip_once(count: int, size: int, seed: int) -> None:
    start = Draw(seed, 0, 0)
    spans = range(lcm(count, size) // size)
    batches = [draw_clips(count, size, size, start.at(i), Purpose.VERIFIED) for i in spans]
    epochs = np.concatenate(batches).reshape(-1, count)
    assert (np.sort(epochs, 1) == np.arange(count)).all()


def test_epochs_differ() -> None:
    first, second = (draw_clips(50, 50, 50, Draw(0, 0, i), Purpose.VERIFIED) for i in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("unverified", [0, 1, 8, 16])
def test_verified_clips_come_first(unverified: int) -> None:
    for iteration in range(20):
        plan = _plan(iteration=iteration, unverified=unverified)
        assert plan.verified_B.tolist() == [True] * (16 - unverified) + [False] * unverified
        assert np.isin(plan.clips_B[plan.verified_B], POOLS.verified).all()
        assert np.isin(plan.clips_B[~plan.verified_B], POOLS.unverified).all()


def test_crops_start_anywhere_within_the_slack() -> None:
    starts = np.concatenate([_plan(iteration=i).starts_B for i in range(200)])
    counts = np.bincount(starts, minlength=51)
    assert len(counts) == 51
    assert counts.min() > 0
    assert abs(starts.mean() - 25) < 1.5  # standard error .26


def test_no_slack_starts_at_zero() -> None:
    assert not plan_batch(POOLS, 16, 8, 0, Draw(0, 0, 5)).starts_B.any()
