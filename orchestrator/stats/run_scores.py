"""Every score of a run's report, from its predictions alone.

An entry is a row and a column of the grid: a cell over all its seeds. Splits: `cv` (every fold's model on its
own validation clips), `public`, `private` and `test` (all labelled test clips). Averages: `folds`, the mean
of the folds' lwlrap (section 4.2), and `blend`, on test clips the lwlrap of the geometric mean of the folds'
scores, on cv that of all validation clips together.

Shapes: n clips, C classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from orchestrator.stats.grid import Cell, Entry, Grid, Hole
from orchestrator.stats.inputs import CellPredictions, ClipArrays, Inputs
from orchestrator.stats.predictions import SPLITS, Forms, Split, ensemble_of, make_pools, normalise, pairs_of
from orchestrator.stats.scoring import (
    CellSums,
    Pools,
    Score,
    ScoreKey,
    ScoreSettings,
    cell_sums,
    ensemble_sums,
    held_out,
    score_cells,
)
from trainable.arrays import Floats, Ints, Labels, Scores
from trainable.metrics import f_score, per_class_lwlrap, tied_share


@dataclass(frozen=True)
class Measures:
    """Numbers about raw scores without intervals, of a cell, or of an entry: means over its seeds."""

    per_class: Mapping[Split, Floats]
    """lwlrap of each class, mean over folds (cv: of the pooled table), NaN without labels: (C,)."""
    fscore: Mapping[Split, float]
    """Mean of the folds' micro F-scores."""
    macro_fscore: Mapping[Split, float]
    """The same, each class weighing as much."""
    tied: Mapping[Split, float]
    """Share of labels whose score another class of the clip has too, mean over folds."""


@dataclass(frozen=True)
class EntryScores(Measures):
    """All scores of one entry of the grid."""

    scores: Mapping[ScoreKey, Score]
    missing_seeds: Mapping[int, Hole]
    """Seeds without a result: the scores are of the others."""


@dataclass(frozen=True)
class ScoredEnsembles:
    """All ensembles of a configuration."""

    complete: Mapping[str, Forms]
    """What those predict whose members all have results."""
    scores: Mapping[str, Mapping[ScoreKey, Score]]
    """Of the complete ones: blends alone."""
    holes: Mapping[str, Hole]
    """The others, with the reason."""


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


def score_run(inputs: Inputs, settings: ScoreSettings) -> RunScores:
    """All scores of a run, finished or not."""
    pools, entries, holes = make_pools(inputs.clips), inputs.grid.entries, inputs.holes
    sums, measures, ensembles = _read(inputs, pools, settings)
    done = {entry: [cell for cell in cells if cell in sums] for entry, cells in entries.items()}
    lost = {entry: {c.seed: holes[c] for c in cells if c in holes} for entry, cells in entries.items()}
    by_seed: dict[Entry | str, dict[int, CellSums]] = {
        entry: {cell.seed: sums[cell] for cell in cells} for entry, cells in done.items() if cells
    }
    by_seed |= {name: {0: ensemble_sums(ensemble, pools, settings)} for name, ensemble in ensembles.items()}
    scores = score_cells(by_seed, pools, settings)
    return RunScores(
        inputs.grid, settings,
        {entry: _entry_scores([measures[cell] for cell in cells], scores[entry], lost[entry])
         for entry, cells in done.items() if cells},
        {entry: _merged(list(lost[entry].values())) for entry, cells in done.items() if not cells},
        {split: _why_unscored(inputs.clips, split) for split in SPLITS if split not in pools},
        {split: pool.truth[pool.mask(split)].sum(0, dtype=np.int64) for split, pool in pools.items()},
        ScoredEnsembles(ensembles, {name: scores[name] for name in ensembles}, _incomplete(inputs)),
        int((inputs.clips.part == "test").sum()),
    )  # fmt: skip


