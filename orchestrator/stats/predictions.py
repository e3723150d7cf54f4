"""From the predictions of a cell, or of an ensemble of cells, to the sums that their scores need.

Shapes: n clips, C classes, M models.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.stats.bootstrap import ClipSums, clip_sums
from orchestrator.stats.inputs import CellPredictions, ClipArrays, ClipScores
from trainable.arrays import Bools, Ints, Labels
from trainable.metrics import Ties, label_precisions
from trainable.postprocess import class_normalise, geometric_mean

Split = Literal["cv", "public", "private", "test"]
SPLITS: tuple[Split, ...] = ("cv", "public", "private", "test")
Clips = Literal["all", "several"]
"""All clips, or those with several labels (Table 2)."""
SPLIT_NAMES: dict[Split, str] = {
    "cv": "cross-validation",
    "public": "public test",
    "private": "private test",
    "test": "test",
}
"""For people."""
USAGE: dict[Split, str] = {"public": "Public", "private": "Private"}


def normalised(predictions: CellPredictions, clip_sigma: float | None) -> CellPredictions:
    """Each model's scores class-wise normalised over its own clips (section 2.3).

    `clip_sigma`: standard deviations at which they are clipped; None: no clipping.
    """
    return _mapped(predictions, lambda scores: class_normalise(scores, clip_sigma))


def _mapped(predictions: CellPredictions, change: Callable[[NDArray[Any]], NDArray[Any]]) -> CellPredictions:
    """The same clips with other scores."""

    def changed(models: Sequence[ClipScores]) -> tuple[ClipScores, ...]:
        return tuple(ClipScores(model.rows, change(model.scores)) for model in models)

    return CellPredictions(changed(predictions.validation), changed(predictions.test))


def blended(predictions: CellPredictions) -> CellPredictions:
    """The folds' test scores as one model's: their geometric mean."""
    return CellPredictions(predictions.validation, (together(predictions.test),) if predictions.test else ())


def together(models: Sequence[ClipScores]) -> ClipScores:
    """Geometric mean of models' scores of the same clips; a single model's stay as they are."""
    first = models[0]
    if len(models) == 1:
        return first
    assert all((model.rows == first.rows).all() for model in models)
    return ClipScores(first.rows, geometric_mean(np.stack([model.scores for model in models])))


@dataclass(frozen=True)
class Ensemble:
    """Some cells as one system."""

    raw: CellPredictions
    """Members' raw scores together; all folds as one model of the test clips."""
    normalised: CellPredictions
    """Members' scores, normalised first."""


def make_ensemble(members: Sequence[CellPredictions], clip_sigma: float | None) -> Ensemble:
    """The geometric mean of what the members predict (section 2.3, table 3).

    Validation clips by the members' models of their own fold, test clips by the models of all folds. Raw
    scores are rounded as they are written, so that the files give the very scores of the table.
    """
    raw = _mapped(_combined(members), lambda scores: scores.astype(np.float32))
    return Ensemble(raw, _combined([normalised(member, clip_sigma) for member in members]))


def _combined(members: Sequence[CellPredictions]) -> CellPredictions:
    """Fold by fold over members, and for test clips over folds too."""
    validation = tuple(together(folds) for folds in zip(*(m.validation for m in members), strict=True))
    test = [model for member in members for model in member.test]
    return CellPredictions(validation, (together(test),) if test else ())


@dataclass(frozen=True)
class Pool:
    """The labelled clips that a bootstrap draws from: all verified ones, or all test ones."""

    rows: Ints
    """Among all clips, ascending: (n,)."""
    truth: Labels
    """(n, C)."""
    fold: Ints
    """Fold of each clip, -1 for test clips: (n,)."""
    usage: NDArray[np.object_]
    """Public, Private or nothing: (n,)."""

    def mask(self, split: Split, clips: Clips = "all") -> Bools:
        """The clips of a split, or those of them with several labels: (n,)."""
        chosen = np.ones(len(self.rows), bool)
        if split in USAGE:
            chosen &= self.usage == USAGE[split]
        if clips == "several":
            chosen &= self.truth.sum(1) > 1
        return chosen


def make_pools(clips: ClipArrays) -> dict[Split, Pool]:
    """The pool of every split; public, private and test share one. Without a labelled clip: none."""
    labelled = clips.targets.any(1)
    verified, test = (_pool(clips, labelled & (clips.part == name)) for name in ("verified", "test"))
    pools: dict[Split, Pool] = {"cv": verified, "public": test, "private": test, "test": test}
    return {split: pool for split, pool in pools.items() if pool.mask(split).any()}


def _pool(clips: ClipArrays, chosen: Bools) -> Pool:
    rows = np.flatnonzero(chosen)
    return Pool(rows, clips.targets[rows], clips.fold[rows], clips.usage[rows])


def within(pool: Pool, model: ClipScores) -> tuple[Ints, NDArray[Any]]:
    """The clips of `model` that the pool has: their rows in it (n,), and their scores (n, C)."""
    known = np.isin(model.rows, pool.rows)
    return np.searchsorted(pool.rows, model.rows[known]), model.scores[known]


def precision_sums(pool: Pool, models: Sequence[ClipScores], ties: Ties) -> ClipSums:
    """A column for each model: (n of the pool, M)."""
    precisions = []
    for model in models:
        rows, scores = within(pool, model)
        precisions.append((rows, label_precisions(pool.truth[rows], scores, ties)))
    return clip_sums(precisions, len(pool.rows))
