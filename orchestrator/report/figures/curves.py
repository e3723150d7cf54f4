"""Figures over iterations: the paper's Figure 4, and the scores of all cells while they were trained."""

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from orchestrator.legs.run import Run
from orchestrator.report.figures import style
from orchestrator.report.figures.style import Floats, Look, Picture
from orchestrator.stats.grid import Entry

Curves = Sequence[pd.DataFrame]
"""Of every fold and seed of one entry of the grid."""
POINTS = 100
"""Points, at most about, that a curve of every iteration is drawn with."""
PANELS = (
    ("(a) F-score", "micro F-score, validation"),
    ("(b) loss", "training loss (nats)"),
    ("(c) selection threshold", "loss of a clip (nats)"),
)


def read_curves(run: Run) -> dict[Entry, Curves]:
    """Curves of every entry with a result, row by row."""
    done = {entry: [cell for cell in cells if not run.hole(cell)] for entry, cells in run.entries.items()}
    folds = range(run.experiment.folds)
    return {
        e: [run.curves(cell, fold) for cell in cells for fold in folds] for e, cells in done.items() if cells
    }


def values_of(curves: Curves, name: str) -> Floats:
    """One of the curves: (folds, iterations)."""
    return np.stack([fold[name].to_numpy(np.float64) for fold in curves])


def limit(curves: Curves) -> str:
    """Column with the loss over which clips are masked: the updatable threshold, or the ranked loss."""
    return "eta" if any(fold["eta"].notna().any() for fold in curves) else "T"


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


def binned(values: Floats, edges: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Of `values` (folds, iterations) each fold's mean in the spans between `edges`: (folds, spans); and the
    lowest and highest of any iteration and fold: (spans,). NaN where a span has no value."""
    spans = pd.DataFrame(values.T).groupby(np.repeat(np.arange(len(edges) - 1), np.diff(edges)))
    low, high = spans.min().min(axis=1), spans.max().max(axis=1)
    return spans.mean().to_numpy().T, low.to_numpy(), high.to_numpy()


def figure_4(run: Run, curves: dict[Entry, Curves], activation: str) -> Picture | None:
    """F-score, loss and selection threshold of every column of one activation; None where all are holes."""
    columns = _columns(curves, activation)
    if not columns:
        return None
    ends, look = stage_ends(run), style.looks(list(run.experiment.selections))
    figure = Figure(figsize=(style.WIDTH, 6.4))
    panels = figure.subplots(3, 1, sharex=True)
    edges = bin_edges(ends)
    middle = (edges[:-1] + 1 + edges[1:]) / 2
    for name, column in columns.items():
        evaluated(panels[0], values_of(column, "fscore"), look[name], name)
        loss, *_ = binned(values_of(column, "loss"), edges)
        style.band(panels[1], middle, loss, look[name], name)
        threshold, *extremes = binned(values_of(column, limit(column)), edges)
        style.band(panels[2], middle, threshold, look[name], name, extremes=(extremes[0], extremes[1]))
    for panel, (title, axis) in zip(panels, PANELS, strict=True):
        panel.set(title=title, ylabel=axis)
        if not panel.collections:
            style.no_data(panel, "nothing was measured")
        style.mark_stages(panel, ends, names=panel is panels[0])
    panels[2].set_xlabel("iteration")
    style.legend_below(figure, panels[:1])
    return style.picture(figure, f"figure4-{activation}", *_words_4(run, activation, ends, list(columns)))


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
    return f"Figure 4, {activation}", caption, alt, missing(run, activation)


def missing(run: Run, activation: str) -> str:
    """A sentence on the cells of a row that have no result."""
    holes = {cell: run.hole(cell) for cell in run.cells if cell.activation == activation}
    reasons = dict.fromkeys(f"{cell.selection}: {hole}" for cell, hole in holes.items() if hole)
    return f"Not shown: {'; '.join(reasons)}." if reasons else ""


def evaluated(axes: Axes, values: Floats, look: Look, label: str) -> None:
    """A curve that has values only where the model was evaluated; `values` (folds, iterations)."""
    at = np.flatnonzero(np.isfinite(values).any(0))
    style.band(axes, at + 1.0, values[:, at], look, label, markers=len(at) <= 30)


def all_curves(run: Run, curves: dict[Entry, Curves]) -> Picture | None:
    """F-score and lwlrap on validation clips of all cells: a column for each activation; None without any."""
    if not curves:
        return None
    rows, look = list(run.experiment.activations), style.looks(list(run.experiment.selections))
    figure = Figure(figsize=(style.WIDTH, 4.4 * style.count_blocks(rows)))
    pairs = style.blocks(figure, rows, tall=2, sharex=True)
    for pair, row in zip(pairs, rows, strict=True):
        _scores(pair, _columns(curves, row), look, stage_ends(run))
    for pair in pairs[:: style.ACROSS]:
        pair[0].set_ylabel("micro F-score")
        pair[1].set_ylabel("lwlrap")
    for of_a_score in zip(*pairs, strict=True):
        _share_height([panel for panel in of_a_score if panel.collections])
    style.legend_below(figure, [panel for pair in pairs for panel in pair])
    caption = (
        "Scores on each fold's validation clips at every evaluation, not smoothed. Lines: mean of the folds; "
        "bands: from the lowest to the highest fold. Dotted lines: ends of stages. Columns of a row share "
        "stage 1."
    )
    alt = f"F-score and lwlrap over iterations for each of {', '.join(rows)}, a line for each selection."
    told = " ".join(filter(None, [caption, *(missing(run, row) for row in rows)]))
    return style.picture(figure, "curves", "Scores while training", told, alt)


def _scores(pair: Sequence[Axes], curves: dict[str, Curves], look: dict[str, Look], ends: list[int]) -> None:
    """F-score above lwlrap for one activation."""
    for panel, name in zip(pair, ("fscore", "lwlrap"), strict=True):
        for selection, column in curves.items():
            evaluated(panel, values_of(column, name), look[selection], selection)
        if not curves:
            style.no_data(panel, "no result")
        style.mark_stages(panel, ends, names=False)
    pair[1].set_xlabel("iteration")


def _share_height(panels: Sequence[Axes]) -> None:
    """The same vertical axis for all panels."""
    for panel in panels[1:]:
        panel.sharey(panels[0])
    for panel in panels[:1]:
        panel.autoscale(axis="y")
