"""What statistics are handed of a run: arrays, and functions that read more of them when they are due.

Shapes: N clips, C classes; n clips of a model; T iterations; J judgements of one fold.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.stats.grid import Cell, Grid, Hole
from trainable.arrays import Bools, Floats, Ints, Labels


@dataclass(frozen=True)
class ClipArrays:
    """All clips of a run: an entry for each, (N,)."""

    names: NDArray[np.object_]
    """Of their files."""
    part: NDArray[np.object_]
    """verified, unverified or test."""
    fold: Ints
    """-1 for clips that are not verified."""
    usage: NDArray[np.object_]
    """Public, Private or nothing."""
    labels: Sequence[str]
    """Names of the given labels in their own order, with commas between."""
    targets: Labels
    """(N, C); a row without labels: unknown."""
    classes: Sequence[str]


@dataclass(frozen=True)
class ClipScores:
    """Clips and their scores by one model, or by several together."""

    rows: Ints
    """Among all clips: (n,)."""
    scores: NDArray[Any]
    """(n, C)."""


@dataclass(frozen=True)
class CellPredictions:
    """What the folds of a cell predict when a stage ends: their own validation clips, and all test clips."""

    validation: tuple[ClipScores, ...]
    test: tuple[ClipScores, ...]


@dataclass(frozen=True)
class FoldCurves:
    """What a fold of a cell recorded while it was trained: (T,)."""

    iteration: Ints
    """From 1."""
    stage: Ints
    """From 0."""
    values: Mapping[str, Floats]
    """By the curve's name, NaN where there is no value."""


@dataclass(frozen=True)
class Judged:
    """What the selection of one fold of a cell made of unverified clips, in order of time: (J,)."""

    cell: Cell
    fold: int
    iteration: Ints
    stage: Ints
    clip: Ints
    """Among all clips."""
    loss: Floats
    masked: Floats
    """1 - keep, so soft weights count in part."""


@dataclass(frozen=True)
class Truth:
    """What is known about the labels of the clips, (N,); nothing is known where the names are empty."""

    wrong: Bools
    """Whether a clip's given labels are not its true ones."""
    true: NDArray[np.object_]
    """The true labels."""
    kind: NDArray[np.object_]
    """Of the given labels."""


@dataclass(frozen=True)
class Inputs:
    """A run, finished or not; the functions are asked only of cells that have a result."""

    grid: Grid
    clips: ClipArrays
    holes: Mapping[Cell, Hole]
    """Why cells have no result."""
    lwlrap: Mapping[Cell, float]
    """Of the cells with a result: of the validation clips when training ended, mean of the folds."""
    predictions: Callable[[Cell, Sequence[int | None]], list[CellPredictions]]
    """Of a cell at the end of each of these stages; None: the last one."""
    curves: Callable[[Cell, int], FoldCurves]
    judged: Callable[[Cell, int], Judged]
    unverified: Callable[[Cell, int], ClipScores]
    """Of all unverified clips by a fold's final model."""
    truth: Truth | None = None
    """None: nobody knows."""
    ensembles: Mapping[str, Sequence[Cell]] = field(default_factory=dict)
    """Members by the ensemble's name."""
    f_threshold: float = 0.5
    """Of scores that count as found in an F-score."""

    def only(self, cells: Sequence[Cell]) -> "Inputs":
        """The run as if it had these cells alone, which are of one entry."""
        return replace(self, grid=self.grid.only(cells), ensembles={})

    def judging_cells(self) -> list[Cell]:
        """Cells with a result whose selection judges unverified clips."""
        columns = self.grid.columns
        return [c for c in self.grid.cells if columns[c.selection].uses_unverified and c not in self.holes]
