"""What the paper says of training with an updatable threshold against top k (sections 3.1 and 5.1).

A model is a (seed, fold). Two models of the same seed and fold are a pair: they share stem, batches and
validation clips. Of every pair one number is taken, which is above zero where the pair bears the claim out;
over several rows it is averaged within the pair first. The interval is Student's over pairs: over other
trainings, and over other folds only as far as folds differ in it.

    F-score     of the validation clips, mean over a stage's evaluations
    loss        of a batch (eq. 1), mean over a stage. While clips are masked it is lower the more are, so
                there the claim holds in part by construction, and is not judged
    iterations  until the validation F-score reaches what both reach, the lower of their highest ones, as a
                share of the stages that select; either may set that level, so neither gains by it
    follows     correlation over batches of the number masked with the number of wrong labels; 0 where either
                never changes, as with top k

That the threshold is steadier than T_t is no claim here: it is a running mean of T_t (eq. 3), whose variation
is bound to be lower. Figure 4c shows both.

Shapes: T batches, U unverified clips of a batch; P pairs.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import stdtr, stdtrit

from orchestrator.stats.claims import Claim, Contrast
from orchestrator.stats.components import LEAST, Crossed
from orchestrator.stats.grid import Cell, Entry, Grid, Hole
from orchestrator.stats.inputs import FoldCurves, Inputs
from orchestrator.stats.paper import FASTER, FOLLOWS, STAGE_2, STAGE_3, Citation
from trainable.arrays import Bools, Floats

MECHANISMS = ("threshold", "top_k")
UNITS = (
    "of training, not of lwlrap: F-score, loss in nats, iterations as a share of the stage, correlation; the "
    "intervals are Student's over pairs of models of one seed and fold"
)
UNKNOWN = Hole("not judged", "nobody knows which labels are wrong")


@dataclass(frozen=True)
class Trained:
    """One model: how it was trained."""

    inputs: Inputs
    cell: Cell
    fold: int

    @cached_property
    def curves(self) -> FoldCurves:
        """What it recorded at each iteration."""
        return self.inputs.curves(self.cell, self.fold)

    def mean(self, curve: str, stages: Sequence[int]) -> float:
        """Over the iterations of these stages at which the curve has a value."""
        return float(self._values(curve, stages).mean())

    def highest(self, curve: str, stages: Sequence[int]) -> float:
        """The curve's highest value in these stages."""
        return float(self._values(curve, stages).max())

    def share_until(self, level: float, curve: str, stages: Sequence[int]) -> float:
        """Iterations of these stages until the curve is at `level`, which it reaches, over all of them."""
        values, iteration = self.curves.values[curve], self.curves.iteration
        within = self._within(stages)
        first = iteration[within & (values >= level)][0]
        return float(np.mean(iteration[within] <= first))

    def _values(self, curve: str, stages: Sequence[int]) -> Floats:
        values = self.curves.values[curve][self._within(stages)]
        return values[~np.isnan(values)]

    def _within(self, stages: Sequence[int]) -> Bools:
        """Which iterations are of these stages: (T,)."""
        return np.isin(self.curves.stage, stages)

    @cached_property
    def follows(self) -> float:
        """Correlation over batches of the number masked with the number of wrong labels."""
        assert self.inputs.truth is not None
        judged = self.inputs.judged(self.cell, self.fold)
        wrong = self.inputs.truth.wrong[judged.clip].astype(float)
        batches = np.unique(judged.iteration)
        masked_T, wrong_T = (
            np.bincount(judged.iteration, values)[batches].astype(float) for values in (judged.masked, wrong)
        )
        return correlation(masked_T, wrong_T)


def correlation(a_T: Floats, b_T: Floats) -> float:
    """Pearson's; 0 where either never changes."""
    if not (np.ptp(a_T) and np.ptp(b_T)):
        return 0.0
    return float(np.corrcoef(a_T, b_T)[0, 1])


Measure = Callable[[Trained, Trained], float]
"""Of the models by threshold and by top_k: above zero where they bear the claim out."""


@dataclass(frozen=True)
class TrainingClaim:
    """A claim and how it is measured."""

    claim: Claim
    measure: Measure
    needs_truth: bool = False


def training_claims(grid: Grid) -> list[TrainingClaim]:
    """Over all rows, then in each; none where the grid lacks one of the two mechanisms."""
    if not set(MECHANISMS) <= set(grid.columns):
        return []
    return [
        TrainingClaim(claim, measure, comparison.source is FOLLOWS)
        for comparison, measure in _comparisons(grid)
        for claim in comparison.claims(grid)
    ]


