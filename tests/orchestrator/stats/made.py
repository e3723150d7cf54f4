"""A run as arrays, from random numbers: nothing is written, read or trained.

Scores separate true classes from others by one amount for all cells, plus `effect` of a cell. The noise has a
part that all cells share, as the difficulty of a clip would be, and a part of each cell's own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from orchestrator.settings.tree import ReportSettings
from orchestrator.stats.grid import Cell, Entry, Grid, Hole, Masking, members_of
from orchestrator.stats.inputs import (
    CellPredictions,
    ClipArrays,
    ClipScores,
    FoldCurves,
    Inputs,
    Judged,
    Truth,
)
from tests.orchestrator.fake_data import FakeData, Numbers, generator
from trainable.arrays import Floats
from trainable.metrics import lwlrap

FAST = ReportSettings(resamples=200)
ROWS = ("sigmoid", "sigmoid_softmax")
COLUMNS = ("verified_only", "top_k", "threshold")
HEADS = {"sigmoid": 1, "softmax": 1, "sparsemax": 1, "sigmoid_softmax": 2, "sigmoid_sparsemax": 2}
MASKED = 3
"""Clips that top_k and random_k mask in each batch."""


def made_grid(
    rows: Sequence[str] = ROWS, columns: Sequence[str] = COLUMNS, seeds: Sequence[int] = (0,), folds: int = 2
) -> Grid:
    """The grid of these names, with three stages, of which the second may mask."""
    maskings = {name: Masking(name != "verified_only", name != "random_k") for name in columns}
    cells = [Cell(row, column, seed) for row in rows for seed in seeds for column in columns]
    return Grid({row: HEADS[row] for row in rows}, maskings, seeds, folds, (False, True, False), cells)


def made_inputs(
    grid: Grid | None = None,
    *,
    numbers: Numbers | None = None,
    effect: Mapping[Entry, float] | None = None,
    missing: Collection[Entry | Cell] = (),
    ensembles: Mapping[str, Sequence[str]] | None = None,
    **shape: Any,
) -> Inputs:
    """A run of `grid`, or of `made_grid(**shape)`; what is in `missing` has no result."""
    grid, numbers = grid or made_grid(**shape), numbers or Numbers()
    classes = [f"class_{c:02}" for c in range(numbers.classes)]
    data = FakeData.draw(numbers, classes, grid.folds, 0)
    targets, unverified = data.given, np.flatnonzero(data.part == "unverified")
    holes = {cell: Hole("not run") for cell in grid.cells if {cell, cell.entry} & set(missing)}

    def scores(cell: Cell, fold: int, stage: int | None) -> Floats:
        stage = len(grid.stages) - 1 if stage is None else stage
        shared = generator("difficulty", fold).standard_normal(targets.shape)
        own = generator(cell, fold, stage).standard_normal(targets.shape)
        above = numbers.separation + 0.1 * stage + (effect or {}).get(cell.entry, 0.0)
        return np.asarray(1 / (1 + np.exp(2 - 0.8 * shared - 0.6 * own - above * data.truth)))

    def model(cell: Cell, fold: int, stage: int | None, rows: Any) -> ClipScores:
        return ClipScores(rows, scores(cell, fold, stage)[rows].astype(np.float32))

    def predictions(cell: Cell, stages: Sequence[int | None]) -> list[CellPredictions]:
        folds, test = range(grid.folds), np.flatnonzero(data.part == "test")
        return [
            CellPredictions(
                tuple(model(cell, k, stage, np.flatnonzero(data.fold == k)) for k in folds),
                tuple(model(cell, k, stage, test) for k in folds if len(test)),
            )
            for stage in stages
        ]

    def curves(cell: Cell, fold: int) -> FoldCurves:
        total, rng = sum(numbers.iterations), generator("curves", cell, fold)
        iteration = np.arange(1, total + 1)
        fscore = np.where(iteration % 5 == 0, iteration / total + 0.1 * rng.standard_normal(total), np.nan)
        values = {"loss": 2 - iteration / total + 0.1 * rng.standard_normal(total), "fscore": fscore}
        return FoldCurves(iteration, np.repeat(np.arange(3), numbers.iterations), values)

    def judged(cell: Cell, fold: int) -> Judged:
        """Wrong labels lose more, so mechanisms that rank mask them more often."""
        rng, (first, second, _) = generator("judged", cell, fold), numbers.iterations
        clips, losses, masks = [], [], []
        for _ in range(second):
            clip = rng.choice(unverified, numbers.batch // 2, replace=False)
            loss = rng.gamma(4, 0.4, len(clip)) + 1.5 * (data.kind[clip] != "right")
            clips.append(clip)
            losses.append(loss)
            masks.append(mask(cell.selection, loss, rng))
        iteration = np.repeat(np.arange(first + 1, first + second + 1), numbers.batch // 2)
        clip, loss, masked = map(np.concatenate, (clips, losses, masks))
        return Judged(cell, fold, iteration, np.ones_like(iteration), clip, loss, masked)

    labels = [",".join(labels) for labels in data.labels(targets)]
    arrays = ClipArrays(
        np.array(data.names, object), data.part.astype(object), data.fold.astype(np.int64),
        np.array(data.usage, object), labels, targets, classes,
    )  # fmt: skip
    true = np.array([",".join(labels) for labels in data.labels(data.truth)], object)
    done = [cell for cell in grid.cells if cell not in holes]
    last = {cell: predictions(cell, [None])[0].validation for cell in done}
    validation = {c: float(np.mean([lwlrap(targets[m.rows], m.scores) for m in last[c]])) for c in done}
    return Inputs(
        grid, arrays, holes, validation, predictions, curves, judged,
        lambda cell, fold: model(cell, fold, None, unverified),
        Truth((data.given != data.truth).any(1), true, data.kind.astype(object)),
        members_of(grid.cells, ensembles or {}),
    )  # fmt: skip


def mask(selection: str, loss: Floats, rng: np.random.Generator) -> Floats:
    """1 - keep of a batch's unverified clips, as the mechanism of this name would."""
    masked = np.zeros(len(loss))
    if selection == "random_k":
        masked[rng.choice(len(loss), MASKED, replace=False)] = 1
    elif selection != "keep_all":
        masked = (loss >= (np.sort(loss)[-MASKED] if selection == "top_k" else 2.5)).astype(float)
    return masked


def without_truth(inputs: Inputs) -> Inputs:
    """As if nobody knew which labels are wrong."""
    return replace(inputs, truth=None)
