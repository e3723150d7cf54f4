"""A fold's curves, thinned out until a small file holds them."""

from __future__ import annotations

import math

import numpy as np
import torch

from trainable.record import CURVES

POINTS = 60
"""Values of a curve that is drawn an inch wide."""
DIGITS = 4


def thinned(curves: torch.Tensor) -> dict[str, list[float | None]]:
    """Of each curve (iterations, len(CURVES)) the means of equal spans; those without any are left out."""
    values = curves.detach().to("cpu", torch.float32).numpy()
    known = np.isfinite(values)
    starts = np.linspace(0, len(values), min(POINTS, len(values)), endpoint=False).astype(int)
    if not len(starts):
        return {}
    counts = np.add.reduceat(known, starts, axis=0, dtype=np.int32)
    sums = np.add.reduceat(np.where(known, values, 0), starts, axis=0, dtype=np.float64)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    columns = {name: [_short(value) for value in means[:, place]] for place, name in enumerate(CURVES)}
    return {name: column for name, column in columns.items() if any(v is not None for v in column)}


def _short(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
