"""What the selection mechanisms did to the unverified clips, from their judgements (not in the paper).

Masked counts as 1 - keep, so soft weights count in part; a share is a sum of these over a number of
judgements. Where the data set knows its label errors, a mask is judged as a detector of wrong labels:

    base rate   share of judgements about a clip with a wrong label: the precision of a random mask
    precision   share of what is masked that is wrong
    recall      share of what is wrong that is masked; a random mask has its masked share as recall

Shapes: N clips of the run, C classes; 2: all judgements, and the masked ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from orchestrator.stats.inputs import Inputs, Judged, Truth
from orchestrator.stats.suspects import Columns, Tally, precision_at, suspects
from trainable.arrays import Array, Floats, Ints

CELL = ("activation", "selection", "seed")
BINS = 25
"""Spans of time, at most, into which the iterations of a stage are gathered."""


@dataclass(frozen=True)
class MaskTables:
    """Tables about masks; those about wrong labels are None where nobody knows the labels' truth."""

    over_time: Columns
    """A row for each cell, fold and span of iterations: first, last, judged, masked_share, and with known
    truth base_rate, precision, recall (NaN where nothing is masked, or nothing is wrong)."""
    by_class: Columns
    """A row for each cell, span and class: first, last, class, judged, masked_share. Over all folds; a clip
    counts for each of its labels."""
    by_cell: Columns
    """A row for each cell: judged, masked_share and the rest as in `over_time`, over folds and time; with
    known truth `lift`, which is precision / base_rate."""
    by_labels: Columns
    """A row for each cell and number of given labels: clips, their judgements, the share masked, and that of
    clips whose labels are right, or wrong; both NaN where nobody knows."""
    by_kind: Columns | None
    """A row for each cell and kind of label: judged, masked_share."""
    suspects: Columns
    """The relabelling worklist: see `suspects`."""
    precision_at: Columns | None
    """A row for each length n of the worklist: precision, base_rate (of all clips on it), lift."""


Line = tuple[object, ...]
SUMS = ("judged", "masked", "wrong", "masked_wrong")
SPAN = (*CELL, "fold", "first", "last")
BY_CLASS = (*CELL, "first", "last", "class", "judged", "masked_share")
BY_LABELS = (*CELL, "labels", "clips", "judged", "masked_share", "masked_right", "masked_wrong")
BY_KIND = (*CELL, "kind", "judged", "masked_share")


def diagnose(inputs: Inputs) -> MaskTables:
    """Every table, for the cells that have a result and unverified clips."""
    truth, clips, tally = inputs.truth, inputs.clips, Tally.empty(len(inputs.clips.names))
    labels, folds = clips.targets.sum(1, dtype=np.int64), range(inputs.grid.folds)
    targets_NC = sparse.csr_array(clips.targets.astype(np.float64))
    time, by_class, by_kind, by_number = [], [], [], []
    for cell in inputs.judging_cells():
        judged = [inputs.judged(cell, fold) for fold in folds]
        time.append([line for of_fold in judged for line in _over_time(of_fold, truth)])
        by_class += list(_by_class(judged, targets_NC, clips.classes))
        by_kind += list(_by_kind(judged, truth)) if truth else []
        by_number += list(_by_labels(judged, labels, truth))
        if inputs.grid.columns[cell.selection].by_loss:
            tally.add(judged, (inputs.unverified(cell, fold) for fold in folds))
    worklist = suspects(clips, tally, truth)
    return MaskTables(
        _shares(SPAN, [line for lines in time for line in lines], truth), _columns(BY_CLASS, by_class),
        _by_cell(time, truth), _columns(BY_LABELS, by_number), _columns(BY_KIND, by_kind) if truth else None,
        worklist, precision_at(worklist["wrong"]) if truth else None,
    )  # fmt: skip


def _columns(names: Sequence[str], lines: Sequence[Line]) -> dict[str, Array]:
    """A table from its lines."""
    values = zip(*lines, strict=True) if lines else ([] for _ in names)
    return {
        name: np.array(column, object if column and isinstance(column[0], str) else None)
        for name, column in zip(names, map(list, values), strict=True)
    }


