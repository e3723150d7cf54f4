"""The relabelling worklist: unverified clips by how much more they lose than others with as many labels.

A clip with several labels loses more than one with a single label when both are right, so the masks say
"several labels" as often as "wrong". A clip's rank among the clips with as many labels does not. Ranks run
evenly from 0 to 1 in each group, whatever its size n: the highest is 1 - 1 / (2 n), so a clip without any
peer is at .5, where nothing is known, and a group of few cannot fill the top of the list. Merging by them
takes for granted that labels are as often wrong in every group.

Not in the paper. Shapes: N clips of the run, J judgements, S suspects, C classes; T batches of one stage, U
unverified clips in each.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.stats import rankdata

from orchestrator.stats.grid import Cell
from orchestrator.stats.inputs import ClipArrays, ClipScores, Inputs, Judged, Truth
from trainable.arrays import Array, Floats, Ints
from trainable.postprocess import geometric_mean

TOP = 3
"""Classes of the model that a suspect is shown with."""
AT = (10, 25, 50, 100)
"""Lengths of the worklist whose precision is told."""
Columns = Mapping[str, Array]
"""A table: its columns by name."""


def excess(judged: Judged) -> Floats:
    """Loss over the batch's threshold, in standard deviations of the batch's unverified losses: (J,).

    The threshold is the lowest loss that a batch would mask if it masked as many clips, but by loss: for
    top_k that is T_t. A batch that masks none has its highest loss as threshold. So mechanisms without
    eta or T_t have one too, and activations whose losses differ in scale can be averaged.
    """
    over = np.zeros_like(judged.loss)
    for stage in np.unique(judged.stage):
        rows = np.flatnonzero(judged.stage == stage)
        batches = len(np.unique(judged.iteration[rows]))
        loss_TU, masked_TU = (values[rows].reshape(batches, -1) for values in (judged.loss, judged.masked))
        count_T1 = np.rint(masked_TU.sum(1, keepdims=True)).astype(np.int64).clip(1)
        threshold_T1 = np.take_along_axis(np.sort(loss_TU, axis=1), loss_TU.shape[1] - count_T1, axis=1)
        spread_T1 = loss_TU.std(1, keepdims=True)
        with np.errstate(invalid="ignore"):
            over[rows] = np.where(spread_T1 > 0, (loss_TU - threshold_T1) / spread_T1, 0.0).ravel()
    return over


@dataclass(frozen=True)
class Tally:
    """Sums over all judgements of each clip, and what the models that judged say about it."""

    seen: Floats
    """Judgements: (N,)."""
    masked: Floats
    """Sum of 1 - keep: (N,)."""
    excess: Floats
    """Sum of `excess`: (N,)."""
    models: list[Floats] = field(default_factory=list)
    """The folds' blend for each cell: (unverified clips, C)."""

    @classmethod
    def empty(cls, clips: int) -> "Tally":
        """Nothing seen."""
        return cls(np.zeros(clips), np.zeros(clips), np.zeros(clips))

    def add(self, folds: Sequence[Judged], scores: Iterable[ClipScores]) -> None:
        """Enter a cell, if it masked anything: one that keeps every clip tells nothing.

        `scores` are each fold's of all unverified clips.
        """
        if not any(judged.masked.any() for judged in folds):
            return
        for judged in folds:
            self.seen[:] += np.bincount(judged.clip, None, len(self.seen))
            self.masked[:] += np.bincount(judged.clip, judged.masked, len(self.seen))
            self.excess[:] += np.bincount(judged.clip, excess(judged), len(self.seen))
        in_order = [fold.scores[np.argsort(fold.rows)] for fold in scores]
        self.models.append(geometric_mean(np.stack(in_order)))


def worklist(inputs: Inputs, cells: Iterable[Cell]) -> Columns:
    """The suspects of some cells that judge by the loss: see `suspects`."""
    tally, folds = Tally.empty(len(inputs.clips.names)), range(inputs.grid.folds)
    for cell in cells:
        tally.add([inputs.judged(cell, k) for k in folds], (inputs.unverified(cell, k) for k in folds))
    return suspects(inputs.clips, tally, inputs.truth)


def suspects(clips: ClipArrays, tally: Tally, truth: Truth | None) -> Columns:
    """Every clip that was judged, the most suspicious first.

    Ordered by suspicion, then strength, then name. Columns:
    rank, fname, labels
    suspicion         rank by strength among the clips with as many labels, in (0, 1): see the module
    seen              judgements over all folds and the cells that mask by loss
    masked            sum of 1 - keep; masked_share is masked / seen
    strength          mean over the judgements of `excess`
    class_1, score_1  and so on: the TOP classes of these models by the geometric mean of their final scores
    true, kind, wrong with known truth: right labels, kind of the given ones, 1 where they are wrong
    """
    rows = np.flatnonzero(tally.seen)
    seen, masked = tally.seen[rows], tally.masked[rows]
    strength = tally.excess[rows] / seen
    columns: dict[str, Array] = {
        "fname": clips.names[rows], "labels": np.array(clips.labels, object)[rows],
        "suspicion": ranks_within(strength, clips.targets[rows].sum(1)), "seen": seen.astype(np.int64),
        "masked": masked, "masked_share": masked / seen, "strength": strength, **_top(clips, tally, rows),
    }  # fmt: skip
    if truth:
        columns |= {"true": truth.true[rows], "kind": truth.kind[rows]}
        columns["wrong"] = truth.wrong[rows].astype(np.int64)
    order = np.lexsort((columns["fname"].astype(str), -strength, -columns["suspicion"]))
    return {"rank": np.arange(1, len(rows) + 1), **{name: column[order] for name, column in columns.items()}}


def ranks_within(values: Floats, group: Array) -> Floats:
    """Middle of each value's rank among those of its group, as a share of the group: (S,) in (0, 1)."""
    ranks = np.empty(len(values))
    for own in (group == number for number in np.unique(group)):
        ranks[own] = (rankdata(values[own]) - 0.5) / own.sum()
    return ranks


def _top(clips: ClipArrays, tally: Tally, rows: Ints) -> dict[str, Array]:
    """Names and scores of the models' highest classes: columns of (S,)."""
    if not tally.models:
        return {}
    names, unverified = np.array(clips.classes, object), np.flatnonzero(clips.part == "unverified")
    scores_SC = geometric_mean(np.stack(tally.models))[np.searchsorted(unverified, rows)]
    best = np.argsort(-scores_SC, axis=1, kind="stable")[:, :TOP]
    columns: dict[str, Array] = {}
    for number, chosen in enumerate(best.T, 1):
        columns[f"class_{number}"] = names[chosen]
        columns[f"score_{number}"] = np.take_along_axis(scores_SC, chosen[:, None], axis=1)[:, 0]
    return columns


def precision_at(wrong: Array) -> Columns:
    """Precision of the first n suspects, for the n of AT that the list is long enough for.

    `wrong`: 1 for each suspect whose labels are wrong.
    """
    base = float(wrong.mean()) if len(wrong) else np.nan
    n = np.array([n for n in AT if n <= len(wrong)], np.int64)
    precision = np.array([wrong[:count].mean() for count in n])
    lift = precision / base if base else np.full(len(n), np.nan)
    return {"n": n, "precision": precision, "base_rate": np.full(len(n), base), "lift": lift}
