"""Every score of a run's report, from its predictions alone.

An entry is a row and a column of the grid: a cell over all its seeds. Splits: `cv` (every fold's model on its
own validation clips), `public`, `private` and `test` (all labelled test clips). Scores: `folds`, the mean of
the folds' lwlrap (section 4.2), and `blend`, on test clips the lwlrap of the geometric mean of the folds'
scores, on cv that of all validation clips as one table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.plan import Cell
from orchestrator.stats import Interval
from trainable.metrics import Ties

Split = Literal["cv", "public", "private", "test"]
SPLITS: tuple[Split, ...] = ("cv", "public", "private", "test")


class Entry(NamedTuple):
    """A row and a column of the grid."""

    activation: str
    selection: str


class What(NamedTuple):
    """Which score of an entry."""

    split: Split
    score: Literal["folds", "blend"] = "folds"
    form: Literal["raw", "normalised"] = "raw"
    """Scores as the model gave them, or after class-wise normalisation."""
    clips: Literal["all", "several"] = "all"
    """All clips, or those with several labels (Table 2)."""
    ties: Ties = "group"
    stage: int | None = None
    """At whose end; None: the last. Stages before the last are scored for verified_only."""


@dataclass(frozen=True)
class Score:
    """One lwlrap with its uncertainty."""

    value: float
    """Mean over seeds."""
    by_fold: tuple[float, ...]
    """Each fold's, mean over seeds; NaN where a fold has no clip of this kind. Empty for a blend."""
    by_seed: dict[int, float]
    interval: Interval
    """Bootstrap over clips (within folds for cv), the trained models as given."""
    draws: NDArray[np.float64]
    """The score in every bootstrap sample: the same samples of clips for all entries."""

    @property
    def seed_sd(self) -> float | None:
        """Standard deviation over seeds; None where there is only one."""
        return float(np.std(list(self.by_seed.values()), ddof=1)) if len(self.by_seed) > 1 else None


@dataclass(frozen=True)
class EntryScores:
    """All scores of one entry of the grid; where seeds are several, means over them."""

    scores: Mapping[What, Score]
    per_class: Mapping[Split, NDArray[np.float64]]
    """Mean over folds' lwlrap of each class, raw, NaN without labels: (C,). cv: of the pooled table."""
    fscore: Mapping[Split, float]
    """Mean of the folds' F-scores, raw."""
    tied: Mapping[Split, float]
    """Share of labels whose raw score another class of the clip has too."""
    missing_seeds: Mapping[int, str]
    """Seeds without a result, with the reason: the scores are of the others."""


@dataclass(frozen=True)
class RunScores:
    """All scores of a run."""

    entries: Mapping[Entry, EntryScores]
    """Only entries with a result, in the order of the configuration."""
    holes: Mapping[Entry, str]
    """The others, with the reason: failed or not run."""
    unscored: Mapping[Split, str]
    """Splits that nothing can be scored on, with the reason."""
    labels: Mapping[Split, NDArray[np.int64]]
    """Labels per class of each split that can be scored: (C,)."""
