"""From the predictions of a cell, or of an ensemble of cells, to the sums that their scores need.

Shapes: n clips, C classes, M models.
"""

from collections.abc import Callable, Mapping, Sequence
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
CLIPS: tuple[Clips, ...] = ("all", "several")
_NAMES = ("cross-validation", "public test", "private test", "test")
SPLIT_NAMES: dict[Split, str] = dict(zip(SPLITS, _NAMES, strict=True))
"""For people."""
Form = Literal["raw", "normalised"]
"""Scores as the model gave them, or after class-wise normalisation."""
FORMS: tuple[Form, ...] = ("raw", "normalised")
Forms = Mapping[Form, CellPredictions]
"""What a cell predicts, or an ensemble: both forms, or the raw scores alone."""
USAGE: dict[Split, str] = {"public": "Public", "private": "Private"}


def normalise(predictions: CellPredictions, clip_sigma: float | None) -> CellPredictions:
    """Each model's scores class-wise normalised over its own clips (section 2.3).

    `clip_sigma`: standard deviations at which they are clipped; None: no clipping.
    """
    return _mapped(predictions, lambda scores: class_normalise(scores, clip_sigma))


def _mapped(predictions: CellPredictions, change: Callable[[NDArray[Any]], NDArray[Any]]) -> CellPredictions:
    """The same clips with other scores."""

    parts = (predictions.validation, predictions.test)
    return CellPredictions(*(tuple(ClipScores(m.rows, change(m.scores)) for m in part) for part in parts))


def blended(predictions: CellPredictions) -> CellPredictions:
    """The folds' test scores as one model's: their geometric mean."""
    return CellPredictions(predictions.validation, (together(predictions.test),) if predictions.test else ())


def together(models: Sequence[ClipScores]) -> ClipScores:
    """Geometric mean of models' scores of the same clips; a single model's stay as they are."""
    rows = models[0].rows
    if len(models) == 1:
        return models[0]
    assert all((model.rows == rows).all() for model in models)
    return ClipScores(rows, geometric_mean(np.stack([model.scores for model in models])))


def ensemble_of(members: Sequence[CellPredictions], clip_sigma: float | None) -> Forms:
    """The geometric mean of what the members predict (section 2.3, table 3), each normalised first or raw.

    Validation clips by the members' models of their own fold, test clips by the models of all folds, as one.
    Raw scores are rounded as they are written, so that the files give the very scores of the table.
    """
    raw = _mapped(_combined(members), lambda scores: scores.astype(np.float32))
    return {"raw": raw, "normalised": _combined([normalise(member, clip_sigma) for member in members])}


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


Pair = tuple[Labels, NDArray[Any]]
"""Truth and scores of a model: (n, C) each."""


def pairs_of(pool: Pool, split: Split, predictions: CellPredictions) -> list[Pair]:
    """Every fold's truth and scores on the clips of a split."""
    mask, pairs = pool.mask(split), []
    for model in predictions.validation if split == "cv" else predictions.test:
        rows, scores = within(pool, model)
        pairs.append((pool.truth[rows][mask[rows]], scores[mask[rows]]))
    return pairs


def precision_sums(pool: Pool, models: Sequence[ClipScores], ties: Ties) -> ClipSums:
    """A column for each model: (n of the pool, M)."""
    known = [within(pool, model) for model in models]
    precisions = [(rows, label_precisions(pool.truth[rows], scores, ties)) for rows, scores in known]
    return clip_sums(precisions, len(pool.rows))
