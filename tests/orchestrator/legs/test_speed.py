"""Speeds told from a run's files, against the arithmetic that made them."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import Timing
from orchestrator.legs.forecast import forecast, shared_levels
from orchestrator.legs.plan import make_plan
from orchestrator.legs.run import Run
from orchestrator.legs.speed import measured_speed
from tests.orchestrator.fake_run import make_fake_run


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
