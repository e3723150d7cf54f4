"""Figures of final scores: the grid as a heat map, and lwlrap of each class."""

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from orchestrator.legs.run import Run
from orchestrator.report.figures.style import (
    FAINT,
    INK,
    WIDTH,
    Picture,
    blocks,
    count_blocks,
    legend_below,
    looks,
    no_data,
    picture,
    text_width,
)
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.predictions import SPLIT_NAMES, Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey

LIGHT, DARK = "#fafafa", "#101010"
"""Text on dark and on light cells of a heat map: they keep their colour on every page."""
CELL, BESIDE = 0.75, 1.2
"""Inches that a cell's interval needs, and the names of the rows."""


def heat_map(run: Run, scores: RunScores) -> Picture | None:
    """lwlrap of every entry with its interval, a panel for each split; None where nothing is scored."""
    splits = scores.splits_shown
    if not splits or not scores.entries:
        return None
    rows, columns = list(run.experiment.activations), list(run.experiment.selections)
    stacked = len(columns) > 3
    width = max(WIDTH, BESIDE + CELL * len(columns))
    figure = Figure(
        figsize=(width, (0.62 * len(rows) + 0.9) * (len(splits) if stacked else 1)), layout="constrained"
    )
    place = (width - BESIDE) / len(columns) / (1 if stacked else len(splits))
    slanted = {"rotation": 30, "ha": "right"} if max(map(text_width, columns)) > place else {}
    shape = (len(splits), 1) if stacked else (1, len(splits))
    panels = figure.subplots(*shape, squeeze=False)
    for number, (panel, split) in enumerate(zip(panels.flat, splits, strict=True)):
        _cells(panel, scores, split, rows, columns)
        panel.set_title(SPLIT_NAMES[split])
        panel.set_xticks(range(len(columns)), columns, **slanted)
        panel.set_yticks(range(len(rows)), rows if stacked or number == 0 else [""] * len(rows))
    caption = (
        f"lwlrap of every cell, mean of the folds, with {scores.settings.level:.0%} bootstrap intervals over "
        "clips. Darker is higher; each panel has its own scale. Hatched: no result."
    )
    alt = (
        f"Heat map of lwlrap, rows {', '.join(rows)}, columns {', '.join(columns)}; Table 1 has the numbers."
    )
    return picture(figure, "grid", "The grid", caption, alt)


def _cells(axes: Axes, scores: RunScores, split: Split, rows: list[str], columns: list[str]) -> None:
    """Coloured squares with value and interval."""
    by_place = {
        (y, x): scores.find(Entry(row, column), ScoreKey(split, ties=scores.settings.ties))
        for y, row in enumerate(rows)
        for x, column in enumerate(columns)
    }
    values = [score.value for score in by_place.values() if isinstance(score, Score)]
    low, span = min(values, default=0.0), max(np.ptp(values), 1e-9) if values else 1.0
    for (y, x), score in by_place.items():
        if isinstance(score, Hole):
            axes.add_patch(_square(x, y, facecolor="none", edgecolor=FAINT, hatch="////"))
            axes.text(x, y, score.kind, ha="center", va="center", color=INK)
        else:
            _filled(axes, x, y, score, float((score.value - low) / span))
    axes.set(xlim=(-0.5, len(columns) - 0.5), ylim=(len(rows) - 0.5, -0.5))
    axes.grid(False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _square(x: float, y: float, **look: str) -> Rectangle:
    return Rectangle((x - 0.48, y - 0.46), 0.96, 0.92, linewidth=0, **look)  # type: ignore[arg-type]


def _filled(axes: Axes, x: int, y: int, score: Score, rank: float) -> None:
    """One square; `rank` is 0 for the panel's lowest value, 1 for its highest."""
    red, green, blue, _ = colormaps["Blues"](0.12 + 0.73 * rank)
    text = DARK if 0.3 * red + 0.59 * green + 0.11 * blue > 0.55 else LIGHT
    axes.add_patch(_square(x, y, facecolor=(red, green, blue)))  # type: ignore[arg-type]
    axes.text(x, y - 0.1, f"{score.value:.4f}", ha="center", va="center", color=text, fontsize=9)
    ends = f"[{score.shown.low:.3f}, {score.shown.high:.3f}]"
    axes.text(x, y + 0.24, ends, ha="center", va="center", color=text, fontsize=6)


def per_class(run: Run, scores: RunScores) -> Picture | None:
    """lwlrap of each class, a panel for each activation, a marker for each selection; None without scores."""
    splits = scores.splits_shown
    if not splits or not scores.entries:
        return None
    split, rows = splits[-1], list(run.experiment.activations)
    mean = np.mean([entry.per_class[split] for entry in scores.entries.values()], axis=0)
    order = np.array([c for c in np.argsort(mean, kind="stable") if np.isfinite(mean[c])])
    height = max(2.2, 1.2 + 0.16 * len(order)) * count_blocks(rows)
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    panels = [panel for (panel,) in blocks(figure, rows, sharey=True, sharex=True)]
    for panel, row in zip(panels, rows, strict=True):
        _dots(panel, run, scores, split, row, order)
        panel.set_xlabel("lwlrap")
    names = [f"{run.manifest.vocabulary[c]} ({scores.labels[split][c]})" for c in order]
    panels[0].set_yticks(range(len(order)), names)
    panels[0].set_ylim(-0.7, len(order) - 0.3)
    legend_below(figure, panels)
    caption = (
        f"lwlrap of each class on {SPLIT_NAMES[split]} clips, raw scores, mean of the folds; in brackets the "
        "number of labels. Ordered by the mean over all cells; grey lines span the selections."
    )
    alt = f"Dot plot of {len(order)} classes from {names[-1]}, the best, to {names[0]}."
    return picture(figure, "classes", "Classes", caption, alt)


def _dots(
    axes: Axes,
    run: Run,
    scores: RunScores,
    split: Split,
    row: str,
    order: "np.ndarray[tuple[int], np.dtype[np.int64]]",
) -> None:
    """The classes in `order` for one activation."""
    look, places = looks(list(run.experiment.selections)), np.arange(len(order))
    by_selection = {
        entry.selection: of_entry.per_class[split][order]
        for entry, of_entry in scores.entries.items()
        if entry.activation == row
    }
    if not by_selection:
        no_data(axes, "no result")
        return
    values = np.stack(list(by_selection.values()))
    axes.hlines(places, values.min(0), values.max(0), color=FAINT, linewidth=0.8, alpha=0.6)
    for selection, value in by_selection.items():
        mark = look[selection]
        axes.plot(
            value, places, linestyle="none", marker=mark.marker, color=mark.color, label=selection,
            markeredgewidth=0, markersize=3.8, clip_on=False,
        )  # fmt: skip
