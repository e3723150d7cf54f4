"""Simulated schedules against arithmetic on paper."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.artifacts.run import Run, Timing
from orchestrator.experiment.loading import load_experiment
from orchestrator.monitoring.plan_preview import plan_states
from orchestrator.monitoring.plan_tree import cost_table, plan_tree
from orchestrator.plan.forecast import Speed, forecast, measured_speed, shared_levels, unshared_levels
from orchestrator.plan.legs import make_plan
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import make_fake_run
from tests.places import CONFIGS

PAPER = make_plan(load_experiment(CONFIGS / "paper.yaml"), "data")
EVERYTHING = {leg.id for leg in PAPER.legs}
FAST = Speed(iterations_per_second=10, start_seconds=0)


def hours(levels: object, devices: int, speed: Speed = FAST) -> float:
    return forecast(levels, 4, devices, speed).seconds / 3600  # type: ignore[arg-type]


def test_the_papers_grid_by_hand() -> None:
    """At 10 it/s a stem takes 1000 s and a branch 1500 s on whole devices."""
    shared, alone = shared_levels(PAPER, EVERYTHING, False), unshared_levels(PAPER)
    assert hours(shared, 1) == pytest.approx((3 * 1000 + 9 * 1500) * 4 / 3600)
    assert hours(shared, 4) == pytest.approx((3 * 1000 + 9 * 1500) / 3600)
    assert hours(shared, 8) == pytest.approx((2 * 1000 + 5 * 1500) / 3600)
    assert hours(shared, 36) == pytest.approx((1000 + 1500) / 3600)
    assert hours(alone, 4) == pytest.approx(9 * 2500 / 3600)
    assert hours(alone, 36) == pytest.approx(2500 / 3600)


def test_a_subtree_is_one_run_and_has_no_second_level() -> None:
    levels = shared_levels(PAPER, EVERYTHING, True)
    assert [len(level) for level in levels] == [3]
    slow_start = Speed(10, start_seconds=100)
    assert hours(levels, 4, slow_start) == pytest.approx((3 * 100 + 3 * 1000 + 9 * 1500) / 3600)


def test_efficiency_is_work_by_paid_time() -> None:
    found = forecast(shared_levels(PAPER, EVERYTHING, False), 4, 4, Speed(10, start_seconds=500))
    assert found.busy_seconds == pytest.approx(4 * (3 * 1000 + 9 * 1500))
    assert found.efficiency == pytest.approx(16500 / (16500 + 12 * 500))
    assert found.device_hours == pytest.approx(4 * (16500 + 6000) / 3600)


def test_what_is_done_costs_nothing() -> None:
    stems = {leg.id for leg in PAPER.levels[0]}
    assert hours(shared_levels(PAPER, EVERYTHING - stems, False), 4) == pytest.approx(9 * 1500 / 3600)
    assert hours(shared_levels(PAPER, set(), False), 4) == 0


def test_more_devices_are_never_slower() -> None:
    times = [hours(shared_levels(PAPER, EVERYTHING, False), n) for n in (1, 2, 4, 8, 12, 36, 144)]
    assert times == sorted(times, reverse=True)


def timed(run: Run, seconds: float) -> Run:
    for leg in run.manifest.legs:
        own = {"own_iterations": leg.iterations, "seconds": leg.iterations / 5.0, "rate": 5.0}
        folder = run.leg(leg.id)
        result = folder.read_json("result.json")
        folder.write_json("result.json", {"folds": [fold | own for fold in result["folds"]]})
    run.manifest.timing = Timing(seconds=seconds, runs=len(run.manifest.legs), runs_at_once=1, share=1.0)
    return run


def test_speed_is_measured_from_a_runs_files(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",))
    training = sum(leg.iterations for leg in run.manifest.legs) / 5.0
    speed = measured_speed(timed(run, training + 12 * len(run.manifest.legs)))
    assert speed.iterations_per_second == pytest.approx(5.0)
    assert speed.start_seconds == pytest.approx(12.0)


def test_what_a_leg_costs_besides_is_told_apart(tmp_path: Path) -> None:
    run = timed(make_fake_run(tmp_path, activations=("sigmoid",)), 1000.0)
    for leg in run.manifest.legs:
        result = run.leg(leg.id).read_json("result.json")
        folds = [fold | {"seconds": 3.0 + leg.iterations / 4.0, "rate": 4.0} for fold in result["folds"]]
        run.leg(leg.id).write_json("result.json", {"folds": folds})
    speed = measured_speed(run)
    assert speed.iterations_per_second == pytest.approx(4.0)
    assert speed.leg_seconds == pytest.approx(3.0)


def test_a_forecast_from_a_run_gives_that_runs_time(tmp_path: Path) -> None:
    run = timed(make_fake_run(tmp_path, activations=("sigmoid",)), 1000.0)
    plan = make_plan(run.experiment, "fake-data")
    levels = shared_levels(plan, {leg.id for leg in plan.legs}, False)
    assert forecast(levels, 2, 2, measured_speed(run)).seconds == pytest.approx(1000.0)


def test_without_training_there_is_no_speed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="state a speed"):
        measured_speed(make_fake_run(tmp_path, activations=("sigmoid",)))


def test_the_plan_is_shown_with_states_and_costs(tmp_path: Path) -> None:
    states, stale = plan_states(PAPER, Store.open(tmp_path))
    console = Console(width=100, file=io.StringIO())
    console.print(plan_tree(PAPER, states, stale))
    console.print(cost_table(PAPER, EVERYTHING, 4, False, FAST, [4, 36]))
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.count("new") == 12
    assert "27% saved" in text
    assert "4:35:00" in text
