"""Figures of final scores: the grid as a heat map, lwlrap of each class, and the claims' differences."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from orchestrator.artifacts.run import Run
from orchestrator.report.claims.claims import ClaimResult
from orchestrator.report.figures.style import FAINT, INK, WIDTH, Picture, looks, no_data, picture
from orchestrator.report.scores.predictions import Split
from orchestrator.report.scores.run_scores import Entry, RunScores
from orchestrator.report.scores.scoring import Score, What

LIGHT, DARK = "#fafafa", "#101010"
"""Text on dark and on light cells of a heat map: they keep their colour on every page."""
SPLIT_NAMES = {"cv": "cross-validation", "public": "public test", "private": "private test", "test": "test"}


def splits_shown(scores: RunScores) -> list[Split]:
    """cv and the held-out split, where they can be scored."""
    return [split for split in scores.main_splits if split not in scores.unscored]


def heat_map(run: Run, scores: RunScores) -> Picture | None:
    """lwlrap of every entry with its interval, a panel for each split; None where nothing is scored."""
    splits = splits_shown(scores)
    if not splits or not scores.entries:
        return None
    rows, columns = list(run.experiment.activations), list(run.experiment.selections)
    stacked = len(columns) > 3
    figure = Figure(
        figsize=(WIDTH, (0.62 * len(rows) + 0.9) * (len(splits) if stacked else 1)), layout="constrained"
    )
    shape = (len(splits), 1) if stacked else (1, len(splits))
    panels = figure.subplots(*shape, squeeze=False)
    for number, (panel, split) in enumerate(zip(panels.flat, splits, strict=True)):
        _cells(panel, scores, split, rows, columns)
        panel.set_title(SPLIT_NAMES[split])
        panel.set_xticks(range(len(columns)), columns)
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
    found = {
        (y, x): scores.find(Entry(row, column), What(split, ties=scores.settings.ties))
        for y, row in enumerate(rows)
        for x, column in enumerate(columns)
    }
    values = [score.value for score in found.values() if isinstance(score, Score)]
    low, span = min(values, default=0.0), max(np.ptp(values), 1e-9) if values else 1.0
    for (y, x), score in found.items():
        if isinstance(score, Score):
            _filled(axes, x, y, score, float((score.value - low) / span))
        else:
            axes.add_patch(_square(x, y, facecolor="none", edgecolor=FAINT, hatch="////"))
            axes.text(x, y, score.partition(":")[0], ha="center", va="center", color=INK)
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
    ends = f"[{score.interval.low:.3f}, {score.interval.high:.3f}]"
    axes.text(x, y + 0.24, ends, ha="center", va="center", color=text, fontsize=6)


def per_class(run: Run, scores: RunScores) -> Picture | None:
    """lwlrap of each class, a panel for each activation, a marker for each selection; None without scores."""
    splits = splits_shown(scores)
    if not splits or not scores.entries:
        return None
    split, rows = splits[-1], list(run.experiment.activations)
    mean = np.mean([entry.per_class[split] for entry in scores.entries.values()], axis=0)
    order = np.array([c for c in np.argsort(mean, kind="stable") if np.isfinite(mean[c])])
    figure = Figure(figsize=(WIDTH, max(2.2, 1.2 + 0.16 * len(order))), layout="constrained")
    panels = figure.subplots(1, len(rows), sharey=True, sharex=True, squeeze=False)[0]
    for panel, row in zip(panels, rows, strict=True):
        _dots(panel, run, scores, split, row, order)
        panel.set_title(row)
        panel.set_xlabel("lwlrap")
    names = [f"{run.manifest.vocabulary[c]} ({scores.labels[split][c]})" for c in order]
    panels[0].set_yticks(range(len(order)), names)
    panels[0].set_ylim(-0.7, len(order) - 0.3)
    handles = {label: h for p in panels for h, label in zip(*p.get_legend_handles_labels(), strict=True)}
    figure.legend(
        list(handles.values()), list(handles), loc="outside lower center", ncols=min(5, len(handles))
    )
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
    found = {e.selection: s.per_class[split][order] for e, s in scores.entries.items() if e.activation == row}
    if not found:
        no_data(axes, "no result")
        return
    values = np.stack(list(found.values()))
    axes.hlines(places, values.min(0), values.max(0), color=FAINT, linewidth=0.8, alpha=0.6)
    for selection, value in found.items():
        mark = look[selection]
        axes.plot(
            value, places, linestyle="none", marker=mark.marker, color=mark.color, label=selection,
            markeredgewidth=0, markersize=3.8, clip_on=False,
        )  # fmt: skip


MARKS = {"confirmed": ("o", INK), "not distinguishable": ("o", "none"), "contradicted": ("X", INK)}


def claims_forest(scores: RunScores, claims: Sequence[ClaimResult]) -> Picture | None:
    """Differences of the claims with intervals, a panel for each split; None where there is none."""
    judged = [found for found in claims if found.difference and found.split != "curves"]
    if not judged:
        return None
    splits = list(dict.fromkeys(found.split for found in judged))
    lines = list(dict.fromkeys((found.claim.statement, found.claim.where) for found in judged))
    places = _places(lines)
    figure = Figure(figsize=(WIDTH, 1.1 - 0.17 * min(places.values())), layout="constrained")
    panels = figure.subplots(1, len(splits), sharey=True, squeeze=False)[0]
    for panel, split in zip(panels, splits, strict=True):
        for found in (found for found in judged if found.split == split):
            _difference(panel, found, places[found.claim.statement, found.claim.where])
        panel.axvline(0, color=INK, linewidth=0.8)
        panel.set_title(SPLIT_NAMES.get(split, split))
        panel.set_xlabel("difference in lwlrap")
    _claim_names(panels[0], lines, places)
    caption = (
        f"Paired differences with {scores.settings.level:.0%} intervals, one claim at a time. Filled: "
        "confirmed; open: not distinguishable from no difference; cross: contradicted. Green diamonds: the "
        "paper's difference, where the data are the paper's. Thick: the claim over the whole grid."
    )
    alt = f"Forest plot of {len(lines)} differences; the table of claims has the numbers."
    return picture(figure, "claims", "Claims", caption, alt)


Line = tuple[str, str]
"""Statement and place of a claim."""


def _places(lines: Sequence[Line]) -> dict[Line, float]:
    """Heights from the top down; a statement has a line of its own above its places."""
    places, height, before = {}, 0.0, None
    for statement, where in lines:
        height -= 1.0 if statement == before else 1.0 + _head(statement)
        places[statement, where], before = height, statement
    return places


def _head(statement: str) -> float:
    """Height of a statement's own line, or of its two."""
    return 1.7 if " on " in statement else 1.0


