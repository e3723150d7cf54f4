"""What was masked by number of labels: whether a mask takes several labels for wrong ones.

Not in the paper. Shapes: N clips of the run.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from orchestrator.legs.tables import BY_LABELS
from orchestrator.stats.judgements import Floats, Ints, Judged, Truth


def labels_table(rows: Iterable[tuple[object, ...]]) -> pd.DataFrame:
    """BY_LABELS from the rows of all cells."""
    frame = pd.DataFrame(list(rows), columns=BY_LABELS.names)
    return frame.astype({field.name: field.type.to_pandas_dtype() for field in BY_LABELS})


def rows_by_labels(
    folds: Sequence[Judged], labels: Ints, truth: Truth | None
) -> Iterator[tuple[object, ...]]:
    """Rows of BY_LABELS of a cell, from its folds; `labels` is each clip's number of given labels: (N,)."""
    cell = folds[0].cell
    clip, masked = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("clip", "masked"))
    for count in np.unique(labels[clip]):
        rows = labels[clip] == count
        wrong = truth.wrong[clip[rows]] if truth else np.zeros(0, bool)
        shares = [_mean(masked[rows][kind]) for kind in (~wrong, wrong)] if truth else [np.nan, np.nan]
        clips = len(np.unique(clip[rows]))
        judged = int(rows.sum())
        yield cell.activation, cell.selection, cell.seed, count, clips, judged, _mean(masked[rows]), *shares


def _mean(values: Floats) -> float:
    return float(values.mean()) if len(values) else np.nan
