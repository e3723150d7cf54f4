"""Every score of a run's report, from its predictions alone.

An entry is a row and a column of the grid: a cell over all its seeds. Splits: `cv` (every fold's model on its
own validation clips), `public`, `private` and `test` (all labelled test clips). Scores: `folds`, the mean of
the folds' lwlrap (section 4.2), and `blend`, on test clips the lwlrap of the geometric mean of the folds'
scores, on cv that of all validation clips as one table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.plan.legs import Cell, Entry
from orchestrator.report.scores.ensembles import Members, ScoredEnsembles, ensemble_sums, make_ensembles
from orchestrator.report.scores.predictions import (
    SPLITS,
    CellTables,
    Pool,
    Scored,
    Split,
    make_pools,
    read_tables,
    within,
)
from orchestrator.report.scores.scoring import (
    CellSums,
    Form,
    Pools,
    Score,
    What,
    cell_sums,
    score_cells,
)
from trainable.metrics import Ties, f_score, per_class_lwlrap, tied_share

__all__ = ["Entry", "EntryScores", "RunScores", "Score", "Split", "What", "score_run"]

Floats = NDArray[np.float64]


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
    ensembles: ScoredEnsembles
    test_clips: int
    """Test clips of the data set, labelled or not."""

    def find(self, entry: Entry, what: What) -> Score | str:
        """A score, or the reason why there is none."""
        if entry not in self.entries:
            return self.holes.get(entry, "not in the grid")
        if what.split in self.unscored:
            return self.unscored[what.split]
        score = self.entries[entry].scores.get(what)
        return score or ("a fold has no such clip" if what.clips == "several" else "not scored")

    @property
    def held_out(self) -> Split:
        """The split that stands for the paper's private one: private, or where none is marked so, test."""
        return "test" if "private" in self.unscored else "private"

    @property
    def main_splits(self) -> tuple[Split, ...]:
        """What tables compare: cv, and the held-out split where the data set has test clips at all."""
        return ("cv", self.held_out) if self.test_clips else ("cv",)


@dataclass(frozen=True)
class _CellParts:
    """What one cell adds to its entry."""

    sums: CellSums
    per_class: dict[Split, Floats]
    fscore: dict[Split, float]
    tied: dict[Split, float]


def score_run(run: Run, settings: ReportSettings | None = None, members: Members | None = None) -> RunScores:
    """All scores of a run, finished or not; `settings` and `members` replace those of its configuration.

    Raises:
        UserError: an ensemble's member is no cell of the grid.
    """
    settings = settings or run.experiment.report
    members = run.experiment.ensembles if members is None else members
    made, incomplete = make_ensembles(run, members, settings)
    pools = make_pools(run)
    found, holes, lost = _entries(run)
    parts = {
        entry: {seed: _cell_parts(run, cell, pools, settings) for seed, cell in seeds.items()}
        for entry, seeds in found.items()
    }
    sums: dict[Entry | str, dict[int, CellSums]] = {
        entry: {seed: part.sums for seed, part in seeds.items()} for entry, seeds in parts.items()
    }
    blends: dict[Entry | str, dict[int, CellSums]] = {
        name: {0: ensemble_sums(one, pools, settings)} for name, one in made.items()
    }
    scores = score_cells(sums | blends, pools, settings)
    entries = {
        entry: _entry(list(seeds.values()), scores[entry], lost.get(entry, {}))
        for entry, seeds in parts.items()
    }
    labels = {split: pool.truth[pool.mask(split)].sum(0, dtype=np.int64) for split, pool in pools.items()}
    unscored = {split: _why_unscored(run, split) for split in SPLITS if split not in pools}
    ensembles = ScoredEnsembles(members, made, {name: scores[name] for name in made}, incomplete)
    test_clips = int((run.clips["part"] == "test").sum())
    return RunScores(settings, entries, holes, unscored, labels, ensembles, test_clips)


def _entries(run: Run) -> tuple[dict[Entry, dict[int, Cell]], dict[Entry, str], dict[Entry, dict[int, str]]]:
    """Entries with the cells of their seeds; those without any, with the reason; seeds without a result."""
    found: dict[Entry, dict[int, Cell]] = {}
    lost: dict[Entry, dict[int, str]] = {}
    for cell in run.cells:
        entry, hole = Entry(cell.activation, cell.selection), run.hole(cell)
        if hole:
            lost.setdefault(entry, {})[cell.seed] = str(hole)
        else:
            found.setdefault(entry, {})[cell.seed] = cell
    holes = {
        entry: "; ".join(dict.fromkeys(reasons.values()))
        for entry, reasons in lost.items()
        if entry not in found
    }
    rows = list(run.experiment.activations)  # seeds are the outer loop of `cells`
    found = dict(sorted(found.items(), key=lambda item: rows.index(item[0].activation)))
    return found, holes, lost


def _cell_parts(run: Run, cell: Cell, pools: Pools, settings: ReportSettings) -> _CellParts:
    verified_only = not run.experiment.selections[cell.selection].uses_unverified
    stages = range(len(run.experiment.stages) - 1) if verified_only else range(0)
    tables, *ends = read_tables(run, cell, [None, *stages])
    earlier = dict(zip(stages, ends, strict=True))
    forms: dict[Form, CellTables] = {"raw": tables, "normalised": tables.normalised(settings.clip_sigma)}
    threshold = run.experiment.schedule.f_threshold
    pairs = {split: list(_pairs(pool, split, tables)) for split, pool in pools.items()}
    return _CellParts(
        cell_sums(forms, earlier, pools, settings),
        {split: _per_class(split, models, settings.ties) for split, models in pairs.items()},
        {split: _mean([f_score(*model, threshold) for model in models]) for split, models in pairs.items()},
        {split: _mean([tied_share(*model) for model in models]) for split, models in pairs.items()},
    )


Pair = tuple[NDArray[np.uint8], NDArray[np.float32]]
"""Truth and scores of a model: (n, C) each."""


def _pairs(pool: Pool, split: Split, tables: CellTables) -> list[Pair]:
    """Truth and raw scores of every fold on a split's clips."""
    mask = pool.mask(split)

    def pair(table: Scored) -> Pair:
        places, scores = within(pool, table)
        return pool.truth[places][mask[places]], scores[mask[places]]

    return [pair(table) for table in (tables.validation if split == "cv" else tables.test)]


def _per_class(split: Split, models: Sequence[Pair], ties: Ties) -> Floats:
    if split == "cv":
        truth, scores = (np.concatenate(part) for part in zip(*models, strict=True))
        return per_class_lwlrap(truth, scores, ties)
    return np.asarray(np.mean([per_class_lwlrap(*model, ties) for model in models], axis=0))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _entry(seeds: Sequence[_CellParts], scores: Mapping[What, Score], lost: Mapping[int, str]) -> EntryScores:
    splits = list(seeds[0].fscore)
    return EntryScores(
        scores,
        {split: np.asarray(np.mean([part.per_class[split] for part in seeds], axis=0)) for split in splits},
        {split: _mean([part.fscore[split] for part in seeds]) for split in splits},
        {split: _mean([part.tied[split] for part in seeds]) for split in splits},
        lost,
    )


def _why_unscored(run: Run, split: Split) -> str:
    test = (run.clips["part"] == "test").to_numpy()
    if not test.any():
        return "no test clips"
    if not run.targets[test].any():
        return "no labels"
    return f"no test clip is marked {split.capitalize()}"