def _difference(axes: Axes, found: ClaimResult, place: float) -> None:
    assert found.difference
    marker, face = MARKS[found.verdict]
    bold = found.claim.where.startswith("all ")
    of = found.difference
    axes.plot([of.low, of.high], [place, place], color=INK, linewidth=1.8 if bold else 0.9)
    axes.plot(
        of.estimate, place, marker=marker, color=INK, markerfacecolor=face, markersize=4.5 if bold else 3.5
    )
    if found.published is not None:
        axes.plot(found.published, place, marker="D", color="#009e73", markersize=3.5)


def _claim_names(axes: Axes, lines: Sequence[Line], places: dict[Line, float]) -> None:
    """Statements as bold tick labels above those of their places."""
    heads: dict[str, float] = {}
    for statement, where in lines:
        heads.setdefault(statement, places[statement, where] + 0.5 + _head(statement) / 2)
    ticks = [*places.values(), *heads.values()]
    wheres = [where.removeprefix("row ").removeprefix("column ") for _, where in lines]
    axes.set_yticks(ticks, [*wheres, *(statement.replace(" on ", "\non ") for statement in heads)])
    for label in axes.get_yticklabels()[len(lines) :]:
        label.set_fontweight("bold")
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(min(places.values()) - 0.8, -0.2)
