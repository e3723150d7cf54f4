"""What a selection made of the unverified clips: the judgements of a run, read as arrays.

Masked is 1 - keep, so soft weights count in part.

Shapes: J judgements of one fold; T batches of one stage, U unverified clips in each.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell
from trainable.selection import RandomK

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 25
"""Spans of time, at most, into which the iterations of a stage are gathered."""


@dataclass(frozen=True)
class Judged:
    """All judgements of one fold of a cell, in order of time."""

    cell: Cell
    fold: int
    iteration: Ints
    """(J,)"""
    stage: Ints
    """(J,)"""
    clip: Ints
    """Rows of `Run.clips`: (J,)."""
    loss: Floats
    masked: Floats
    """1 - keep: (J,)."""

    def excess(self) -> Floats:
        """Loss over the batch's threshold, in standard deviations of the batch's unverified losses: (J,).

        The threshold is the lowest loss that a batch would mask if it masked as many clips, but by loss: for
        top_k that is T_t. A batch that masks none has its highest loss as threshold. So mechanisms without
        eta or T_t have one too, and activations whose losses differ in scale can be averaged.
        """
        excess = np.empty_like(self.loss)
        for stage in np.unique(self.stage):
            rows = np.flatnonzero(self.stage == stage)
            batches = len(np.unique(self.iteration[rows]))
            loss_TU, masked_TU = (values[rows].reshape(batches, -1) for values in (self.loss, self.masked))
            excess[rows] = _excess(loss_TU, masked_TU).ravel()
        return excess


def _excess(loss_TU: Floats, masked_TU: Floats) -> Floats:
    """As `Judged.excess`, for the batches of one stage: (T, U)."""
    count_T1 = np.rint(masked_TU.sum(1, keepdims=True)).astype(np.int64).clip(1)
    threshold_T1 = np.take_along_axis(np.sort(loss_TU, axis=1), loss_TU.shape[1] - count_T1, axis=1)
    spread_T1 = loss_TU.std(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.where(spread_T1 > 0, (loss_TU - threshold_T1) / spread_T1, 0.0)


def spans(judged: Judged) -> Iterator[tuple[int, int, slice]]:
    """First and last iteration of at most BINS spans in each judged stage, and their rows."""
    for stage in np.unique(judged.stage):
        rows = np.flatnonzero(judged.stage == stage)
        first, last = int(judged.iteration[rows[0]]), int(judged.iteration[rows[-1]])
        edges = np.linspace(first, last + 1, min(BINS, last + 1 - first) + 1).astype(np.int64)
        places = np.searchsorted(judged.iteration, edges)
        for i in range(len(edges) - 1):
            yield int(edges[i]), int(edges[i + 1]) - 1, slice(int(places[i]), int(places[i + 1]))


def judging_cells(run: Run) -> list[Cell]:
    """Cells with a result whose selection judges unverified clips."""
    selections = run.experiment.selections
    return [c for c in run.cells if selections[c.selection].uses_unverified and run.hole(c) is None]


def ranks_by_loss(run: Run, cell: Cell) -> bool:
    """Whether what this cell masks says anything about a clip; the random control's mask does not."""
    return not isinstance(run.experiment.selections[cell.selection], RandomK)


def read_judged(run: Run, cell: Cell, fold: int) -> Judged:
    """The judgements of one fold, in order of time."""
    frame = run.judgements(cell, fold)
    names = pd.Categorical(frame["fname"])
    clip = run.rows_of(list(names.categories))[names.codes]
    iteration, stage = (frame[column].to_numpy().astype(np.int64) for column in ("iteration", "stage"))
    loss, keep = (frame[column].to_numpy().astype(np.float64) for column in ("loss", "keep"))
    return Judged(cell, fold, iteration, stage, clip, loss, 1 - keep)


@dataclass(frozen=True)
class Truth:
    """What is known about the labels of the clips."""

    wrong: NDArray[np.bool_]
    """Whether a clip's given labels are not its true ones: (clips,)."""
    table: pd.DataFrame
    """given, true, kind in the order of the clips; empty for clips that nothing is known of."""


def read_truth(run: Run) -> Truth | None:
    """What the data set knows about its label errors; None where nobody knows."""
    table = run.noise_truth
    if table is None:
        return None
    table = table.set_index("fname").reindex(run.clips["fname"]).fillna("").reset_index()
    return Truth((_label_sets(table["given"]) != _label_sets(table["true"])).to_numpy(), table)


def _label_sets(labels: "pd.Series[str]") -> "pd.Series[str]":
    """Labels in alphabetical order, so that equal sets are equal strings."""
    return labels.map(lambda text: ",".join(sorted(text.split(","))))
