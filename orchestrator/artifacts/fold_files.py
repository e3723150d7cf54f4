"""What a trained leg leaves in its folder: the owner of those files' names and columns.

legs/<leg id>/leg.json                 identity, written first
              fold-<k>/curves.parquet       CURVES of trainable.record, one row an iteration
                       predictions.parquet  raw scores of validation and test clips at each stage's end
                       judgements.parquet   what the selection made of every unverified clip it saw
                       weights.safetensors  of the last prediction
                       state.pt             where a branch or an interrupted run goes on
                       progress.json        how far it is, for people
                       fold.json            written last: this fold is done
              result.json                   written last: the leg is done
              failure.json                  why it has no result; gone when it is tried again
"""

import io
import pickle
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import safetensors.torch
import torch

from orchestrator.storage.store import Store
from trainable.evaluation import Scores
from trainable.record import CURVES, Record
from trainable.sampling import Ints
from trainable.stages import Stage, boundaries
from trainable.task import Checkpoint, Outcome, Prediction


def fold_name(fold: int) -> str:
    """Name of a fold's folder in its leg's."""
    return f"fold-{fold}"


def fold_folder(leg: Store, fold: int) -> Store:
    """Where fold `fold` of the leg in folder `leg` writes."""
    return leg / fold_name(fold)


def write_outcome(
    folder: Store, outcome: Outcome, stages: Sequence[Stage], names: Sequence[str], rows: Mapping[str, Ints]
) -> None:
    """Write a finished fold, all but `fold.json`.

    `names` are the file names of all clips; `rows` the validation, test and unverified ones among them.
    """
    iterations, stage = _time(stages)
    folder.write_table("curves.parquet", _curves(outcome.record, iterations, stage))
    folder.write_table("predictions.parquet", _predictions(outcome.predictions, names, rows))
    if outcome.unverified is not None:
        folder.write_table("unverified.parquet", _scores(rows["unverified"], outcome.unverified, names))
    folder.write_table("judgements.parquet", _judgements(outcome.record, stages, names))
    folder.write("weights.safetensors", safetensors.torch.save(outcome.weights))
    write_state(folder, outcome.state)


def _time(stages: Sequence[Stage]) -> tuple[np.ndarray, np.ndarray]:
    """Number of every iteration, from 1, and its stage."""
    counts = [stage.iterations for stage in stages]
    return np.arange(1, sum(counts) + 1, dtype=np.int32), np.repeat(
        np.arange(len(counts), dtype=np.int32), counts
    )


def _curves(record: Record, iterations: np.ndarray, stage: np.ndarray) -> pa.Table:
    values = record.curves.cpu().numpy()
    columns = {name: values[:, i].copy() for i, name in enumerate(CURVES)}
    return pa.table({"iteration": iterations, "stage": stage, **columns})


def _predictions(
    predictions: Sequence[Prediction], names: Sequence[str], rows: Mapping[str, Ints]
) -> pa.Table:
    """Columns fname, part (validation | test), stage, scores (one for each class)."""
    tables = []
    for stage, prediction in enumerate(predictions):
        for part, scores in (("validation", prediction.validation), ("test", prediction.test)):
            table = _scores(rows[part], scores, names)
            table = table.append_column("part", pa.array([part] * len(scores), pa.string()))
            tables.append(table.append_column("stage", pa.array([stage] * len(scores), pa.int32())))
    return pa.concat_tables(tables)


def _scores(rows: Ints, scores: Scores, names: Sequence[str]) -> pa.Table:
    """Columns fname, scores (one for each class)."""
    column = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), scores.shape[1])
    return pa.table({"fname": pa.array([names[row] for row in rows], pa.string()), "scores": column})


def _judgements(record: Record, stages: Sequence[Stage], names: Sequence[str]) -> pa.Table:
    """Columns iteration, stage, fname, loss, keep: one row for each unverified clip of each batch."""
    starts = boundaries(stages)
    iteration, stage = [], []
    for number, span in enumerate(stages):
        judged = record.first_row[number + 1] - record.first_row[number]
        per_iteration = judged // span.iterations
        iteration.append(np.repeat(starts[number] + 1 + np.arange(span.iterations), per_iteration))
        stage.append(np.full(judged, number))
    names_of = pa.DictionaryArray.from_arrays(pa.array(record.clip.numpy()), pa.array(names, pa.string()))
    return pa.table(
        {
            "iteration": np.concatenate(iteration).astype(np.int32),
            "stage": np.concatenate(stage).astype(np.int32),
            "fname": names_of,
            "loss": record.loss.cpu().numpy(),
            "keep": record.keep.cpu().numpy(),
        }
    )


def write_state(folder: Store, state: Checkpoint) -> None:
    """Keep a fold's state."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    folder.write("state.pt", buffer.getvalue())


def read_state(folder: Store) -> Checkpoint | None:
    """A fold's state; None where there is none, or only a damaged one: the work is then done again."""
    if not folder.exists("state.pt"):
        return None
    try:
        state: Checkpoint = torch.load(
            io.BytesIO(folder.read("state.pt")), weights_only=True, map_location="cpu"
        )
    except (RuntimeError, EOFError, pickle.UnpicklingError):
        return None
    return state


def finish(leg: Store, folds: int) -> bool:
    """Write `result.json` if every fold is done; the folds may be done in any order and by anyone."""
    parts = [fold_folder(leg, fold) for fold in range(folds)]
    if not all(part.exists("fold.json") for part in parts):
        return False
    leg.write_json("result.json", {"folds": [part.read_json("fold.json") for part in parts]})
    return True
