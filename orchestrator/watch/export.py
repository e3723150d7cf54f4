"""The curves of a run for the tools that people compare runs with: TensorBoard and MLflow.

Both take what is finished; the run's own files stay the record. Again after more has been trained: what is
there already stays as it is.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from tensorboardX import SummaryWriter

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell
from trainable.errors import UserError
from trainable.record import CURVES

if TYPE_CHECKING:
    from mlflow import MlflowClient

MOST_POINTS = 2000
"""Of an exported curve: what a screen can show, and a server takes in seconds."""
METRICS_AT_ONCE = 1000
"""That MLflow takes; 100 parameters."""
LEG_TAG = "stagegrid.leg"


def to_tensorboard(run: Run, folder: Path) -> int:
    """Write `folder`/<cell>/fold-<k>/events...: all columns of the curves by iteration, at most MOST_POINTS.

    Returns how many cells were written; those of cells that are there already stay.
    """
    written = 0
    for cell in _finished(run):
        own = folder / _name(cell)
        whole = own / f".{run.cells[cell]}"
        if whole.exists():
            continue
        shutil.rmtree(own, ignore_errors=True)
        for fold in range(run.experiment.folds):
            _write_events(run.curves(cell, fold), own / f"fold-{fold}")
        whole.touch()  # last: this leg is here
        written += 1
    return written


def _write_events(curves: pd.DataFrame, folder: Path) -> None:
    with SummaryWriter(str(folder)) as writer:
        for name in CURVES:
            for iteration, value in _points(curves, name):
                writer.add_scalar(name, value, iteration)


def _points(curves: pd.DataFrame, name: str) -> Iterator[tuple[int, float]]:
    """Iterations and values, where there is a value; of long curves means of equal spans, at their ends."""
    known = curves[np.isfinite(curves[name])]
    span = -(-len(known) // MOST_POINTS) or 1
    for start in range(0, len(known), span):
        part = known[start : start + span]
        yield int(part["iteration"].iloc[-1]), float(part[name].mean())


def to_mlflow(run: Run, uri: str) -> int:
    """Add an MLflow run for each cell, with a nested one for each fold, to the tracking server at `uri`.

    The experiment has the name of ours. Parameters are all that can change the cell's outcome; metrics the
    curves by iteration, and the folds' mean lwlrap. Returns how many cells were added.

    Raises:
        UserError: MLflow is not installed, or the server does not take what it gets.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    try:
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
    except ModuleNotFoundError as missing:
        raise UserError("MLflow is not installed: pip install 'stagegrid[mlflow]'") from missing
    try:
        return _add_cells(MlflowClient(tracking_uri=uri), run)
    except MlflowException as error:
        raise UserError(f"MLflow at {uri}: {error}") from error


def _add_cells(client: "MlflowClient", run: Run) -> int:
    there = client.get_experiment_by_name(run.experiment.name)
    experiment = there.experiment_id if there else client.create_experiment(run.experiment.name)
    added = 0
    for cell in _finished(run):
        mine = f"tags.`{LEG_TAG}` = '{run.cells[cell]}' and tags.cell = '{_name(cell)}'"
        if not client.search_runs([experiment], mine, max_results=1):
            _add_cell(client, experiment, run, cell)
            added += 1
    return added


def _add_cell(client: "MlflowClient", experiment: str, run: Run, cell: Cell) -> None:
    from mlflow.entities import Metric, Param

    leg, name = run.cells[cell], _name(cell)
    parent = client.create_run(experiment, run_name=name, tags={"cell": name}).info.run_id
    settings = {"row": cell.activation, "column": cell.selection, **run.legs[leg].identity()}
    params = [Param(key, value) for key, value in _flat(settings).items()]
    for start in range(0, len(params), 100):
        client.log_batch(parent, params=params[start : start + 100])
    result = run.legs[leg].result()
    for fold in range(len(result.folds)):
        tags = {"mlflow.parentRunId": parent, "cell": name, "fold": str(fold)}
        child = client.create_run(experiment, run_name=f"{name}.fold-{fold}", tags=tags).info.run_id
        curves = run.curves(cell, fold)
        points = [Metric(c, value, 0, at) for c in CURVES for at, value in _points(curves, c)]
        for start in range(0, len(points), METRICS_AT_ONCE):
            client.log_batch(child, metrics=points[start : start + METRICS_AT_ONCE])
        client.set_terminated(child)
    client.log_metric(parent, "lwlrap", result.lwlrap)
    client.set_terminated(parent)
    client.set_tag(parent, LEG_TAG, leg)  # last: this leg is there


def _flat(content: Any, prefix: str = "") -> dict[str, str]:
    """Leaves of nested mappings and lists of them, named by their way: stages.1.iterations."""
    if isinstance(content, list) and any(isinstance(entry, dict) for entry in content):
        content = dict(enumerate(content))
    if not isinstance(content, dict):
        return {prefix: str(content)}
    inner = (_flat(value, f"{prefix}.{key}" if prefix else str(key)) for key, value in content.items())
    return {name: value for leaves in inner for name, value in leaves.items()}


def _finished(run: Run) -> list[Cell]:
    return [cell for cell in run.cells if run.hole(cell) is None]


def _name(cell: Cell) -> str:
    return f"{cell.activation}.{cell.selection}.s{cell.seed}"
