"""Figures of final scores: the grid as a heat map, the claims as a forest plot, lwlrap of each class."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from orchestrator.legs.run import Run
from orchestrator.report.figures import style
from orchestrator.report.figures.style import Picture
from orchestrator.stats.assessment import TRAINING, ClaimResult
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Claim
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.predictions import SPLIT_NAMES, Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey
from orchestrator.stats.verdicts import Verdict
from trainable.arrays import Ints

LIGHT, DARK = "#fafafa", "#101010"
"""Text on dark and on light cells of a heat map: they keep their colour on every page."""
SHADES = ListedColormap(colormaps["Blues"](np.linspace(0.12, 0.85, 256)))
CELL, BESIDE = 0.75, 1.2
"""Inches that a cell's interval needs, and the names of the rows."""


def heat_map(run: Run, scores: RunScores) -> Picture | None:
    """lwlrap of every entry with its interval, a panel for each split; None where nothing is scored."""
    splits = scores.splits_shown
    if not splits or not scores.entries:
        return None
    rows, columns = list(run.experiment.activations), list(run.experiment.selections)
    stacked = len(columns) > 3
    width = max(style.WIDTH, BESIDE + CELL * len(columns))
    height = (0.62 * len(rows) + 0.9) * (len(splits) if stacked else 1)
    figure = Figure(figsize=(width, height))
    room = (width - BESIDE) / len(columns) / (1 if stacked else len(splits))
    slanted = {"rotation": 30, "ha": "right"} if max(map(style.text_width, columns)) > room else {}
    shape = (len(splits), 1) if stacked else (1, len(splits))
    panels = figure.subplots(*shape, squeeze=False)
    for number, (panel, split) in enumerate(zip(panels.flat, splits, strict=True)):
        _cells(panel, scores, split, rows, columns)
        panel.set_title(SPLIT_NAMES[split])
        panel.set_xticks(np.arange(len(columns)) + 0.5, columns, **slanted)
        panel.set_yticks(np.arange(len(rows)) + 0.5, rows if stacked or number == 0 else [""] * len(rows))
    caption = (
        f"lwlrap of every cell, mean of the folds, with {scores.settings.level:.0%} intervals. "
        "Darker is higher; each panel has its own scale. Hatched: no result."
    )
    names = f"rows {', '.join(rows)}, columns {', '.join(columns)}"
    alt = f"Heat map of lwlrap, {names}; Table 1 has the numbers."
    return style.picture(figure, "grid", "The grid", caption, alt)


def _cells(axes: Axes, scores: RunScores, split: Split, rows: list[str], columns: list[str]) -> None:
    """Coloured squares with value and interval; where there is none, the hatched ground."""
    key, values = ScoreKey(split, ties=scores.settings.ties), np.full((len(rows), len(columns)), np.nan)
    squares = {(y, x): scores.find(Entry(rows[y], columns[x]), key) for y, x in np.ndindex(values.shape)}
    for place, score in squares.items():
        values[place] = score.value if isinstance(score, Score) else np.nan
    mesh = axes.pcolormesh(values, cmap=SHADES, edgecolors=style.BACKGROUND, linewidth=3)
    colours = mesh.to_rgba(values)
    axes.patch.set(facecolor="none", edgecolor=style.FAINT, hatch="////", linewidth=0)
    for (y, x), score in squares.items():
        if isinstance(score, Hole):
            axes.text(x + 0.5, y + 0.5, score.kind, ha="center", va="center")
        else:
            _numbers(axes, x + 0.5, y + 0.5, score, colours[y, x])
    axes.set(ylim=(len(rows), 0))
    axes.grid(False)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _numbers(axes: Axes, x: float, y: float, score: Score, colour: style.Floats) -> None:
    """Value and interval, to be read on this colour."""
    text = DARK if np.dot(colour[:3], (0.3, 0.59, 0.11)) > 0.55 else LIGHT
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
    height = max(2.2, 1.2 + 0.16 * len(order)) * style.count_blocks(rows)
    figure = Figure(figsize=(style.WIDTH, height))
    panels = [panel for (panel,) in style.blocks(figure, rows, sharey=True, sharex=True)]
    for panel, row in zip(panels, rows, strict=True):
        _dots(panel, run, scores, split, row, order)
        panel.set_xlabel("lwlrap")
    names = [f"{run.manifest.vocabulary[c]} ({scores.labels[split][c]})" for c in order]
    panels[0].set_yticks(range(len(order)), names)
    panels[0].set_ylim(-0.7, len(order) - 0.3)
    style.legend_below(figure, panels)
    caption = (
        f"lwlrap of each class on {SPLIT_NAMES[split]} clips, raw scores, mean of the folds; in brackets the "
        "number of labels. Ordered by the mean over all cells; grey lines span the selections."
    )
    alt = f"Dot plot of {len(order)} classes from {names[-1]}, the best, to {names[0]}."
    return style.picture(figure, "classes", "Classes", caption, alt)


