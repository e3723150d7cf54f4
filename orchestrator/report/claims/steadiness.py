"""How steady the selection threshold is over iterations (section 5.1, figure 4c)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from orchestrator.artifacts.run import Hole, Run
from orchestrator.plan.legs import Cell, Entry
from orchestrator.report.scores.bootstrap import Difference

CURVE = {"threshold": "eta", "top_k": "T"}
"""The limit over which each mechanism masks, by its column of the curves."""


@dataclass(frozen=True)
class Steadiness:
    """The paper's two mechanisms in one row of the grid."""

    activation: str
    variation: dict[str, float]
    """Coefficient of variation of each mechanism's limit, mean over folds and seeds."""
    difference: Difference | Hole
    """top_k's minus threshold's; a hole of kind "not judged" where a fold of either is missing."""


def compare_steadiness(run: Run, level: float) -> Iterator[Steadiness]:
    """Every row of a grid that has both mechanisms.

    The interval is Student's over the differences of folds and seeds, which share their batches.
    """
    if not set(CURVE) <= set(run.experiment.selections):
        return
    for activation in run.experiment.activations:
        cells = {name: run.entries[Entry(activation, name)] for name in CURVE}
        missing = [f"{cell.entry}: {hole}" for seeds in cells.values() for cell in seeds
                   if (hole := run.hole(cell))]  # fmt: skip
        if missing:
            yield Steadiness(activation, {}, Hole("not judged", "; ".join(dict.fromkeys(missing))))
            continue
        variations = {
            name: [value for cell in seeds for value in _variations(run, cell)]
            for name, seeds in cells.items()
        }
        differences = np.subtract(variations["top_k"], variations["threshold"]).tolist()
        means = {name: float(np.mean(values)) for name, values in variations.items()}
        yield Steadiness(activation, means, student_interval(differences, level))


def _variations(run: Run, cell: Cell) -> list[float]:
    """Coefficient of variation of the mechanism's limit in each fold, over all iterations that have one."""
    values = []
    for fold in range(run.experiment.folds):
        limit = run.curves(cell, fold)[CURVE[cell.selection]].dropna()
        values.append(float(limit.std(ddof=0) / limit.mean()))
    return values


def student_interval(values: Sequence[float], level: float) -> Difference:
    """Mean of at least two values with Student's interval."""
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(len(values)))
    reach = float(stdtrit(len(values) - 1, (1 + level) / 2)) * error
    return Difference(mean, mean - reach, mean + reach)
