"""From the predictions of a cell to the sums that its scores and their bootstrap need.

Shapes: n clips of a table, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from orchestrator.artifacts.run import Part, Predictions, Run
from orchestrator.plan.legs import Cell
from orchestrator.report.scores.bootstrap import ClipSums, Ints, clip_sums
from trainable.metrics import Ties, label_precisions
from trainable.postprocess import class_normalise, geometric_mean

Split = Literal["cv", "public", "private", "test"]
SPLITS: tuple[Split, ...] = ("cv", "public", "private", "test")
Clips = Literal["all", "several"]
USAGE = {"public": "Public", "private": "Private"}


@dataclass(frozen=True)
class Scored:
    """Clips and their scores by one model, or by several together."""

    rows: Ints
    """Rows of `Run.clips`: (n,)."""
    scores: NDArray[Any]
    """(n, C)."""


@dataclass(frozen=True)
class CellTables:
    """What the folds of a cell predict when a stage ends."""

    validation: tuple[Scored, ...]
    """Each fold's own validation clips."""
    test: tuple[Scored, ...]
    """The same test clips by each fold."""

    def normalised(self, clip_sigma: float | None) -> "CellTables":
        """Every table class-wise normalised over its own clips (section 2.3)."""

        def normal(table: Scored) -> Scored:
            return Scored(table.rows, class_normalise(table.scores, clip_sigma))

        return CellTables(tuple(map(normal, self.validation)), tuple(map(normal, self.test)))

    def blend(self) -> "CellTables":
        """The folds' test scores as one model's: their geometric mean."""
        return CellTables(self.validation, (together(self.test),) if self.test else ())


def together(tables: Sequence[Scored]) -> Scored:
    """Geometric mean of scores of the same clips; a single table stays as it is."""
    if len(tables) == 1:
        return tables[0]
    assert all((table.rows == tables[0].rows).all() for table in tables)
    return Scored(tables[0].rows, geometric_mean(np.stack([table.scores for table in tables])))


def read_tables(run: Run, cell: Cell, stages: Sequence[int | None] = (None,)) -> list[CellTables]:
    """The predictions of a cell with a result at the end of each of `stages`; None: the last one."""
    folds = [run.predictions(cell, fold) for fold in range(run.experiment.folds)]
    return [_cell_tables(folds, stage) for stage in stages]


def _cell_tables(folds: Sequence[Predictions], stage: int | None) -> CellTables:
    parts: tuple[Part, Part] = ("validation", "test")
    validation, test = ([fold.of(part, stage) for fold in folds] for part in parts)
    return CellTables(
        *(tuple(Scored(t.rows, t.scores) for t in of if len(t.rows)) for of in (validation, test))
    )


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


def within(pool: Pool, table: Scored) -> tuple[Ints, NDArray[Any]]:
    """The labelled clips of `table` as places in the pool, and their scores."""
    known = np.isin(table.rows, pool.rows)
    return np.searchsorted(pool.rows, table.rows[known]), table.scores[known]


def precision_sums(pool: Pool, models: Sequence[Scored], ties: Ties) -> ClipSums:
    """A column for each model: (n of the pool, models)."""
    found = []
    for table in models:
        places, scores = within(pool, table)
        found.append((places, label_precisions(pool.truth[places], scores, ties)))
    return clip_sums(found, len(pool.rows))