def _dots(axes: Axes, run: Run, scores: RunScores, split: Split, row: str, order: Ints) -> None:
    """The classes in `order` for one activation."""
    look, heights = style.looks(list(run.experiment.selections)), np.arange(len(order))
    by_selection = {
        entry.selection: of_entry.per_class[split][order]
        for entry, of_entry in scores.entries.items()
        if entry.activation == row
    }
    if not by_selection:
        style.no_data(axes, "no result")
        return
    values = np.stack(list(by_selection.values()))
    axes.hlines(heights, values.min(0), values.max(0), color=style.FAINT, linewidth=0.8, alpha=0.6)
    for selection, value in by_selection.items():
        mark = look[selection]
        axes.plot(
            value, heights, ls="none", marker=mark.marker, color=mark.color, label=selection,
            markersize=3.8, clip_on=False,
        )  # fmt: skip


FOREST_MARKS: dict[Verdict, tuple[str, str, str]] = {
    Verdict.HIGHER: ("o", style.INK, "filled"),
    Verdict.UNCLEAR: ("o", "none", "open"),
    Verdict.LOWER: ("X", style.INK, "cross"),
    Verdict.EXPLORATORY: ("|", style.INK, "bar"),
}
"""Marker, what fills it, and its name."""
MOST_LINES = 100
"""Claims that a page can show: of more, those over the whole grid alone."""


def claims_forest(scores: RunScores, claims: Sequence[ClaimResult]) -> Picture | None:
    """Differences of lwlrap with intervals, a panel for each split; None where there is none."""
    results = [r for r in claims if isinstance(r.difference, Difference) and r.evidence != TRAINING]
    whole = [r for r in results if r.claim.scope.is_whole_grid]
    if crowded := len({r.claim for r in results}) > MOST_LINES and bool(whole):
        results = whole
    splits = [split for split in dict.fromkeys(result.evidence.split for result in results) if split]
    if not splits:
        return None
    lines = list(dict.fromkeys(result.claim for result in results))
    heights = _heights(lines)
    figure = Figure(figsize=(style.WIDTH, 1.1 - 0.17 * min(heights.values())))
    panels = figure.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    for panel, split in zip(panels, splits, strict=True):
        for result in (result for result in results if result.evidence.split == split):
            _difference(panel, result, heights[result.claim])
        panel.axvline(0, color=style.INK, linewidth=0.8)
        panel.set_title(SPLIT_NAMES[split])
        panel.set_xlabel("difference in lwlrap")
        panel.locator_params(axis="x", nbins=5)
    _claim_names(panels[0], heights)
    scope = (
        "Claims over the whole grid alone; claims.csv has those of single rows and columns."
        if crowded
        else "Thick: the claim over the whole grid."
    )
    caption = (
        f"Paired differences with {scores.settings.level:.0%} intervals: {_intervals_over(results)}. "
        f"{_legend(results)}. Green diamonds: the paper's difference, where the data are the paper's. {scope}"
    )
    alt = f"Forest plot of {len(lines)} differences; the table of claims has the numbers."
    return style.picture(figure, "claims", "Claims", caption, alt)


def _intervals_over(results: Sequence[ClaimResult]) -> str:
    """What the intervals of each panel are over."""
    trained = {r.evidence.split: r.crossed is not None for r in results if r.evidence.split}
    told = {True: "over other clips and other trainings", False: "over other clips alone, of one training"}
    return "; ".join(f"{SPLIT_NAMES[split]}: {told[crossed]}" for split, crossed in trained.items())


def _legend(results: Sequence[ClaimResult]) -> str:
    """What each marker in the figure says."""
    words = {v: dict.fromkeys(r.words for r in results if r.verdict is v) for v in FOREST_MARKS}
    told = [f"{FOREST_MARKS[verdict][2]}: {' or '.join(said)}" for verdict, said in words.items() if said]
    return "; ".join(told).capitalize()


def _heights(claims: Sequence[Claim]) -> dict[Claim, float]:
    """From the top down; a sentence has a line of its own above those of its rows or columns."""
    heights, height, before = {}, 0.0, ""
    for claim in claims:
        height -= 1.0 if claim.sentence == before else 1.0 + _head(claim)
        heights[claim], before = height, claim.sentence
    return heights


def _head(claim: Claim) -> float:
    """Height of a sentence's own line, or of its two."""
    return 1.7 if claim.restriction else 1.0


def _difference(axes: Axes, result: ClaimResult, height: float) -> None:
    assert not isinstance(result.shown, Hole)
    difference, bold = result.shown, result.claim.scope.is_whole_grid
    marker, face, _ = FOREST_MARKS[result.verdict]
    axes.hlines(height, difference.low, difference.high, color=style.INK, lw=1.8 if bold else 0.9)
    axes.plot(
        difference.estimate, height, marker=marker, color=style.INK, markerfacecolor=face,
        markersize=4.5 if bold else 3.5, markeredgewidth=1,
    )  # fmt: skip
    if result.published is not None:
        axes.plot(result.published, height, marker="D", color="#009e73", markersize=3.5)


def _claim_names(axes: Axes, heights: dict[Claim, float]) -> None:
    """Sentences as bold tick labels above the rows or columns that they are about."""
    heads: dict[str, float] = {}
    for claim, height in heights.items():
        lines = f"{claim.statement}\n{claim.restriction}".strip()
        heads.setdefault(lines, height + 0.5 + _head(claim) / 2)
    names = [claim.scope.name or str(claim.scope) for claim in heights]
    axes.set_yticks([*heights.values(), *heads.values()], [*names, *heads])
    for label in axes.get_yticklabels()[len(names) :]:
        label.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(min(heights.values()) - 0.8, -0.2)
