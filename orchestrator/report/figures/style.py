"""How all figures look, and how they become files: the same figure gives the same bytes.

Colours are those of Okabe and Ito, which stay apart for colour-blind readers; line styles and markers differ
too, so that figures can be read in greyscale.
"""

import io
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.style import context
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
INK = "#1a1a1a"
"""Text, axes and the first series: the page replaces it by its own text colour."""
BACKGROUND = "#ffffff"
"""Behind a figure: the page takes it away."""
FAINT = "#8c8c8c"
"""Guides, and ranges behind a mean."""
SERIES = (
    ("#0072b2", "-", "o"),
    ("#d55e00", (0, (5, 2)), "s"),
    ("#009e73", (0, (1, 1.2)), "^"),
    (INK, (0, (5, 1.5, 1, 1.5)), "D"),
    ("#cc79a7", (0, (8, 2)), "v"),
    ("#e69f00", (0, (3, 1.5)), "P"),
    ("#56b4e9", (0, (2, 1, 1, 1, 1, 1)), "X"),
    (FAINT, "-", "*"),
)
WIDTH = 7.0
"""Inches: the text width of an A4 or letter page."""
ACROSS = 3
"""Panels side by side, at most."""


@dataclass(frozen=True)
class Picture:
    """A finished figure."""

    name: str
    """Of its files, without the ending."""
    title: str
    caption: str
    """How to read it, including what was smoothed."""
    alt: str
    """What it shows, for people who cannot see it."""
    svg: bytes
    png: bytes
    note: str = ""
    """What holds for this one alone of several figures with the same caption."""


def sheet() -> AbstractContextManager[None]:
    """matplotlib's settings for our figures, whatever the user's own are."""
    return context(Path(__file__).with_name("figures.mplstyle"), after_reset=True)


def picture(figure: Figure, name: str, title: str, caption: str, alt: str, note: str = "") -> Picture:
    """`figure` as SVG and PNG without dates or versions; call it under `sheet`."""
    svg, png = io.BytesIO(), io.BytesIO()
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # laid out once, for both files
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(svg, format="svg", metadata=metadata)
    figure.savefig(png, format="png", metadata={"Software": None})
    # DejaVu Sans comes with matplotlib, but not with every viewer.
    text = svg.getvalue().replace(b"'DejaVu Sans'", b"'DejaVu Sans', Verdana, sans-serif")
    return Picture(name, title, caption, alt, text, png.getvalue(), note)


class Look(NamedTuple):
    """How a series is drawn, as matplotlib has it."""

    color: str
    line: Any
    marker: str
    shade: float
    """Opacity of its band: many bands lie over each other."""


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each name: where colours begin again, lines and markers are those of the next colours."""
    shade, given = min(0.16, 0.64 / max(1, len(names))), {}
    for i, name in enumerate(names):
        again, number = divmod(i, len(SERIES))
        _, line, marker = SERIES[(number + again) % len(SERIES)]
        given[name] = Look(SERIES[number][0], line, marker, shade)
    return given


def band(
    axes: Axes, x: Floats, values: Floats, look: Look, label: str, *, markers: bool = False,
    extremes: tuple[Floats, Floats] | None = None,
) -> None:  # fmt: skip
    """Mean of `values` (series, points) as a line, and from lowest to highest, or `extremes`, as a band.

    Points without any value are gaps.
    """
    frame = pd.DataFrame(values)
    points = int(frame.notna().any().sum())
    if points:
        marker = look.marker if markers or points < 3 else None
        axes.plot(x, frame.mean(), color=look.color, ls=look.line, marker=marker, label=label, clip_on=False)
        low, high = extremes or (frame.min(), frame.max())
        axes.fill_between(x, low, high, color=look.color, alpha=look.shade, linewidth=0)


def mark_stages(axes: Axes, ends: Sequence[int], *, names: bool) -> None:
    """A line at the end of every stage but the last; with `names` the stages' numbers above the axes."""
    for end in ends[:-1]:
        axes.axvline(end, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlim(0, ends[-1])
    if names:
        top = axes.secondary_xaxis("top")
        top.set_xticks([(start + end) / 2 for start, end in pairwise([0, *ends])])
        top.set_xticklabels([f"stage {number + 1}" for number in range(len(ends))], fontsize=7, color=FAINT)
        top.tick_params(length=0, pad=1)
        top.spines["top"].set_visible(False)


def blocks(
    figure: Figure, names: Sequence[str], tall: int = 1, *, sharex: bool = False, sharey: bool = False
) -> list[list[Axes]]:
    """For each name `tall` axes under its title, at most ACROSS names side by side."""
    across = min(ACROSS, len(names))
    numbers = np.full((count_blocks(names), across, tall), -1)
    numbers.flat[: len(names) * tall] = np.arange(len(names) * tall)
    mosaic = numbers.swapaxes(1, 2).reshape(-1, across).tolist()
    panels = figure.subplot_mosaic(mosaic, sharex=sharex, sharey=sharey, empty_sentinel=-1)
    columns = [[panels[tall * number + i] for i in range(tall)] for number in range(len(names))]
    for column, name in zip(columns, names, strict=True):
        column[0].set_title(name)
        column[-1].xaxis.set_tick_params(labelbottom=True)
    return columns


def count_blocks(names: Sequence[str]) -> int:
    """Lines of panels that `blocks` makes of so many names."""
    return -(-len(names) // ACROSS)


def text_width(text: str) -> float:
    """Inches of a label of ticks or legends, about."""
    return 0.0625 * len(text)


def legend_below(figure: Figure, panels: Iterable[Axes], columns: int = 5) -> None:
    """One legend for all of `panels`, a label once, in at most so many columns, as far as they fit."""
    known = [panel.get_legend_handles_labels() for panel in panels]
    handles = {label: handle for pair in known for handle, label in zip(*pair, strict=True)}
    fit = int(WIDTH / (0.55 + max(map(text_width, handles), default=0)))
    width = max(1, min(columns, fit, len(handles)))
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=width)


def no_data(axes: Axes, reason: str) -> None:
    """Say in empty axes why they are empty."""
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes, color=FAINT)
    axes.set(xticks=[], yticks=[])
