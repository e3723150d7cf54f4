"""Figures over iterations: the paper's Figure 4, and the scores of all cells while they were trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from orchestrator.legs.run import Run
from orchestrator.report.figures.style import (
    ACROSS,
    WIDTH,
    Look,
    Picture,
    band,
    blocks,
    count_blocks,
    legend_below,
    looks,
    mark_stages,
    no_data,
    picture,
)
from orchestrator.stats.grid import Cell, Entry

Floats = NDArray[np.floating[Any]]

POINTS = 100
"""Points, at most about, that a curve of every iteration is drawn with."""


@dataclass(frozen=True)
class Curves:
    """Every fold's and seed's curves of one entry of the grid."""

    folds: tuple[pd.DataFrame, ...]

    @classmethod
    def read(cls, run: Run, cells: Sequence[Cell]) -> "Curves":
        """Those of the cells that have a result."""
        done = [cell for cell in cells if run.hole(cell) is None]
        return cls(tuple(run.curves(cell, fold) for cell in done for fold in range(run.experiment.folds)))

    def of(self, name: str) -> Floats:
        """(folds, iterations)."""
        return np.stack([fold[name].to_numpy(np.float64) for fold in self.folds])

    @property
    def limit(self) -> str:
        """Column with the loss over which clips are masked: the updatable threshold, or the ranked loss."""
        return "eta" if np.isfinite(self.of("eta")).any() else "T"


def read_curves(run: Run) -> dict[Entry, Curves]:
    """Curves of every entry with a result, row by row."""
    by_entry = {entry: Curves.read(run, cells) for entry, cells in run.entries.items()}
    return {entry: curves for entry, curves in by_entry.items() if curves.folds}


def stage_ends(run: Run) -> list[int]:
    """Last iteration of each stage."""
    return list(accumulate(stage.iterations for stage in run.experiment.stages))


def bin_edges(ends: Sequence[int], points: int = POINTS) -> NDArray[np.int64]:
    """Starts of about `points` equally wide spans of iterations that do not cross stages, and the end."""
    width = bin_width(ends, points)
    starts = [np.arange(start, end, width) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    return np.concatenate([*starts, [ends[-1]]])


def bin_width(ends: Sequence[int], points: int = POINTS) -> int:
    """Iterations in one point of a curve."""
    return max(1, -(-ends[-1] // points))


@dataclass(frozen=True)
class Binned:
    """A curve in spans of iterations; NaN where a span has no value."""

    middle: Floats
    """Middle of each span, as an iteration: (spans,)."""
    mean: Floats
    """(folds, spans)."""
    low: Floats
    """Lowest value of any iteration and fold: (spans,)."""
    high: Floats


def binned(values: Floats, edges: NDArray[np.int64]) -> Binned:
    """`values` (folds, iterations) gathered in the spans between `edges`."""
    known = np.isfinite(values)
    count = np.add.reduceat(known, edges[:-1], axis=1, dtype=np.float64)
    total = np.add.reduceat(np.where(known, values, 0), edges[:-1], axis=1)
    with np.errstate(invalid="ignore"):
        mean = total / count
    low = np.minimum.reduceat(np.where(known, values, np.inf), edges[:-1], axis=1).min(0)
    high = np.maximum.reduceat(np.where(known, values, -np.inf), edges[:-1], axis=1).max(0)
    seen = count.any(0)
    middle = (edges[:-1] + 1 + edges[1:]) / 2
    return Binned(middle, mean, np.where(seen, low, np.nan), np.where(seen, high, np.nan))


def figure_4(run: Run, curves: dict[Entry, Curves], activation: str) -> Picture | None:
    """F-score, loss and selection threshold of every column of one activation; None where all are holes."""
    columns = _columns(curves, activation)
    if not columns:
        return None
    ends, look = stage_ends(run), looks(list(run.experiment.selections))
    figure = Figure(figsize=(WIDTH, 6.4), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True)
    for selection, column in columns.items():
        evaluated(panels[0], column.of("fscore"), look[selection], selection)
        loss, limit = (binned(column.of(name), bin_edges(ends)) for name in ("loss", column.limit))
        band(panels[1], loss.middle, loss.mean, look[selection], selection)
        band(
            panels[2], limit.middle, limit.mean, look[selection], selection, extremes=(limit.low, limit.high)
        )
    titles = (
        ("(a) F-score", "micro F-score, validation"),
        ("(b) loss", "training loss (nats)"),
        ("(c) selection threshold", "loss of a clip (nats)"),
    )
    for number, (panel, (title, axis)) in enumerate(zip(panels, titles, strict=True)):
        panel.set_title(title, pad=12 if number == 0 else 4)
        panel.set_ylabel(axis)
        mark_stages(panel, ends, names=number == 0)
        if not panel.lines[len(ends) - 1 :] and not panel.collections:
            no_data(panel, "nothing was measured")
    panels[2].set_xlabel("iteration")
    legend_below(figure, panels[:1])
    return picture(figure, f"figure4-{activation}", *_words_4(run, activation, ends, list(columns)))


def _columns(curves: dict[Entry, Curves], activation: str) -> dict[str, Curves]:
    """Curves of one row of the grid, by selection."""
    return {entry.selection: of_entry for entry, of_entry in curves.items() if entry.activation == activation}


def _words_4(run: Run, activation: str, ends: list[int], selections: list[str]) -> tuple[str, str, str, str]:
    width, averaged = bin_width(ends), "folds" if len(run.experiment.seeds) == 1 else "folds and seeds"
    each = "every iteration" if width == 1 else f"a point is the mean over {width} iterations of one stage"
    caption = (
        f"Training, as in the paper's Figure 4. Lines: mean of the {averaged}; bands: from "
        f"the lowest to the highest of them. (a) on each fold's validation clips, at evaluations only, not "
        f"smoothed. (b) loss of a batch (eq. 1), masked clips counting 0; {each}. (c) loss over which an "
        f"unverified clip is masked: eta where the mechanism has one, else T_t; {each}, and the band spans "
        f"all single iterations, so its width is the threshold's unrest."
    )
    alt = f"Three curves over {ends[-1]} iterations in {len(ends)} stages for {', '.join(selections)}."
    return f"Figure 4, {activation}", caption, alt, missing(run, activation).strip()


def missing(run: Run, activation: str) -> str:
    """A sentence on the cells of a row that have no result."""
    reasons = [
        f"{cell.selection}: {hole}"
        for cell in run.cells
        if cell.activation == activation and (hole := run.hole(cell))
    ]
    return f" Not shown: {'; '.join(dict.fromkeys(reasons))}." if reasons else ""


def evaluated(axes: Axes, values: Floats, look: Look, label: str) -> None:
    """A curve that has values only where the model was evaluated; `values` (folds, iterations)."""
    at = np.flatnonzero(np.isfinite(values).any(0))
    if len(at):
        band(axes, at + 1.0, values[:, at], look, label, markers=len(at) <= 30)


def all_curves(run: Run, curves: dict[Entry, Curves]) -> Picture | None:
    """F-score and lwlrap on validation clips of all cells: a column for each activation; None without any."""
    if not curves:
        return None
    rows, ends = list(run.experiment.activations), stage_ends(run)
    look = looks(list(run.experiment.selections))
    figure = Figure(figsize=(WIDTH, 4.4 * count_blocks(rows)), layout="constrained")
    pairs = blocks(figure, rows, tall=2, sharex=True)
    for number, (pair, row) in enumerate(zip(pairs, rows, strict=True)):
        _scores(pair, _columns(curves, row), look, ends, first=number % ACROSS == 0)
    _share_heights(pairs)
    legend_below(figure, [panel for pair in pairs for panel in pair])
    holes = "".join(missing(run, row) for row in rows)
    caption = (
        "Scores on each fold's validation clips at every evaluation, not smoothed. Lines: mean of the folds; "
        "bands: from the lowest to the highest fold. Dotted lines: ends of stages. Columns of a row share "
        f"stage 1.{holes}"
    )
    alt = f"F-score and lwlrap over iterations for each of {', '.join(rows)}, a line for each selection."
    return picture(figure, "curves", "Scores while training", caption, alt)


def _scores(
    pair: Sequence[Axes],
    curves: dict[str, Curves],
    look: dict[str, Look],
    ends: list[int],
    *,
    first: bool,
) -> None:
    """F-score above lwlrap for one activation."""
    for panel, name in zip(pair, ("fscore", "lwlrap"), strict=True):
        for selection, column in curves.items():
            evaluated(panel, column.of(name), look[selection], selection)
        mark_stages(panel, ends, names=False)
        if first:
            panel.set_ylabel({"fscore": "micro F-score", "lwlrap": "lwlrap"}[name])
        if not curves:
            no_data(panel, "no result")
    pair[1].set_xlabel("iteration")


def _share_heights(pairs: Sequence[Sequence[Axes]]) -> None:
    """The same vertical axis for all panels of a score that have data."""
    for of_a_score in zip(*pairs, strict=True):
        drawn = [panel for panel in of_a_score if panel.collections]
        if drawn:
            low, high = min(p.get_ylim()[0] for p in drawn), max(p.get_ylim()[1] for p in drawn)
            for panel in drawn:
                panel.set_ylim(low, high)
