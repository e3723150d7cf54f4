"""The Parquet tables of a run: their columns, and how a trained fold fills them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
from safetensors.numpy import save

from orchestrator.data.folded import FoldedDataset
from orchestrator.files.integrity import StoredFile
from orchestrator.files.store import table_bytes
from orchestrator.legs import artifacts
from orchestrator.legs.fold_folder import FoldFolder
from trainable.arrays import Ints, Scores
from trainable.record import CURVES as CURVE_NAMES
from trainable.record import Record
from trainable.stages import Stage, boundaries
from trainable.task import Outcome, Prediction

CLIP_COLUMNS = pa.schema(
    [
        ("fname", pa.string()),
        ("part", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("usage", pa.string()),
        ("fold", pa.int32()),
    ]
)
"""In the order of the features. `fold` is -1 for clips that are not verified."""
CURVE_COLUMNS = pa.schema(
    [("iteration", pa.int32()), ("stage", pa.int32()), *((name, pa.float32()) for name in CURVE_NAMES)]
)
"""`iteration` counts from 1, `stage` from 0."""
JUDGEMENT_COLUMNS = pa.schema(
    [
        ("iteration", pa.int32()),
        ("stage", pa.int32()),
        ("fname", pa.dictionary(pa.int32(), pa.string())),
        ("loss", pa.float32()),
        ("keep", pa.float32()),
    ]
)
"""A row for each unverified clip of each batch, in order of time."""


def scores_schema(classes: int) -> pa.Schema:
    """Columns of unverified.parquet; `scores` has a value for each class, in the order of the vocabulary."""
    return pa.schema([("fname", pa.string()), ("scores", pa.list_(pa.float32(), classes))])


def predictions_schema(classes: int) -> pa.Schema:
    """Columns of predictions.parquet: scores at the end of each stage; `part` is validation or test."""
    return pa.schema([*scores_schema(classes), ("part", pa.string()), ("stage", pa.int32())])


def clips_table(dataset: FoldedDataset) -> pa.Table:
    """All clips with their labels and folds: CLIP_COLUMNS."""
    clips = dataset.table.clips
    columns = {name: clips[name].tolist() for name in ("fname", "part", "usage")}
    fold = np.full(len(clips), -1, np.int32)
    fold[: len(dataset.fold_of)] = dataset.fold_of
    return pa.table({**columns, "labels": map(list, clips["labels"]), "fold": fold}, CLIP_COLUMNS)


def write_outcome(
    folder: FoldFolder,
    outcome: Outcome,
    stages: Sequence[Stage],
    names: Sequence[str],
    rows: Mapping[str, Ints],
) -> dict[str, StoredFile]:
    """Write a finished fold, all but its result; what was written.

    `names` are the file names of all clips; `rows` the validation, test and unverified ones among them.
    """
    tables = {
        artifacts.CURVES: _curves(outcome.record, stages),
        artifacts.PREDICTIONS: _predictions(outcome.predictions, names, rows),
        artifacts.JUDGEMENTS: _judgements(outcome.record, stages, names),
    }
    if outcome.unverified is not None:
        tables[artifacts.UNVERIFIED] = scores_table(rows["unverified"], outcome.unverified, names)
    written = {name: folder.put(name, table_bytes(table)) for name, table in tables.items()}
    weights = {name: value.numpy() for name, value in outcome.weights.items()}
    written[artifacts.WEIGHTS] = folder.put(artifacts.WEIGHTS, save(weights))
    return written | {artifacts.STATE: folder.write_state(outcome.state)}


def _curves(record: Record, stages: Sequence[Stage]) -> pa.Table:
    counts = [stage.iterations for stage in stages]
    iteration, stage = np.arange(1, sum(counts) + 1), np.repeat(np.arange(len(counts)), counts)
    values = record.curves.cpu().numpy()
    columns = {name: values[:, number].copy() for number, name in enumerate(CURVE_NAMES)}
    return pa.table(
        {"iteration": iteration.astype(np.int32), "stage": stage.astype(np.int32), **columns}, CURVE_COLUMNS
    )


def _predictions(
    predictions: Sequence[Prediction], names: Sequence[str], rows: Mapping[str, Ints]
) -> pa.Table:
    return pa.concat_tables(
        predictions_table(rows[part], getattr(prediction, part), names, part, stage)
        for stage, prediction in enumerate(predictions)
        for part in ("validation", "test")
    )


def predictions_table(rows: Ints, scores: Scores, names: Sequence[str], part: str, stage: int) -> pa.Table:
    """Scores (n, classes) of the clips in `rows`, of one part at the end of one stage."""
    table = scores_table(rows, scores, names)
    table = table.append_column("part", pa.array([part] * len(rows), pa.string()))
    table = table.append_column("stage", pa.array([stage] * len(rows), pa.int32()))
    return table.cast(predictions_schema(scores.shape[1]))


def scores_table(rows: Ints, scores: Scores, names: Sequence[str]) -> pa.Table:
    """Scores (n, classes) of the clips in `rows`."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1])
    table = pa.table({"fname": pa.array([names[row] for row in rows], pa.string()), "scores": column})
    return table.cast(scores_schema(scores.shape[1]))


def _judgements(record: Record, stages: Sequence[Stage], names: Sequence[str]) -> pa.Table:
    starts = boundaries(stages)
    iteration, stage = [], []
    for number, span in enumerate(stages):
        judged = record.first_row[number + 1] - record.first_row[number]
        per_iteration = judged // span.iterations
        iteration.append(np.repeat(starts[number] + 1 + np.arange(span.iterations), per_iteration))
        stage.append(np.full(judged, number))
    names_of = pa.DictionaryArray.from_arrays(pa.array(record.clip.numpy()), pa.array(names, pa.string()))
    columns = {
        "iteration": np.concatenate(iteration).astype(np.int32),
        "stage": np.concatenate(stage).astype(np.int32),
        "fname": names_of,
        "loss": record.loss.cpu().numpy(),
        "keep": record.keep.cpu().numpy(),
    }
    return pa.table(columns, JUDGEMENT_COLUMNS)