def _incomplete(inputs: Inputs) -> dict[str, Hole]:
    """The ensembles that are none, for want of a member's result."""
    holes = {name: [f"{cell.entry}: {inputs.holes[cell]}" for cell in cells if cell in inputs.holes]
             for name, cells in inputs.ensembles.items()}  # fmt: skip
    return {name: Hole("incomplete", "; ".join(dict.fromkeys(why))) for name, why in holes.items() if why}


def _read(
    inputs: Inputs, pools: Pools, settings: ScoreSettings
) -> tuple[dict[Cell, CellSums], dict[Cell, Measures], dict[str, Forms]]:
    """What every cell with a result adds, and the complete ensembles. Reads each cell once."""
    incomplete = _incomplete(inputs)
    complete = {name: cells for name, cells in inputs.ensembles.items() if name not in incomplete}
    members = {cell for cells in complete.values() for cell in cells}
    sums, measures = {}, {}
    last: dict[Cell, CellPredictions] = {}
    for cell in (cell for cell in inputs.grid.cells if cell not in inputs.holes):
        predictions, *earlier = inputs.predictions(cell, [None, *_earlier_stages(inputs.grid, cell)])
        forms: Forms = {"raw": predictions, "normalised": normalise(predictions, settings.clip_sigma)}
        sums[cell] = cell_sums(forms, dict(enumerate(earlier)), pools, settings)
        measures[cell] = _measures(predictions, pools, settings, inputs.f_threshold)
        last |= {cell: predictions} if cell in members else {}
    sigma = settings.clip_sigma
    ensembles = {name: ensemble_of([last[c] for c in cells], sigma) for name, cells in complete.items()}
    return sums, measures, ensembles


def _earlier_stages(grid: Grid, cell: Cell) -> range:
    """Stages at whose ends a column without unverified clips is scored too."""
    return range(0 if grid.columns[cell.selection].uses_unverified else len(grid.stages) - 1)


def _merged(holes: Sequence[Hole]) -> Hole:
    """One hole for an entry whose seeds all have one: that with the most to say, then the others."""
    first, *others = sorted(dict.fromkeys(holes), key=lambda hole: not hole.detail)
    return replace(first, detail="; ".join([first.detail, *map(str, others)]))


def _measures(
    predictions: CellPredictions, pools: Pools, settings: ScoreSettings, f_threshold: float
) -> Measures:
    pairs = {split: pairs_of(pool, split, predictions) for split, pool in pools.items()}

    def per_class(split: Split) -> Floats:
        models = pairs[split]
        if split == "cv":  # one table
            models = [(np.concatenate([t for t, _ in models]), np.concatenate([s for _, s in models]))]
        return np.asarray(np.mean([per_class_lwlrap(*model, settings.ties) for model in models], axis=0))

    def mean(measure: Callable[[Labels, Scores], float]) -> dict[Split, float]:
        return {split: float(np.mean([measure(*m) for m in models])) for split, models in pairs.items()}

    return Measures(
        {split: per_class(split) for split in pairs},
        mean(lambda truth, scores: f_score(truth, scores, f_threshold, "micro")),
        mean(lambda truth, scores: f_score(truth, scores, f_threshold, "macro")),
        mean(tied_share),
    )


def _entry_scores(
    seeds: Sequence[Measures], scores: Mapping[ScoreKey, Score], lost: Mapping[int, Hole]
) -> EntryScores:
    def mean(name: str) -> dict[Split, float]:
        return {split: float(np.mean([getattr(cell, name)[split] for cell in seeds])) for split in splits}

    splits = list(seeds[0].fscore)
    per_class = {split: np.mean([cell.per_class[split] for cell in seeds], axis=0) for split in splits}
    return EntryScores(per_class, mean("fscore"), mean("macro_fscore"), mean("tied"), scores, lost)


def _why_unscored(clips: ClipArrays, split: Split) -> Hole:
    test = clips.part == "test"
    if not test.any():
        return Hole("no test clips")
    if not clips.targets[test].any():
        return Hole("no labels")
    return Hole("no test clip is marked Public" if split == "public" else "no test clip is marked Private")