def _comparisons(grid: Grid) -> Iterator[tuple[Contrast, Measure]]:
    """Those that the grid's stages allow; names as the paper's where the stages are the paper's three."""
    selecting = [number for number, selects in enumerate(grid.stages) if selects]
    later = list(range(selecting[-1] + 1, len(grid.stages))) if selecting else []
    for numbers, source in ((selecting, STAGE_2), (later, STAGE_3)):
        if numbers:
            yield _compared(f"F-score in {_named(numbers)}", source), _higher("fscore", numbers)
            yield (
                _compared(f"loss in {_named(numbers)}", source, lower=True, judged=source is STAGE_3),
                _lower("loss", numbers),
            )
    if selecting:
        yield _compared("iterations to an F-score", FASTER, lower=True), _faster(selecting)
        yield _compared("masked clips follow wrong labels", FOLLOWS), lambda a, b: a.follows - b.follows


def _named(stages: Sequence[int]) -> str:
    return f"stage{'' if len(stages) == 1 else 's'} {' and '.join(str(number + 1) for number in stages)}"


def _compared(subject: str, source: Citation, *, lower: bool = False, judged: bool = True) -> Contrast:
    first, second = reversed(MECHANISMS) if lower else MECHANISMS
    return Contrast("selection", first, second, source, subject=subject, judged=judged)


def _higher(curve: str, stages: Sequence[int]) -> Measure:
    return lambda a, b: a.mean(curve, stages) - b.mean(curve, stages)


def _lower(curve: str, stages: Sequence[int]) -> Measure:
    return lambda a, b: b.mean(curve, stages) - a.mean(curve, stages)


def _faster(stages: Sequence[int]) -> Measure:
    def sooner(a: Trained, b: Trained) -> float:
        level = min(model.highest("fscore", stages) for model in (a, b))
        return b.share_until(level, "fscore", stages) - a.share_until(level, "fscore", stages)

    return sooner


@dataclass(frozen=True)
class Pairs:
    """All pairs of models of a run, by row of the grid, then seed and fold."""

    by_row: dict[str, dict[tuple[int, int], tuple[Trained, Trained]]]
    missing: dict[str, str]
    """By row: which cells have no result, and why."""
    truth_known: bool

    @classmethod
    def of(cls, inputs: Inputs) -> "Pairs":
        """The models of both mechanisms that are there."""
        grid = inputs.grid
        cells = {row: [[Cell(row, name, seed) for name in MECHANISMS] for seed in grid.seeds]
                 for row in grid.rows}  # fmt: skip
        by_row = {
            row: {
                (a.seed, fold): (Trained(inputs, a, fold), Trained(inputs, b, fold))
                for a, b in seeds
                if not {a, b} & inputs.holes.keys()
                for fold in range(grid.folds)
            }
            for row, seeds in cells.items()
        }
        return cls(by_row, {row: _missing(inputs, row) for row in grid.rows}, inputs.truth is not None)

    def values(self, training: TrainingClaim) -> list[float]:
        """The measure of every pair of seed and fold that all its rows have, averaged over them: (P,)."""
        rows = [of_row for row in self._rows(training) if (of_row := self.by_row[row])]
        common = [key for key in rows[0] if all(key in row for row in rows)] if rows else []
        return [float(np.mean([training.measure(*row[key]) for row in rows])) for key in common]

    def incomplete(self, training: TrainingClaim) -> str:
        """What is missing of the claim's rows."""
        return "; ".join(filter(None, (self.missing[row] for row in self._rows(training))))

    def _rows(self, training: TrainingClaim) -> list[str]:
        return [pair[0].activation for pair in training.claim.pairs]


def _missing(inputs: Inputs, row: str) -> str:
    several = len(inputs.grid.seeds) > 1
    holes = [
        f"{cell.entry}{f', seed {cell.seed}' if several else ''}: {inputs.holes[cell]}"
        for name in MECHANISMS
        for cell in inputs.grid.entries[Entry(row, name)]
        if cell in inputs.holes
    ]
    return "; ".join(holes)


def over_models(values: Sequence[float], level: float) -> Crossed | None:
    """Mean of pairs of models with Student's interval; None with fewer than LEAST degrees of freedom."""
    freedom = len(values) - 1
    if freedom < LEAST:
        return None
    mean = round(float(np.mean(values)), 9) + 0.0
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    reach = float(stdtrit(freedom, (1 + level) / 2)) * error
    p = 1.0 if mean == 0 else 2 * float(stdtr(freedom, -abs(mean) / error)) if error else 0.0
    return Crossed(mean, round(mean - reach, 9) + 0.0, round(mean + reach, 9) + 0.0, freedom, round(p, 9))


def judge_training(pairs: Pairs, training: TrainingClaim, level: float) -> tuple[Crossed | Hole, str]:
    """The interval of a claim, or why there is none; and what is missing of it."""
    incomplete = pairs.incomplete(training)
    if training.needs_truth and not pairs.truth_known:
        return UNKNOWN, ""
    values = pairs.values(training)
    if not values:
        return Hole("not judged", incomplete or "no two models of one seed"), ""
    few = f"{len(values)} pairs of models, an interval needs {LEAST + 1}: add --seeds"
    return over_models(values, level) or Hole("not judged", few), incomplete
