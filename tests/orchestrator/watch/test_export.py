import math
from pathlib import Path

import numpy as np
import pytest
from mlflow import MlflowClient
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell
from orchestrator.watch import export
from orchestrator.watch.export import to_mlflow, to_tensorboard
from tests.orchestrator.fake_run import make_fake_run
from trainable.record import CURVES

CELL = Cell("sigmoid", "threshold", 0)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_fake_run(tmp_path / "run", activations=("sigmoid",), missing={("sigmoid", "top_k")})


def expected(run: Run, fold: int, name: str) -> list[tuple[int, float]]:
    curves = run.curves(CELL, fold)
    rows = [(int(at), float(value)) for at, value in zip(curves["iteration"], curves[name], strict=True)]
    return [(at, value) for at, value in rows if np.isfinite(value)]


def test_tensorboard_reads_every_point_of_the_curves(run: Run, tmp_path: Path) -> None:
    assert to_tensorboard(run, tmp_path / "tb") == 2
    assert sorted(path.name for path in (tmp_path / "tb").iterdir()) == [
        "sigmoid.threshold.s0",
        "sigmoid.verified_only.s0",
    ]
    for fold in range(2):
        events = EventAccumulator(str(tmp_path / f"tb/sigmoid.threshold.s0/fold-{fold}"), {"scalars": 0})
        events.Reload()
        assert sorted(events.Tags()["scalars"]) == sorted(CURVES)
        for name in CURVES:
            points = [(event.step, event.value) for event in events.Scalars(name)]
            assert np.array(points) == pytest.approx(np.array(expected(run, fold, name)))


def test_long_curves_become_means_of_equal_spans(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "MOST_POINTS", 7)
    to_tensorboard(run, tmp_path)
    events = EventAccumulator(str(tmp_path / "sigmoid.threshold.s0/fold-0"), {"scalars": 0})
    events.Reload()
    points = expected(run, 0, "loss")
    span = math.ceil(len(points) / 7)
    assert 1 < span < len(points)
    spans = [points[at : at + span] for at in range(0, len(points), span)]
    means = [(part[-1][0], float(np.mean([value for _, value in part]))) for part in spans]
    found = [(event.step, event.value) for event in events.Scalars("loss")]
    assert np.array(found) == pytest.approx(np.array(means))


def test_what_tensorboard_has_is_not_written_again(run: Run, tmp_path: Path) -> None:
    to_tensorboard(run, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("events*")}
    assert to_tensorboard(run, tmp_path) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("events*")} == before


def test_mlflow_has_cells_with_parameters_and_folds_with_curves(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = (tmp_path / "mlflow").as_uri()
    assert to_mlflow(run, uri) == 2
    assert to_mlflow(run, uri) == 0
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name(run.experiment.name)
    assert experiment
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 2 * (1 + 2)
    (cell,) = [found for found in runs if found.info.run_name == "sigmoid.threshold.s0"]
    assert cell.data.params["column"] == "threshold"
    assert cell.data.params["stages.0.iterations"] == str(run.experiment.stages[0].iterations)
    folds = run.leg_of(CELL).result().folds
    assert cell.data.metrics["lwlrap"] == pytest.approx(np.mean([fold.lwlrap for fold in folds]))
    (fold,) = [found for found in runs if found.info.run_name == "sigmoid.threshold.s0.fold-1"]
    assert fold.data.tags["mlflow.parentRunId"] == cell.info.run_id
    for name in CURVES:
        points = [(point.step, point.value) for point in client.get_metric_history(fold.info.run_id, name)]
        assert np.array(points) == pytest.approx(np.array(expected(run, 1, name)))


def test_a_server_that_refuses_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"MLflow at file:.*filesystem tracking backend"):
        to_mlflow(run, tmp_path.as_uri())
