"""Curves as characters: for terminals, and for people without a browser."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

LEVELS = " ▁▂▃▄▅▆▇█"
HEIGHT = 3
"""Lines of a curve: 24 levels."""
NAME, NUMBER = 9, 16
"""Characters for a curve's name before it, and for a number behind it."""


@dataclass(frozen=True)
class TextCurve:
    """A curve with its name."""

    name: str
    values: Floats
    """One an iteration, NaN where there is none: (iterations,)."""

    def lines(self, width: int) -> Iterator[str]:
        """The curve in a terminal of that width: highest and lowest value at its end, and the last."""
        drawn = drawing(self.values, max(1, width - NAME - NUMBER))
        known = self.values[np.isfinite(self.values)]
        numbers = [f"{known.max():.4g} highest", f"{known[-1]:.4g} last", f"{known.min():.4g} lowest"]
        names = [self.name, *[""] * (HEIGHT - 1)]
        for name, line, number in zip(names, drawn, numbers, strict=True):
            yield f"{name:<{NAME}}{line} {number}".rstrip()


def drawing(values: Floats, width: int) -> list[str]:
    """HEIGHT lines of `width` characters; blank before the first value and after the last."""
    columns = _columns(values, width)
    known = np.isfinite(columns)
    low, high = columns[known].min(), columns[known].max()
    share = (columns - low) / (high - low) if high > low else np.where(known, 0.5, np.nan)
    steps = len(LEVELS) - 1
    filled = np.where(known, 1 + np.nan_to_num(share) * (HEIGHT * steps - 1), 0).round().astype(int)
    below = [(HEIGHT - 1 - line) * steps for line in range(HEIGHT)]
    return ["".join(LEVELS[level] for level in (filled - start).clip(0, steps)) for start in below]


def _columns(values: Floats, width: int) -> Floats:
    """The mean of each of `width` spans of iterations; spans between two with values lie on a line."""
    edges = np.linspace(0, len(values), width + 1).astype(int)
    spans = [values[start:end] for start, end in pairwise(edges)]
    means = np.array([s[np.isfinite(s)].mean() if np.isfinite(s).any() else np.nan for s in spans])
    at = np.flatnonzero(np.isfinite(means))
    places = np.arange(width)
    filled: Floats = np.interp(places, at, means[at], left=np.nan, right=np.nan)
    return filled


def ruler(ends: Sequence[int], width: int) -> str:
    """Where the stages begin under the curves, and how many iterations there are."""
    room = max(1, width - NAME - NUMBER)
    line = [" "] * room
    for number, start in enumerate([0, *ends[:-1]], 1):
        place = min(round(start / ends[-1] * room), room - 1)
        for offset, character in enumerate(f"|stage {number}"):
            if place + offset < room:
                line[place + offset] = character
    return f"{'':<{NAME}}{''.join(line)} {ends[-1]} iterations"
