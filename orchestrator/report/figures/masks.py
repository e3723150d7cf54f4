"""Figures of what the selection mechanisms masked: over time, by class, and as a worklist."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from orchestrator.legs.run import Run
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.figures import style
from orchestrator.report.figures.curves import stage_ends
from orchestrator.report.figures.style import Floats, Look, Picture

SLANTED = 5
"""Columns whose names still have room side by side."""
MEASURES = {"precision": "precision", "recall": "recall", "masked_share": "share masked"}


def masks_over_time(run: Run, diagnostics: Diagnostics) -> Picture | None:
    """Precision and recall of the masks, where truth is known, and the share masked; a column an activation.

    None where no unverified clip was judged.
    """
    table = masking(diagnostics.over_time)
    if table.empty:
        return None
    rows = list(dict.fromkeys(table["activation"]))
    measures = [measure for measure in MEASURES if measure in table]
    look = style.looks(list(run.experiment.selections))
    figure = Figure(figsize=(style.WIDTH, 0.8 + 1.55 * len(measures) * style.count_blocks(rows)))
    columns = style.blocks(figure, rows, tall=len(measures), sharex=True, sharey=True)
    for column, activation in zip(columns, rows, strict=True):
        for panel, measure in zip(column, measures, strict=True):
            _measure(panel, table[table["activation"] == activation], measure, look)
            style.mark_stages(panel, stage_ends(run), names=False)
        column[-1].set_xlabel("iteration")
    for column in columns[:: style.ACROSS]:
        for panel, measure in zip(column, measures, strict=True):
            panel.set_ylabel(MEASURES[measure])
    first, last = table["first"].min(), table["last"].max()
    margin = 0.02 * (last - first + 1)
    columns[0][0].set(xlim=(first - margin, last + margin), ylim=(0, 1))
    style.legend_below(figure, [panel for column in columns for panel in column], columns=6)
    return style.picture(figure, "masks", "Masks over time", *_words(rows, known="precision" in measures))


def _words(rows: Sequence[str], known: bool) -> tuple[str, str]:
    caption = (
        "Unverified clips in spans of iterations. Lines: mean of the folds; bands: from the lowest to the "
        "highest fold. Share masked: mean of 1 - keep."
    )
    if known:
        caption += (
            " Precision: share of what is masked whose labels are wrong; dashed grey: base rate, the "
            "precision of a random mask. Recall: share of wrong labels masked; a random mask's recall is its "
            "share masked."
        )
    return caption, f"Curves of the masks over iterations for {', '.join(rows)}, a line for each selection."


def masking(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of cells that masked anything."""
    masked = table.groupby(["activation", "selection"], sort=False)["masked_share"].transform("max")
    return table[masked > 0]


def _measure(axes: Axes, table: pd.DataFrame, measure: str, look: dict[str, Look]) -> None:
    """One measure of one activation's cells."""
    if measure == "precision":
        x, base = _by_span(table, "base_rate")
        mean = np.nanmean(base, axis=0)
        axes.plot(x, mean, color=style.FAINT, linestyle="--", linewidth=1, label="base rate")
    for selection, cell in table.groupby("selection", sort=False):
        style.band(axes, *_by_span(cell, measure), look[str(selection)], str(selection))


def _by_span(table: pd.DataFrame, measure: str) -> tuple[Floats, Floats]:
    """Middles of the spans, and the measure of every fold and seed there: (spans,), (series, spans)."""
    table = table.assign(middle=(table["first"] + table["last"]) / 2)
    series = ["selection", "seed", "fold"]
    wide = table.pivot_table(index=series, columns="middle", values=measure, dropna=False).dropna(how="all")
    return wide.columns.to_numpy(float), wide.to_numpy(float)


def masks_by_class(diagnostics: Diagnostics) -> Picture | None:
    """Share masked of every class, a heat map for each activation; None where nothing is masked."""
    table = masking(diagnostics.by_class)
    if table.empty:
        return None
    share = _class_shares(table)
    rows = list(dict.fromkeys(table["activation"]))
    order = share.mean(axis=1).sort_values(kind="stable").index
    height = (1.5 + 0.16 * len(order)) * style.count_blocks(rows)
    figure = Figure(figsize=(style.WIDTH, height))
    panels = [panel for (panel,) in style.blocks(figure, rows, sharey=True)]
    shades = colormaps["Blues"].resampled(32)  # with more the colour bar would be a picture in the SVG
    top = float(np.nanmax(share.to_numpy(float)))
    for panel, activation in zip(panels, rows, strict=True):
        columns = share.loc[order, activation]
        image = panel.pcolormesh(columns.to_numpy(float), cmap=shades, vmin=0, vmax=top)
        upright = {"rotation": 90} if columns.shape[1] > SLANTED else {"rotation": 30, "ha": "right"}
        panel.set_xticks(np.arange(columns.shape[1]) + 0.5, list(columns), **upright)
        panel.grid(False)
        panel.tick_params(length=0)
    panels[0].set_yticks(np.arange(len(order)) + 0.5, list(order))
    figure.colorbar(image, ax=list(panels), label="share masked", shrink=0.8, aspect=30)
    caption = (
        "Share of the judgements of each class's unverified clips that masked them, over all folds and "
        "iterations. Classes are ordered by the mean over the cells."
    )
    alt = f"Heat map of the share masked: {len(order)} classes from {order[-1]}, the most, to {order[0]}."
    return style.picture(figure, "masked-classes", "Masked by class", caption, alt)


def _class_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Rows classes that have unverified clips, columns (activation, selection)."""
    masked = (table["judged"] * table["masked_share"]).fillna(0)
    keys = ["class", "activation", "selection"]
    sums = table.assign(masked=masked).groupby(keys, sort=False)[["judged", "masked"]].sum()
    share: pd.DataFrame = (sums["masked"] / sums["judged"].where(sums["judged"] > 0)).unstack(keys[1:])
    return share.dropna(how="all")


def worklist_precision(diagnostics: Diagnostics) -> Picture | None:
    """Precision of the first n suspects for every n; None where the truth is not known."""
    if "wrong" not in diagnostics.suspects or diagnostics.suspects.empty:
        return None
    wrong = diagnostics.suspects["wrong"].to_numpy(float)
    n = np.arange(1, len(wrong) + 1)
    figure = Figure(figsize=(style.WIDTH * 0.7, 2.4))
    axes = figure.subplots()
    shown = np.unique(np.geomspace(1, len(n), 300).astype(int)) - 1
    axes.plot(n[shown], (np.cumsum(wrong) / n)[shown], color=style.INK, label="first n suspects")
    axes.axhline(wrong.mean(), color=style.FAINT, linestyle="--", linewidth=1, label="base rate")
    axes.set(xscale="log", xlabel="length of the worklist n (clips)")
    axes.set(ylim=(0, 1.02), ylabel="share with wrong labels")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.legend(loc="lower left")
    caption = "Share of wrong labels among the first n clips of suspects.csv, and among all of them (dashed)."
    first, base = float(wrong[:10].mean()), float(wrong.mean())
    alt = f"The share of wrong labels goes from {first:.2f} in the first 10 clips to {base:.2f} in all."
    return style.picture(figure, "suspects", "Precision of the worklist", caption, alt)
