"""Every score of a run's report, from its predictions alone.

An entry is a row and a column of the grid: a cell over all its seeds. Splits: `cv` (every fold's model on its
own validation clips), `public`, `private` and `test` (all labelled test clips). Averages: `folds`, the mean
of the folds' lwlrap (section 4.2), and `blend`, on test clips the lwlrap of the geometric mean of the folds'
scores, on cv that of all validation clips together.

Shapes: n clips, C classes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestrator.stats.grid import Cell, Entry, Grid, Hole
from orchestrator.stats.inputs import CellPredictions, ClipArrays, ClipScores, Inputs
from orchestrator.stats.predictions import (
    SPLITS,
    Ensemble,
    Pool,
    Split,
    make_ensemble,
    make_pools,
    normalised,
    within,
)
from orchestrator.stats.scoring import (
    CellSums,
    Form,
    Pools,
    Score,
    ScoredEnsembles,
    ScoreKey,
    ScoreSettings,
    cell_sums,
    ensemble_hole,
    ensemble_sums,
    held_out,
    score_cells,
)
from trainable.arrays import Floats, Ints, Labels, Scores
from trainable.metrics import Average, Ties, f_score, per_class_lwlrap, tied_share


@dataclass(frozen=True)
class EntryScores:
    """All scores of one entry of the grid; means over its seeds."""

    scores: Mapping[ScoreKey, Score]
    per_class: Mapping[Split, Floats]
    """lwlrap of each class, raw, mean over folds (cv: of the pooled table), NaN without labels: (C,)."""
    fscore: Mapping[Split, float]
    """Mean of the folds' micro F-scores, raw."""
    macro_fscore: Mapping[Split, float]
    """The same, each class weighing as much."""
    tied: Mapping[Split, float]
    """Share of labels whose raw score another class of the clip has too, mean over folds."""
    missing_seeds: Mapping[int, Hole]
    """Seeds without a result: the scores are of the others."""


@dataclass(frozen=True)
class RunScores:
    """All scores of a run."""

    grid: Grid
    settings: ScoreSettings
    entries: Mapping[Entry, EntryScores]
    """Only entries with a result, in the order of the configuration."""
    holes: Mapping[Entry, Hole]
    """The others: failed or not run."""
    unscored: Mapping[Split, Hole]
    """Splits that nothing can be scored on."""
    labels: Mapping[Split, Ints]
    """Labels per class of each split that can be scored: (C,)."""
    ensembles: ScoredEnsembles
    test_clips: int
    """Test clips of the data set, labelled or not."""

    def find(self, entry: Entry, key: ScoreKey) -> Score | Hole:
        """A score, or the reason why there is none."""
        if entry not in self.entries:
            return self.holes.get(entry, Hole("not in the grid"))
        if key.split in self.unscored:
            return self.unscored[key.split]
        score = self.entries[entry].scores.get(key)
        is_cut = key.clips == "several" and key.split in self.main_splits
        return score or Hole("a fold has no such clip" if is_cut else "not scored")

    @property
    def held_out(self) -> Split:
        """See `scoring.held_out`."""
        return held_out([split for split in SPLITS if split not in self.unscored])

    @property
    def main_splits(self) -> tuple[Split, ...]:
        """What tables compare: cv, and the held-out split where the data set has test clips at all."""
        return ("cv", self.held_out) if self.test_clips else ("cv",)

    @property
    def splits_shown(self) -> tuple[Split, ...]:
        """Those of them that can be scored."""
        return tuple(split for split in self.main_splits if split not in self.unscored)


@dataclass(frozen=True)
class _CellScores:
    """What one cell adds to its entry."""

    sums: CellSums
    per_class: dict[Split, Floats]
    fscore: dict[Split, float]
    macro_fscore: dict[Split, float]
    tied: dict[Split, float]


def score_run(inputs: Inputs, settings: ScoreSettings) -> RunScores:
    """All scores of a run, finished or not."""
    grid, holes, pools = inputs.grid, inputs.holes, make_pools(inputs.clips)
    cells, ensembles, incomplete = _read_and_sum(inputs, pools, settings)
    entries = {
        entry: {cell.seed: cells[cell] for cell in seeds if cell in cells}
        for entry, seeds in grid.entries.items()
    }
    sums: dict[Entry | str, dict[int, CellSums]] = {
        entry: {seed: cell.sums for seed, cell in seeds.items()} for entry, seeds in entries.items() if seeds
    }
    sums |= {name: {0: ensemble_sums(ensemble, pools, settings)} for name, ensemble in ensembles.items()}
    scores = score_cells(sums, pools, settings)
    lost = {
        entry: {cell.seed: holes[cell] for cell in seeds if cell in holes}
        for entry, seeds in grid.entries.items()
    }
    return RunScores(
        grid,
        settings,
        {
            entry: _entry_scores(list(seeds.values()), scores[entry], lost[entry])
            for entry, seeds in entries.items()
            if seeds
        },
        {entry: _merged(list(lost[entry].values())) for entry, seeds in entries.items() if not seeds},
        {split: _why_unscored(inputs.clips, split) for split in SPLITS if split not in pools},
        {split: pool.truth[pool.mask(split)].sum(0, dtype=np.int64) for split, pool in pools.items()},
        ScoredEnsembles(ensembles, {name: scores[name] for name in ensembles}, incomplete),
        int((inputs.clips.part == "test").sum()),
    )


