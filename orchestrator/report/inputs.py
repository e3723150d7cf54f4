"""From a run's folder to the arrays that statistics are made of: read once, predictions cell by cell."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd

from orchestrator.data.fsdkaggle2019 import has_its_classes
from orchestrator.legs.run import Part, Predictions, Run
from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Cell, Entry, Grid, Masking, members_of, ranked
from orchestrator.stats.inputs import (
    CellPredictions,
    ClipArrays,
    ClipScores,
    FoldCurves,
    Inputs,
    Judged,
    Truth,
)
from orchestrator.stats.paper import Published
from trainable.record import CURVES
from trainable.selection import ByLoss, RandomK

PAPER_CLIPS = {"verified": (4970, 4964), "unverified": (19815,), "test": (4481, 3361, 1120)}
"""Clips of each part of FSDKaggle2019; verified: all, or without the six officially bad ones; test: all, or
a part of it in some copies."""


def read_inputs(run: Run) -> Inputs:
    """What statistics are handed of a run."""

    def curves(cell: Cell, fold: int) -> FoldCurves:
        frame = run.curves(cell, fold)
        iteration, stage = (frame[name].to_numpy(np.int64) for name in ("iteration", "stage"))
        return FoldCurves(iteration, stage, {name: frame[name].to_numpy(np.float64) for name in CURVES})

    experiment = run.experiment
    return Inputs(
        read_grid(run), read_clips(run), {cell: hole for cell in run.cells if (hole := run.hole(cell))},
        _lwlrap(run), partial(read_predictions, run), curves, partial(_judged, run), run.unverified_scores,
        _truth(run), members_of(run.cells, experiment.ensembles), experiment.schedule.f_threshold,
    )  # fmt: skip


def read_grid(run: Run) -> Grid:
    """The run's rows and columns, and how often each of their cells is trained."""
    experiment = run.experiment
    uses_unverified = [any(experiment.cell(name)[k].selection for name in experiment.selections)
                       for k in range(len(experiment.stages))]  # fmt: skip
    return Grid(
        {name: activation.n_heads for name, activation in experiment.activations.items()},
        _columns(experiment), experiment.seeds, experiment.folds, uses_unverified, list(run.cells),
    )  # fmt: skip


def _columns(experiment: Experiment) -> dict[str, Masking]:
    columns, selections = {}, experiment.selections
    for name, own in selections.items():
        by_loss = own.model_copy(update={"rank_by": "loss"}) if isinstance(own, ByLoss) else own
        plain = tuple(other for other, selection in selections.items() if selection == by_loss != own)
        columns[name] = Masking(own.uses_unverified, not isinstance(own, RandomK), plain)
    return columns


def read_clips(run: Run) -> ClipArrays:
    """All clips of the run."""
    frame = run.clips
    names, part, usage = (frame[name].to_numpy(object) for name in ("fname", "part", "usage"))
    labels = [",".join(labels) for labels in frame["labels"]]
    fold = frame["fold"].to_numpy(np.int64)
    return ClipArrays(names, part, fold, usage, labels, run.targets, run.manifest.vocabulary)


def read_predictions(run: Run, cell: Cell, stages: Sequence[int | None] = (None,)) -> list[CellPredictions]:
    """The predictions of a cell at the end of each of `stages`; None: the last one. Reads each fold once.

    Raises:
        FileNotFoundError: the cell has no result.
    """
    folds = [run.predictions(cell, fold) for fold in range(run.experiment.folds)]
    parts: tuple[Part, ...] = ("validation", "test")
    return [CellPredictions(*(_models(folds, part, stage) for part in parts)) for stage in stages]


def _models(folds: Sequence[Predictions], part: Part, stage: int | None) -> tuple[ClipScores, ...]:
    """Each fold's scores of one part, where there are clips in it."""
    return tuple(scores for fold in folds if len((scores := fold.of(part, stage)).rows))


def _judged(run: Run, cell: Cell, fold: int) -> Judged:
    frame = run.judgements(cell, fold)
    names = pd.Categorical(frame["fname"])
    clip = run.rows_of(list(names.categories))[names.codes]
    iteration, stage = (frame[column].to_numpy(np.int64) for column in ("iteration", "stage"))
    loss, keep = (frame[column].to_numpy(np.float64) for column in ("loss", "keep"))
    return Judged(cell, fold, iteration, stage, clip, loss, 1 - keep)


def _truth(run: Run) -> Truth | None:
    """What the data set knows about its label errors; None where nobody knows."""
    table = run.noise_truth
    if table is None:
        return None
    table = table.set_index("fname").reindex(run.clips["fname"]).fillna("")
    wrong = _label_sets(table["given"]) != _label_sets(table["true"])
    return Truth(wrong.to_numpy(), table["true"].to_numpy(object), table["kind"].to_numpy(object))


def _label_sets(labels: "pd.Series[str]") -> "pd.Series[str]":
    """Labels in alphabetical order, so that equal sets are equal strings."""
    return labels.map(lambda text: ",".join(sorted(text.split(","))))


def _lwlrap(run: Run) -> dict[Cell, float]:
    return {cell: run.leg_of(cell).result().lwlrap for cell in run.cells if run.hole(cell) is None}


def ranking(run: Run) -> dict[Entry, float]:
    """Entries of the run with a result and their lwlrap in cross-validation, the best first."""
    return ranked(run.entries, _lwlrap(run))


def published_beside(run: Run) -> Published:
    """The paper's numbers, as far as they may stand beside this run's."""
    return Published(difference_from_fsdkaggle2019(run))


def difference_from_fsdkaggle2019(run: Run) -> str:
    """In what the run's data set is not FSDKaggle2019; empty where it is."""
    if not has_its_classes(run.manifest.vocabulary):
        return f"its {len(run.manifest.vocabulary)} classes are not those of FSDKaggle2019"
    counts = run.clips["part"].value_counts()
    for part, allowed in PAPER_CLIPS.items():
        count = int(counts.get(part, 0))
        if count not in allowed:
            return f"it has {count} {part} clips, FSDKaggle2019 has {allowed[0]}"
    return ""
