"""How all figures look, and how they become files: the same figure gives the same bytes.

Colours are those of Okabe and Ito, which stay apart for colour-blind readers; line styles and markers differ
too, so that figures can be read in greyscale.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

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

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.0,
    "axes.edgecolor": INK,
    "axes.facecolor": "none",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "figure.dpi": 200,
    "figure.facecolor": BACKGROUND,
    "grid.color": FAINT,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.5,
    "hatch.linewidth": 0.5,
    "legend.fontsize": 7.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "legend.labelcolor": INK,
    "lines.linewidth": 1.3,
    "lines.markersize": 3.5,
    "savefig.dpi": 200,
    "svg.fonttype": "none",
    "svg.hashsalt": "stagegrid",
    "text.color": INK,
    "text.parse_math": False,  # a class may be called $100
    "xtick.color": INK,
    "xtick.labelsize": 7.5,
    "xtick.major.width": 0.6,
    "ytick.color": INK,
    "ytick.labelsize": 7.5,
    "ytick.major.width": 0.6,
}


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


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's settings for our figures, whatever the user's own are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        for name, value in _STYLE.items():
            mpl.rcParams[name] = value  # type: ignore[index]
        yield


def picture(figure: Figure, name: str, title: str, caption: str, alt: str, note: str = "") -> Picture:
    """`figure` as SVG and PNG without dates or versions; call it under `style`."""
    svg, png = io.BytesIO(), io.BytesIO()
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # laid out once, for both files
    metadata = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(svg, format="svg", metadata=metadata)
    figure.savefig(png, format="png", metadata={"Software": None})
    # DejaVu Sans comes with matplotlib, but not with every viewer.
    text = svg.getvalue().replace(b"'DejaVu Sans'", b"'DejaVu Sans', Verdana, sans-serif")
    return Picture(name, title, caption, alt, text, png.getvalue(), note)


@dataclass(frozen=True)
class Look:
    """How a series is drawn."""

    color: str
    line: Any
    """matplotlib's line style: a name or dashes."""
    marker: str
    shade: float
    """Opacity of its band: many bands lie over each other."""


def looks(names: Sequence[str]) -> dict[str, Look]:
    """A look for each name: where colours begin again, lines and markers are those of the next colours."""
    shade, found = min(0.16, 0.64 / max(1, len(names))), {}
    for i, name in enumerate(names):
        again, place = divmod(i, len(SERIES))
        _, line, marker = SERIES[(place + again) % len(SERIES)]
        found[name] = Look(SERIES[place][0], line, marker, shade)
    return found


def band(
    axes: Axes,
    x: NDArray[Any],
    values: NDArray[Any],
    look: Look,
    label: str,
    *,
    markers: bool = False,
    extremes: tuple[NDArray[Any], NDArray[Any]] | None = None,
) -> None:
    """Mean of `values` (series, points) as a line, and from lowest to highest as a band.

    Points without any value are gaps. `extremes` replace lowest and highest.
    """
    seen = np.flatnonzero(np.isfinite(values).any(0))
    if not len(seen):
        return
    mean, low, high = (np.full(values.shape[1], np.nan) for _ in range(3))
    mean[seen] = np.nanmean(values[:, seen], axis=0)
    low[seen], high[seen] = np.nanmin(values[:, seen], axis=0), np.nanmax(values[:, seen], axis=0)
    low, high = extremes or (low, high)
    marker = look.marker if markers or len(seen) < 3 else None
    axes.plot(
        x, mean, color=look.color, linestyle=look.line, marker=marker, label=label, markeredgewidth=0,
        clip_on=False,
    )  # fmt: skip
    axes.fill_between(x, low, high, color=look.color, alpha=look.shade, linewidth=0)


def mark_stages(axes: Axes, ends: Sequence[int], *, names: bool) -> None:
    """A line at the end of every stage but the last; with `names` the stages' numbers above the axes."""
    starts = [0, *ends[:-1]]
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if number:
            axes.axvline(start, color=FAINT, linewidth=0.8, linestyle=(0, (2, 2)))
        if names:
            axes.annotate(
                f"stage {number + 1}", ((start + end) / 2, 1), xycoords=("data", "axes fraction"),
                xytext=(0, 2), textcoords="offset points", ha="center", va="bottom", fontsize=7, color=FAINT,
            )  # fmt: skip
    axes.set_xlim(0, ends[-1])


def blocks(figure: Figure, names: Sequence[str], tall: int = 1, **shared: Any) -> list[list[Axes]]:
    """For each name `tall` axes under its title, at most ACROSS names side by side.

    `shared` as matplotlib's `subplots` has it.
    """
    across = min(ACROSS, len(names))
    grid = figure.subplots(tall * count_blocks(names), across, squeeze=False, **shared)
    found = [[grid[tall * (i // across) + j, i % across] for j in range(tall)] for i in range(len(names))]
    for panels, name in zip(found, names, strict=True):
        panels[0].set_title(name)
        panels[-1].xaxis.set_tick_params(labelbottom=True)
    for empty in {*grid.flat} - {panel for panels in found for panel in panels}:
        empty.set_visible(False)
    return found


def count_blocks(names: Sequence[str]) -> int:
    """Lines of panels that `blocks` makes of so many names."""
    return -(-len(names) // ACROSS)


def text_width(text: str) -> float:
    """Inches of a label of ticks or legends, about."""
    return 0.0625 * len(text)


def legend_below(figure: Figure, panels: Iterable[Axes], columns: int = 5) -> None:
    """One legend for all of `panels`, a label once, in at most so many columns, as far as they fit."""
    handles = {
        label: handle
        for panel in panels
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    fit = int(WIDTH / (0.55 + max(map(text_width, handles), default=0)))
    width = max(1, min(columns, fit, len(handles)))
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=width)


def no_data(axes: Axes, reason: str) -> None:
    """Say in empty axes why they are empty."""
    axes.text(0.5, 0.5, reason, ha="center", va="center", transform=axes.transAxes, color=FAINT)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(False)