def _read_and_sum(
    inputs: Inputs, pools: Pools, settings: ScoreSettings
) -> tuple[dict[Cell, _CellScores], dict[str, Ensemble], dict[str, Hole]]:
    """What every cell with a result adds, the ensembles, and why others are none. Reads each cell once."""
    holes, members = inputs.holes, inputs.ensembles
    incomplete = {name: hole for name, cells in members.items() if (hole := ensemble_hole(cells, holes))}
    complete = {name: cells for name, cells in members.items() if name not in incomplete}
    kept = {cell for cells in complete.values() for cell in cells}
    scored: dict[Cell, _CellScores] = {}
    last: dict[Cell, CellPredictions] = {}
    for cell in (cell for cell in inputs.grid.cells if cell not in holes):
        predictions, *earlier = inputs.predictions(cell, [None, *_earlier_stages(inputs.grid, cell)])
        scored[cell] = _cell_scores(predictions, earlier, pools, settings, inputs.f_threshold)
        if cell in kept:
            last[cell] = predictions
    ensembles = {
        name: make_ensemble([last[cell] for cell in cells], settings.clip_sigma)
        for name, cells in complete.items()
    }
    return scored, ensembles, incomplete


def _earlier_stages(grid: Grid, cell: Cell) -> range:
    """Stages at whose ends a column without unverified clips is scored too."""
    return range(0 if grid.columns[cell.selection].uses_unverified else len(grid.stages) - 1)


def _merged(holes: Sequence[Hole]) -> Hole:
    """One hole for an entry whose seeds all have one: that with the most to say, then the others."""
    first, *others = sorted(dict.fromkeys(holes), key=lambda hole: not hole.detail)
    return replace(first, detail="; ".join([first.detail, *map(str, others)]))


def _cell_scores(
    predictions: CellPredictions,
    earlier: Sequence[CellPredictions],
    pools: Pools,
    settings: ScoreSettings,
    f_threshold: float,
) -> _CellScores:
    forms: dict[Form, CellPredictions] = {
        "raw": predictions,
        "normalised": normalised(predictions, settings.clip_sigma),
    }
    pairs = {split: list(_pairs(pool, split, predictions)) for split, pool in pools.items()}

    def fscore(average: Average) -> dict[Split, float]:
        return {split: _mean([f_score(*m, f_threshold, average) for m in pairs[split]]) for split in pairs}

    return _CellScores(
        cell_sums(forms, dict(enumerate(earlier)), pools, settings),
        {split: _per_class(split, models, settings.ties) for split, models in pairs.items()},
        fscore("micro"),
        fscore("macro"),
        {split: _mean([tied_share(*model) for model in models]) for split, models in pairs.items()},
    )


Pair = tuple[Labels, Scores]
"""Truth and scores of a model: (n, C) each."""


def _pairs(pool: Pool, split: Split, predictions: CellPredictions) -> list[Pair]:
    """Truth and raw scores of every fold on a split's clips."""
    mask = pool.mask(split)

    def pair(model: ClipScores) -> Pair:
        rows, scores = within(pool, model)
        return pool.truth[rows][mask[rows]], scores[mask[rows]]

    return [pair(model) for model in (predictions.validation if split == "cv" else predictions.test)]


def _per_class(split: Split, models: Sequence[Pair], ties: Ties) -> Floats:
    if split == "cv":
        truth, scores = (np.concatenate(tables) for tables in zip(*models, strict=True))
        return per_class_lwlrap(truth, scores, ties)
    return np.asarray(np.mean([per_class_lwlrap(*model, ties) for model in models], axis=0))


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))


def _entry_scores(
    seeds: Sequence[_CellScores], scores: Mapping[ScoreKey, Score], lost: Mapping[int, Hole]
) -> EntryScores:
    splits = list(seeds[0].fscore)
    return EntryScores(
        scores,
        {split: np.asarray(np.mean([cell.per_class[split] for cell in seeds], axis=0)) for split in splits},
        {split: _mean([cell.fscore[split] for cell in seeds]) for split in splits},
        {split: _mean([cell.macro_fscore[split] for cell in seeds]) for split in splits},
        {split: _mean([cell.tied[split] for cell in seeds]) for split in splits},
        lost,
    )


def _why_unscored(clips: ClipArrays, split: Split) -> Hole:
    test = clips.part == "test"
    if not test.any():
        return Hole("no test clips")
    if not clips.targets[test].any():
        return Hole("no labels")
    return Hole("no test clip is marked Public" if split == "public" else "no test clip is marked Private")
