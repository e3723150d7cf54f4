"""Every score of a run's report, from its predictions alone.

An entry is a row and a column of the grid: a cell over all its seeds. Splits: `cv` (every fold's model on its
own validation clips), `public`, `private` and `test` (all labelled test clips). Scores: `folds`, the mean of
the folds' lwlrap (section 4.2), and `blend`, on test clips the lwlrap of the geometric mean of the folds'
scores, on cv that of all validation clips as one table.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orchestrator.cell_tables import (
    SPLITS,
    CellTables,
    Clips,
    Pool,
    Scored,
    Split,
    make_pools,
    precision_sums,
    read_tables,
    within,
)
from orchestrator.plan import Cell
from orchestrator.report_settings import ReportSettings
from orchestrator.run import Run
from orchestrator.stats import ClipSums, Interval, Sampled, bootstrap, interval, joined
from trainable.metrics import Ties, f_score, tied_share

Floats = NDArray[np.float64]
TIES: tuple[Ties, ...] = ("group", "challenge")


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
    clips: Clips = "all"
    """All clips, or those with several labels (Table 2)."""
    ties: Ties = "group"
    stage: int | None = None
    """At whose end; None: the last. Earlier stages are scored for columns without unverified clips."""


@dataclass(frozen=True)
class Score:
    """One lwlrap with its uncertainty."""

    by_fold: tuple[float, ...]
    """Each fold's, mean over seeds; a blend has a single value."""
    by_seed: Mapping[int, float]
    interval: Interval
    """Bootstrap over clips (within folds for cv), the trained models as given."""
    sampled: Sampled
    """For paired differences: all entries were scored on the same samples of clips."""
    labels: int
    """Labels that it is a mean over."""

    @property
    def value(self) -> float:
        """Mean over seeds."""
        return self.sampled.estimate

    @property
    def seed_sd(self) -> float | None:
        """Standard deviation over seeds; None where there is only one."""
        return float(np.std(list(self.by_seed.values()), ddof=1)) if len(self.by_seed) > 1 else None


@dataclass(frozen=True)
class EntryScores:
    """All scores of one entry of the grid; means over its seeds."""

    scores: Mapping[What, Score]
    per_class: Mapping[Split, Floats]
    """lwlrap of each class, raw, mean over folds (cv: of the pooled table), NaN without labels: (C,)."""
    fscore: Mapping[Split, float]
    """Mean of the folds' F-scores, raw."""
    tied: Mapping[Split, float]
    """Share of labels whose raw score another class of the clip has too, mean over folds."""
    missing_seeds: Mapping[int, str]
    """Seeds without a result, with the reason: the scores are of the others."""


@dataclass(frozen=True)
class RunScores:
    """All scores of a run."""

    settings: ReportSettings
    entries: Mapping[Entry, EntryScores]
    """Only entries with a result, in the order of the configuration."""
    holes: Mapping[Entry, str]
    """The others, with the reason: failed or not run."""
    unscored: Mapping[Split, str]
    """Splits that nothing can be scored on, with the reason."""
    labels: Mapping[Split, NDArray[np.int64]]
    """Labels per class of each split that can be scored: (C,)."""

    def find(self, entry: Entry, what: What) -> Score | str:
        """A score, or the reason why there is none."""
        if entry not in self.entries:
            return self.holes.get(entry, "not in the grid")
        if what.split in self.unscored:
            return self.unscored[what.split]
        score = self.entries[entry].scores.get(what)
        return score or ("a fold has no such clip" if what.clips == "several" else "not scored")


Seeds = Mapping[int, CellTables]
"""The tables of an entry's seeds."""


def score_run(run: Run, settings: ReportSettings | None = None) -> RunScores:
    """All scores of a run, finished or not; `settings` stand for those of its configuration."""
    settings = settings or run.experiment.report
    pools = make_pools(run)
    found, holes, missing = _entries(run)
    last = {entry: {seed: read_tables(run, cell) for seed, cell in seeds.items()} for entry, seeds in found.items()}
    threshold = run.experiment.schedule.f_threshold
    scores = score_tables(last, pools, settings, _earlier(run, found))
    entries = {
        entry: describe(last[entry], pools, settings.ties, threshold, scores[entry], missing.get(entry, {}))
        for entry in found
    }
    labels = {split: pool.truth[pool.mask(split)].sum(0, dtype=np.int64) for split, pool in pools.items()}
    unscored = {split: _why_unscored(split, pools) for split in SPLITS if split not in pools}
    return RunScores(settings, entries, holes, unscored, labels)
