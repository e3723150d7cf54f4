"""The relabelling worklist: unverified clips by how much more they lose than others with as many labels.

A clip with several labels loses more than one with a single label when both are right, so the masks say
"several labels" as often as "wrong". A clip's place among the clips with as many labels does not. Places
run evenly from 0 to 1 in each group, whatever its size n: the highest is 1 - 1 / (2 n), so a clip without
any peer is at .5, where nothing is known, and a group of few cannot fill the top of the list. Merging by
them takes for granted that labels are as often wrong in every group.

Not in the paper. Shapes: N clips of the run, S suspects, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell
from orchestrator.stats.judgements import Floats, Judged, Truth
from trainable.postprocess import geometric_mean

TOP = 3
"""Classes of the model that a suspect is shown with."""
AT = (10, 25, 50, 100)
"""Lengths of the worklist whose precision is told."""


@dataclass(frozen=True)
class Tally:
    """Sums over all judgements of each clip, and what the models that judged say about it."""

    seen: Floats
    """Judgements: (N,)."""
    masked: Floats
    """Sum of 1 - keep: (N,)."""
    excess: Floats
    """Sum of `Judged.excess`: (N,)."""
    models: list[Floats] = field(default_factory=list)
    """The folds' blend for each cell: (unverified clips, C)."""

    @classmethod
    def empty(cls, clips: int) -> "Tally":
        """Nothing seen."""
        return cls(np.zeros(clips), np.zeros(clips), np.zeros(clips))

    def add(self, run: Run, cell: Cell, folds: Sequence[Judged]) -> None:
        """Enter a cell, if it masked anything: one that keeps every clip tells nothing."""
        if not any(judged.masked.any() for judged in folds):
            return
        for judged in folds:
            for sums, weights in (
                (self.seen, None),
                (self.masked, judged.masked),
                (self.excess, judged.excess()),
            ):
                sums += np.bincount(judged.clip, weights, len(sums))
        scores = [run.unverified_scores(cell, judged.fold) for judged in folds]
        order = [np.argsort(fold.rows) for fold in scores]
        self.models.append(
            geometric_mean(np.stack([f.scores[o] for f, o in zip(scores, order, strict=True)]))
        )


def suspects(run: Run, tally: Tally, truth: Truth | None) -> pd.DataFrame:
    """Every clip that was judged, the most suspicious first.

    Ordered by suspicion, then strength, then name. Columns:
    rank, fname, labels
    suspicion         place by strength among the clips with as many labels, in (0, 1): see the module
    seen              judgements over all folds and the cells that mask by loss
    masked            sum of 1 - keep; masked_share is masked / seen
    strength          mean over the judgements of `Judged.excess`
    class_1, score_1  and so on: the TOP classes of these models by the geometric mean of their final scores
    true, kind, wrong with known truth: right labels, kind of the given ones, 1 where they are wrong
    """
    rows = np.flatnonzero(tally.seen)
    seen, masked = tally.seen[rows], tally.masked[rows]
    strength = tally.excess[rows] / seen
    columns = {
        "fname": run.clips["fname"].to_numpy()[rows],
        "labels": [",".join(labels) for labels in run.clips["labels"].iloc[rows]],
        "suspicion": places(strength, run.targets[rows].sum(1)),
        "seen": seen.astype(np.int64),
        "masked": masked,
        "masked_share": masked / seen,
        "strength": strength,
    }
    frame = pd.DataFrame(columns | _top(run, tally, rows))
    if truth:
        known = truth.table.iloc[rows]
        frame["true"], frame["kind"] = known["true"].to_numpy(), known["kind"].to_numpy()
        frame["wrong"] = truth.wrong[rows].astype(np.int64)
    frame = frame.sort_values(["suspicion", "strength", "fname"], ascending=[False, False, True])
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    return frame.reset_index(drop=True)


def places(values: Floats, group: np.ndarray) -> Floats:
    """Middle of each value's rank among those of its group, as a share of the group: (S,) in (0, 1)."""
    ranks = pd.Series(values).groupby(np.asarray(group))
    return ((ranks.rank() - 0.5) / ranks.transform("size")).to_numpy(np.float64)


def _top(run: Run, tally: Tally, rows: np.ndarray) -> dict[str, np.ndarray]:
    """Names and scores of the models' highest classes: columns of (S,)."""
    names = np.array(run.manifest.vocabulary, dtype=object)
    if not tally.models:
        return {}
    unverified = np.flatnonzero(run.clips["part"] == "unverified")
    scores_SC = geometric_mean(np.stack(tally.models))[np.searchsorted(unverified, rows)]
    best = np.argsort(-scores_SC, axis=1, kind="stable")[:, :TOP]
    score = np.take_along_axis(scores_SC, best, axis=1)
    columns = {}
    for place in range(best.shape[1]):
        columns[f"class_{place + 1}"] = names[best[:, place]]
        columns[f"score_{place + 1}"] = score[:, place]
    return columns


def precision_at(worklist: pd.DataFrame) -> pd.DataFrame:
    """Precision of the first n suspects, for the n of AT that the list is long enough for."""
    base = float(worklist["wrong"].mean()) if len(worklist) else np.nan
    rows = [(n, float(worklist["wrong"][:n].mean())) for n in AT if n <= len(worklist)]
    frame = pd.DataFrame(rows, columns=["n", "precision"])
    frame["base_rate"] = base
    frame["lift"] = frame["precision"] / base if base else np.nan
    return frame