def spans(judged: Judged) -> Iterator[tuple[int, int, slice]]:
    """First and last iteration of at most BINS spans in each judged stage, and their judgements."""
    for stage in np.unique(judged.stage):
        rows = np.flatnonzero(judged.stage == stage)
        first, last = int(judged.iteration[rows[0]]), int(judged.iteration[rows[-1]])
        edges = np.linspace(first, last + 1, min(BINS, last + 1 - first) + 1).astype(np.int64)
        starts = np.searchsorted(judged.iteration, edges)
        for i in range(len(edges) - 1):
            yield int(edges[i]), int(edges[i + 1]) - 1, slice(int(starts[i]), int(starts[i + 1]))


def _cell(judged: Judged) -> Line:
    return judged.cell.activation, judged.cell.selection, judged.cell.seed


def _over_time(judged: Judged, truth: Truth | None) -> Iterator[Line]:
    """Sums of one fold in each span of its time."""
    is_wrong = truth.wrong[judged.clip] if truth else np.zeros(len(judged.clip))
    for first, last, rows in spans(judged):
        masked = judged.masked[rows]
        sums = (len(masked), masked.sum(), is_wrong[rows].sum(), masked @ is_wrong[rows])
        yield *_cell(judged), judged.fold, first, last, *map(float, sums)


def _by_cell(cells: Sequence[Sequence[Line]], truth: Truth | None) -> Columns:
    """Over folds and time, from the lines over time of each cell."""
    numbers = [np.array([line[len(SPAN) :] for line in lines], np.float64) for lines in cells]
    sums = [(*lines[0][: len(CELL)], *values.sum(0)) for lines, values in zip(cells, numbers, strict=True)]
    columns = _shares(CELL, sums, truth)
    if truth:
        columns["lift"] = _ratio(columns["precision"], columns["base_rate"])
    return columns


def _shares(names: Sequence[str], lines: Sequence[Line], truth: Truth | None) -> dict[str, Array]:
    """Names as they are, and shares instead of the SUMS behind them."""
    columns = _columns((*names, *SUMS), lines)
    judged, masked, wrong, masked_wrong = (columns.pop(name).astype(np.float64) for name in SUMS)
    columns |= {"judged": judged.astype(np.int64), "masked_share": masked / judged}
    if truth:
        columns["base_rate"] = wrong / judged
        columns["precision"] = _ratio(masked_wrong, masked)
        columns["recall"] = _ratio(masked_wrong, wrong)
    return columns


def _ratio(part: Floats, whole: Floats) -> Floats:
    """NaN where the whole is nothing."""
    return np.asarray(np.divide(part, whole, where=whole > 0, out=np.full(len(whole), np.nan)))


def _joined(folds: Sequence[Judged]) -> tuple[Ints, Floats]:
    """Clips and masks of all judgements."""
    return np.concatenate([f.clip for f in folds]), np.concatenate([f.masked for f in folds])


def _by_kind(folds: Sequence[Judged], truth: Truth) -> Iterator[Line]:
    clip, masked = _joined(folds)
    kinds = truth.kind[clip].astype(str)
    for kind in np.unique(kinds):
        own = masked[kinds == kind]
        yield *_cell(folds[0]), str(kind), len(own), _mean(own)


def _by_labels(folds: Sequence[Judged], labels: Ints, truth: Truth | None) -> Iterator[Line]:
    """Whether a mask takes several labels for wrong ones; `labels` is each clip's number of them: (N,)."""
    clip, masked = _joined(folds)
    for count in np.unique(labels[clip]):
        rows = labels[clip] == count
        wrong = truth.wrong[clip[rows]] if truth else np.zeros(0, bool)
        shares = [_mean(masked[rows][kind]) for kind in (~wrong, wrong)] if truth else [np.nan, np.nan]
        clips = len(np.unique(clip[rows]))
        yield *_cell(folds[0]), int(count), clips, int(rows.sum()), _mean(masked[rows]), *shares


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else np.nan


def _by_class(
    folds: Sequence[Judged], targets_NC: "sparse.csr_array[Any]", names: Sequence[str]
) -> Iterator[Line]:
    """Of one cell: all spans, all classes."""
    sums: dict[tuple[int, int], Floats] = {}
    for judged in folds:
        for first, last, rows in spans(judged):
            weights = (None, judged.masked[rows])
            both_2N = np.stack(
                [np.bincount(judged.clip[rows], w, targets_NC.shape[0]) * 1.0 for w in weights]
            )
            sums[first, last] = sums.get((first, last), 0) + both_2N
    for (first, last), both_2N in sums.items():
        for name, judgements, masked in zip(names, *(both_2N @ targets_NC), strict=True):
            share = masked / judgements if judgements else np.nan
            yield *_cell(folds[0]), first, last, name, int(judgements), share
