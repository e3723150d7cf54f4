"""From the predictions of a cell to the sums that its scores and their bootstrap need.

Shapes: n clips, C classes, M models.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.legs.run import Part, Predictions, Run
from orchestrator.stats.bootstrap import ClipSums, Ints, clip_sums
from orchestrator.stats.grid import Cell
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


@dataclass(frozen=True)
class ClipScores:
    """Clips and their scores by one model, or by several together."""

    rows: Ints
    """Rows of `Run.clips`: (n,)."""
    scores: NDArray[Any]
    """(n, C)."""


@dataclass(frozen=True)
class CellPredictions:
    """What the folds of a cell predict when a stage ends."""

    validation: tuple[ClipScores, ...]
    """Each fold's own validation clips."""
    test: tuple[ClipScores, ...]
    """The same test clips by each fold."""

    def normalised(self, clip_sigma: float | None) -> "CellPredictions":
        """Each model's scores class-wise normalised over its own clips (section 2.3).

        `clip_sigma`: standard deviations at which they are clipped; None: no clipping.
        """

        def normal(model: ClipScores) -> ClipScores:
            return ClipScores(model.rows, class_normalise(model.scores, clip_sigma))

        return CellPredictions(tuple(map(normal, self.validation)), tuple(map(normal, self.test)))

    def blend(self) -> "CellPredictions":
        """The folds' test scores as one model's: their geometric mean."""
        return CellPredictions(self.validation, (together(self.test),) if self.test else ())


def together(models: Sequence[ClipScores]) -> ClipScores:
    """Geometric mean of models' scores of the same clips; a single model's stay as they are."""
    first = models[0]
    if len(models) == 1:
        return first
    assert all((model.rows == first.rows).all() for model in models)
    return ClipScores(first.rows, geometric_mean(np.stack([model.scores for model in models])))


def read_predictions(run: Run, cell: Cell, stages: Sequence[int | None] = (None,)) -> list[CellPredictions]:
    """The predictions of a cell at the end of each of `stages`; None: the last one. Reads each fold once.

    Raises:
        FileNotFoundError: the cell has no result.
    """
    folds = [run.predictions(cell, fold) for fold in range(run.experiment.folds)]
    return [
        CellPredictions(_models(folds, "validation", stage), _models(folds, "test", stage))
        for stage in stages
    ]


def _models(folds: Sequence[Predictions], part: Part, stage: int | None) -> tuple[ClipScores, ...]:
    """Each fold's scores of one part, where there are clips in it."""
    scores = [fold.of(part, stage) for fold in folds]
    return tuple(ClipScores(fold.rows, fold.scores) for fold in scores if len(fold.rows))


@dataclass(frozen=True)
class Pool:
    """The labelled clips that a bootstrap draws from: all verified ones, or all test ones."""

    rows: Ints
    """Rows of `Run.clips`, ascending: (n,)."""
    truth: NDArray[np.uint8]
    """(n, C)."""
    fold: Ints
    """Fold of each clip, -1 for test clips: (n,)."""
    usage: NDArray[np.str_]
    """Public, Private or nothing: (n,)."""

    def mask(self, split: Split, clips: Clips = "all") -> NDArray[np.bool_]:
        """The clips of a split, or those of them with several labels: (n,)."""
        chosen = np.ones(len(self.rows), bool)
        if split in USAGE:
            chosen &= self.usage == USAGE[split]
        if clips == "several":
            chosen &= self.truth.sum(1) > 1
        return chosen


def make_pools(run: Run) -> dict[Split, Pool]:
    """The pool of every split; public, private and test share one. Without a labelled clip: none."""
    labelled = run.targets.any(1)
    part = run.clips["part"].to_numpy()
    verified, test = (_pool(run, labelled & (part == name)) for name in ("verified", "test"))
    pools: dict[Split, Pool] = {"cv": verified, "public": test, "private": test, "test": test}
    return {split: pool for split, pool in pools.items() if pool.mask(split).any()}


def _pool(run: Run, chosen: NDArray[np.bool_]) -> Pool:
    rows = np.flatnonzero(chosen)
    clips = run.clips.iloc[rows]
    fold = clips["fold"].to_numpy().astype(np.int64)
    return Pool(rows, run.targets[rows], fold, clips["usage"].to_numpy().astype(str))


def within(pool: Pool, model: ClipScores) -> tuple[Ints, NDArray[Any]]:
    """The clips of `model` that the pool has: their places in it (n,), and their scores (n, C)."""
    known = np.isin(model.rows, pool.rows)
    return np.searchsorted(pool.rows, model.rows[known]), model.scores[known]


def precision_sums(pool: Pool, models: Sequence[ClipScores], ties: Ties) -> ClipSums:
    """A column for each model: (n of the pool, M)."""
    precisions = []
    for model in models:
        places, scores = within(pool, model)
        precisions.append((places, label_precisions(pool.truth[places], scores, ties)))
    return clip_sums(precisions, len(pool.rows))
