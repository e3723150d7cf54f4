"""Whether two runs were scored on the same clips, so that their scores can be compared clip by clip."""

import numpy as np
from numpy.typing import NDArray

from orchestrator.legs.run import Run
from orchestrator.stats.predictions import Split, make_pools


def why_unpaired(old: Run, new: Run, split: Split) -> str:
    """What differs in the clips of a split, or in their labels or folds; empty where nothing does.

    Where nothing does, equal seeds and numbers of samples draw the same clips for both runs.
    """
    if old.manifest.vocabulary != new.manifest.vocabulary:
        return "the classes differ"
    rows, others = _rows(old, split), _rows(new, split)
    if not len(rows) or not len(others):
        return "one run has no such clips"
    if len(rows) != len(others):
        return f"the clips differ: {len(rows)} and {len(others)}"
    for column, what in (("fname", "the clips differ"), ("fold", "the folds differ")):
        if (_column(old, rows, column) != _column(new, others, column)).any():
            return what
    return "the labels differ" if (old.targets[rows] != new.targets[others]).any() else ""


def _rows(run: Run, split: Split) -> NDArray[np.int64]:
    pools = make_pools(run)
    if split not in pools:
        return np.zeros(0, np.int64)
    return pools[split].rows[pools[split].mask(split)]


def _column(run: Run, rows: NDArray[np.int64], name: str) -> NDArray[np.object_]:
    return run.clips[name].to_numpy()[rows].astype(object)
