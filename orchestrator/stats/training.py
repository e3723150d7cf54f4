"""What the paper says of training with an updatable threshold against top k (sections 3.1 and 5.1).

A model is a (seed, fold). Two models of the same seed and fold are a pair: they share stem, batches and
validation clips. Of every pair one number is taken, which is above zero where the pair bears the claim out;
over several rows it is averaged within the pair first. The interval is Student's over pairs: it holds other
trainings open, and what other folds would change only as far as folds differ in it.

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
import pandas as pd
from scipy.special import stdtr, stdtrit

from orchestrator.legs.run import Run
from orchestrator.settings.tree import Experiment
from orchestrator.stats.claims import Claim, Comparison, Source
from orchestrator.stats.components import LEAST, Crossed
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.judgements import Floats, Truth, read_judged, read_truth

MECHANISMS = ("threshold", "top_k")
STAGE_2 = Source(
    "section 5.1",
    "In the second stage, proposed mechanism outperforms top k mechanism in terms of F-score, training loss.",
)
STAGE_3 = Source(
    "section 5.1",
    "In the third stage, proposed mechanism also achieves higher F-score and lower loss than top k selection "
    "mechanism.",
)
FASTER = Source(
    "section 3.1",
    "Compared with the mechanism that ignores the noisy samples with the top k loss, the updatable threshold "
    "makes model more stable and helps train the network faster.",
)
FOLLOWS = Source(
    "section 3.1",
    "In [9], k samples are ignored in every batch, regardless of the proportion of incorrect labels in this "
    "particular batch.",
)
UNITS = (
    "of training, not of lwlrap: F-score, loss in nats, iterations as a share of the stage, correlation; the "
    "intervals are Student's over pairs of models of one seed and fold"
)
UNKNOWN = Hole("not judged", "nobody knows which labels are wrong")


@dataclass(frozen=True)
class Trained:
    """One model: how it was trained."""

    run: Run
    cell: Cell
    fold: int
    truth: Truth | None

    @cached_property
    def curves(self) -> pd.DataFrame:
        """A row for each iteration."""
        return self.run.curves(self.cell, self.fold)

    def mean(self, curve: str, stages: Sequence[int]) -> float:
        """Over the iterations of these stages at which the curve has a value."""
        return float(self._values(curve, stages).mean())

    def _values(self, curve: str, stages: Sequence[int]) -> "pd.Series[float]":
        rows = self.curves[self.curves["stage"].isin(list(stages))]
        return rows.set_index("iteration")[curve].dropna().astype(float)

    def highest(self, curve: str, stages: Sequence[int]) -> float:
        """The curve's highest value in these stages."""
        return float(self._values(curve, stages).max())

    def share_until(self, level: float, curve: str, stages: Sequence[int]) -> float:
        """Iterations of these stages until the curve is at `level`, which it reaches, over all of them."""
        values, own = self._values(curve, stages), self.curves[self.curves["stage"].isin(list(stages))]
        first = values.index[(values >= level).to_numpy()][0]
        return float(np.mean(own["iteration"] <= first))

    @cached_property
    def follows(self) -> float:
        """Correlation over batches of the number masked with the number of wrong labels."""
        assert self.truth is not None
        judged = read_judged(self.run, self.cell, self.fold)
        wrong = self.truth.wrong[judged.clip].astype(float)
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


def training_claims(experiment: Experiment) -> list[TrainingClaim]:
    """Over all rows, then in each; none where the grid lacks one of the two mechanisms."""
    if not set(MECHANISMS) <= set(experiment.selections):
        return []
    return [
        TrainingClaim(claim, measure, comparison.source is FOLLOWS)
        for comparison, measure in _comparisons(experiment)
        for claim in comparison.claims(experiment)
    ]


def _comparisons(experiment: Experiment) -> Iterator[tuple[Comparison, Measure]]:
    """Those that the grid's stages allow; names as the paper's where the stages are the paper's three."""
    stages = experiment.cell(MECHANISMS[0])
    selecting = [number for number, stage in enumerate(stages) if stage.selection]
    later = list(range(selecting[-1] + 1, len(stages))) if selecting else []
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


def _compared(subject: str, source: Source, *, lower: bool = False, judged: bool = True) -> Comparison:
    first, second = reversed(MECHANISMS) if lower else MECHANISMS
    return Comparison("selection", first, second, source, subject=subject, judged=judged)


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
    truth: Truth | None

    @classmethod
    def of(cls, run: Run) -> "Pairs":
        """The models of both mechanisms that are there."""
        truth, rows = read_truth(run), run.experiment.activations
        cells = {row: [[Cell(row, name, seed) for name in MECHANISMS] for seed in run.experiment.seeds]
                 for row in rows}  # fmt: skip
        by_row = {
            row: {
                (both[0].seed, fold): (Trained(run, both[0], fold, truth), Trained(run, both[1], fold, truth))
                for both in seeds
                if not any(map(run.hole, both))
                for fold in range(run.experiment.folds)
            }
            for row, seeds in cells.items()
        }
        return cls(by_row, {row: _missing(run, row) for row in rows}, truth)

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


def _missing(run: Run, row: str) -> str:
    several = len(run.experiment.seeds) > 1
    holes = [
        f"{cell.entry}{f', seed {cell.seed}' if several else ''}: {hole}"
        for name in MECHANISMS
        for cell in run.entries[Entry(row, name)]
        if (hole := run.hole(cell))
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
    if training.needs_truth and pairs.truth is None:
        return UNKNOWN, ""
    values = pairs.values(training)
    if not values:
        return Hole("not judged", incomplete or "no two models of one seed"), ""
    found = over_models(values, level)
    few = f"{len(values)} pairs of models, an interval needs {LEAST + 1}: add --seeds"
    return found or Hole("not judged", few), incomplete
