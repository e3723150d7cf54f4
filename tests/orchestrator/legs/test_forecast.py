"""Simulated schedules against arithmetic on paper; speeds told from a run's files against what made them."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import Timing
from orchestrator.legs.forecast import Speed, forecast, measured_speed, shared_levels, unshared_levels
from orchestrator.legs.plan import make_plan
from orchestrator.legs.run import Run
from orchestrator.settings.loading import load_experiment
from tests.orchestrator.fake_run import make_fake_run
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


def timed(run: Run, seconds: float, rate: float = 5.0, besides: float = 0.0) -> Run:
    """Every fold trained at this rate, each leg took some seconds besides, and the whole so many."""
    for leg in run.manifest.legs:
        own = {"own_iterations": leg.iterations, "seconds": besides + leg.iterations / rate, "rate": rate}
        folder = run.legs[leg.id]
        result = folder.result()
        folds = tuple(fold.model_copy(update=own) for fold in result.folds)
        folder.store.write_model(artifacts.RESULT, result.model_copy(update={"folds": folds}).sealed())
    timing = Timing(seconds=seconds, runs=len(run.manifest.legs), runs_at_once=1, share=1.0)
    return replace(run, manifest=run.manifest.model_copy(update={"timing": timing}))


def test_speed_is_measured_from_a_runs_files(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",))
    training = sum(leg.iterations for leg in run.manifest.legs) / 5.0
    speed = measured_speed(timed(run, training + 12 * len(run.manifest.legs)))
    assert speed.iterations_per_second == pytest.approx(5.0)
    assert speed.start_seconds == pytest.approx(12.0)


def test_what_a_leg_costs_besides_is_told_apart(tmp_path: Path) -> None:
    speed = measured_speed(timed(make_fake_run(tmp_path, activations=("sigmoid",)), 1000.0, 4.0, 3.0))
    assert speed.iterations_per_second == pytest.approx(4.0)
    assert speed.leg_seconds == pytest.approx(3.0)


def test_a_forecast_from_a_run_gives_that_runs_time(tmp_path: Path) -> None:
    run = timed(make_fake_run(tmp_path, activations=("sigmoid",)), 1000.0)
    plan = make_plan(run.experiment, "fake-data")
    levels = shared_levels(plan, {leg.id for leg in plan.legs}, "one")
    assert forecast(levels, 2, 2, measured_speed(run)).seconds == pytest.approx(1000.0)


def test_without_training_there_is_no_speed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="state a speed"):
        measured_speed(make_fake_run(tmp_path, activations=("sigmoid",)))
