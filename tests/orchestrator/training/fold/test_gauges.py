"""Live numbers: names that Prometheus takes, values and tags as Ray's gauges are given them."""

import re
from typing import Any

import pytest
from ray.util.metrics import Gauge

from orchestrator.legs.artifacts import FoldProgress
from orchestrator.training.fold import gauges
from orchestrator.training.fold.gauges import FoldGauges, RunGauges

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def samples(monkeypatch: pytest.MonkeyPatch) -> Samples:
    """What Ray's gauges were set to, by name and tags; Ray's own checks of both are made."""
    seen: Samples = {}

    class Recorded(Gauge):
        def set(self, value: Any, tags: dict[str, str] | None = None) -> None:
            super().set(value, tags or {})
            seen[self.info["name"], tuple(sorted((tags or {}).items()))] = value

    monkeypatch.setattr(gauges, "Gauge", Recorded)
    return seen


def progress(**changes: Any) -> FoldProgress:
    content: dict[str, Any] = {
        "iteration": 30, "first": 10, "last": 50, "rate": 2.5, "loss": 0.5, "eta": None, "T": 1.0,
        "kept": 0.75, "fscore": 0.25, "lwlrap": 0.625, "host": "h", "pid": 1, "time": 0.0,
    }  # fmt: skip
    return FoldProgress(**content | changes)


def tags(stage: int) -> tuple[tuple[str, str], ...]:
    return (("activation", "sigmoid"), ("fold", "3"), ("selection", "top_k+lq"), ("stage", str(stage)))


def test_a_fold_shows_what_its_progress_file_says(samples: Samples) -> None:
    FoldGauges("sigmoid", "top_k+lq", 3).show(progress(), 1)
    values = {
        "iteration": 30, "iterations_per_second": 2.5, "loss": 0.5, "kept": 0.75, "lwlrap": 0.625
    }  # fmt: skip
    assert samples == {(f"stagegrid_{name}", tags(stage=2)): value for name, value in values.items()}


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_keeps_the_gauge(samples: Samples, nothing: float | None) -> None:
    fold = FoldGauges("sigmoid", "top_k+lq", 3)
    fold.show(progress(loss=2.0), 0)
    fold.show(progress(loss=nothing, iteration=31), 0)
    assert samples["stagegrid_loss", tags(1)] == 2.0
    assert samples["stagegrid_iteration", tags(1)] == 31


def test_zero_is_a_number(samples: Samples) -> None:
    FoldGauges("sigmoid", "top_k+lq", 3).show(progress(kept=0.0), 0)
    assert samples["stagegrid_kept", tags(1)] == 0


def test_the_driver_shows_the_whole_run_without_tags(samples: Samples) -> None:
    driver = RunGauges()
    driver.show({"legs_done": 0.0, "legs_total": 16.0, "seconds_left": None})
    assert samples == {("stagegrid_legs_done", ()): 0.0, ("stagegrid_legs_total", ()): 16.0}
    driver.show({"legs_done": 4.0, "legs_total": 16.0, "seconds_left": 90.0})
    assert samples["stagegrid_seconds_left", ()] == 90.0
    assert samples["stagegrid_legs_done", ()] == 4.0


def test_names_are_prometheus_names_of_fields_and_none_is_there_twice() -> None:
    """The rule is Prometheus' own data model: letters, digits and underscores, no digit first."""
    names = [gauges.NAMES.get(name, name) for name in [*gauges.FOLD, *gauges.RUN]]
    assert all(re.fullmatch(r"[a-z_][a-z0-9_]*", name) for name in names)
    assert len(set(names)) == len(names)
    assert gauges.FOLD.keys() <= FoldProgress.model_fields.keys()
    assert gauges.NAMES.keys() <= gauges.FOLD.keys()
