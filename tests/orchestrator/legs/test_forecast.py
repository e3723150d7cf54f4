"""Simulated schedules against arithmetic on paper."""

import pytest

from orchestrator.legs.forecast import Speed, forecast, shared_levels, unshared_levels
from orchestrator.legs.plan import make_plan
from orchestrator.settings.loading import load_experiment
from tests.places import CONFIGS

PAPER = make_plan(load_experiment(CONFIGS / "paper.yaml"), "data")
EVERYTHING = {leg.id for leg in PAPER.legs}
FAST = Speed(iterations_per_second=10, start_seconds=0)


def hours(levels: object, devices: int, speed: Speed = FAST) -> float:
    return forecast(levels, 4, devices, speed).seconds / 3600  # type: ignore[arg-type]


def test_the_papers_grid_by_hand() -> None:
    """At 10 it/s a stem takes 1000 s and a branch 1500 s on whole devices."""
    shared, alone = shared_levels(PAPER, EVERYTHING, "one"), unshared_levels(PAPER)
    assert hours(shared, 1) == pytest.approx((3 * 1000 + 9 * 1500) * 4 / 3600)
    assert hours(shared, 4) == pytest.approx((3 * 1000 + 9 * 1500) / 3600)
    assert hours(shared, 8) == pytest.approx((2 * 1000 + 5 * 1500) / 3600)
    assert hours(shared, 36) == pytest.approx((1000 + 1500) / 3600)
    assert hours(alone, 4) == pytest.approx(9 * 2500 / 3600)
    assert hours(alone, 36) == pytest.approx(2500 / 3600)


def test_a_subtree_is_one_run_and_has_no_second_level() -> None:
    levels = shared_levels(PAPER, EVERYTHING, "subtree")
    assert [len(level) for level in levels] == [3]
    slow_start = Speed(10, start_seconds=100)
    assert hours(levels, 4, slow_start) == pytest.approx((3 * 100 + 3 * 1000 + 9 * 1500) / 3600)


def test_efficiency_is_work_by_paid_time() -> None:
    found = forecast(shared_levels(PAPER, EVERYTHING, "one"), 4, 4, Speed(10, start_seconds=500))
    assert found.busy_seconds == pytest.approx(4 * (3 * 1000 + 9 * 1500))
    assert found.efficiency == pytest.approx(16500 / (16500 + 12 * 500))
    assert found.device_hours == pytest.approx(4 * (16500 + 6000) / 3600)


def test_what_is_done_costs_nothing() -> None:
    stems = {leg.id for leg in PAPER.levels[0]}
    assert hours(shared_levels(PAPER, EVERYTHING - stems, "one"), 4) == pytest.approx(9 * 1500 / 3600)
    assert hours(shared_levels(PAPER, set(), "one"), 4) == 0


def test_more_devices_are_never_slower() -> None:
    times = [hours(shared_levels(PAPER, EVERYTHING, "one"), n) for n in (1, 2, 4, 8, 12, 36, 144)]
    assert times == sorted(times, reverse=True)
