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

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from orchestrator.stats.claims import Claim, Contrast
from orchestrator.stats.components import LEAST, Crossed
from orchestrator.stats.grid import Cell, Entry, Grid, Hole
from orchestrator.stats.inputs import FoldCurves, Inputs
from orchestrator.stats.paper import FASTER, FOLLOWS, STAGE_2, STAGE_3, Citation
from trainable.arrays import Floats

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

    def within(self, curve: str, stages: Sequence[int]) -> Floats:
        """The curve in the iterations of these stages, NaN where it has no value."""
        return self.curves.values[curve][np.isin(self.curves.stage, stages)]

    @cached_property
    def follows(self) -> float:
        """Pearson's correlation over batches of the number masked with the number of wrong labels.

        0 where either never changes.
        """
        assert self.inputs.truth is not None
        judged = self.inputs.judged(self.cell, self.fold)
        wrong = self.inputs.truth.wrong[judged.clip].astype(float)
        batches = np.unique(judged.iteration)
        masked_T, wrong_T = (
            np.bincount(judged.iteration, values)[batches].astype(float) for values in (judged.masked, wrong)
        )
        return float(np.corrcoef(masked_T, wrong_T)[0, 1]) if np.ptp(masked_T) and np.ptp(wrong_T) else 0.0


Measure = Callable[[Trained, Trained], float]
"""Of the models by threshold and by top_k: above zero where they bear the claim out."""


def training_claims(grid: Grid) -> dict[Claim, Measure]:
    """Over all rows, then in each; none where the grid lacks one of the two mechanisms."""
    if not set(MECHANISMS) <= set(grid.columns):
        return {}
    return {claim: measure for contrast, measure in _contrasts(grid) for claim in contrast.claims(grid)}


def _contrasts(grid: Grid) -> Iterator[tuple[Contrast, Measure]]:
    """Those that the grid's stages allow; names as the paper's where the stages are the paper's three."""
    selecting = [number for number, selects in enumerate(grid.stages) if selects]
    later = list(range(selecting[-1] + 1, len(grid.stages))) if selecting else []
    for numbers, source in ((selecting, STAGE_2), (later, STAGE_3)):
        if numbers:
            yield _compared(f"F-score in {_named(numbers)}", source), _higher("fscore", numbers)
            contrast = _compared(f"loss in {_named(numbers)}", source, lower=True, judged=source is STAGE_3)
            yield contrast, _higher("loss", numbers, sign=-1)
    if selecting:
        yield _compared("iterations to an F-score", FASTER, lower=True), _faster(selecting)
        yield _compared("masked clips follow wrong labels", FOLLOWS), lambda a, b: a.follows - b.follows


def _named(stages: Sequence[int]) -> str:
    return f"stage{'' if len(stages) == 1 else 's'} {' and '.join(str(number + 1) for number in stages)}"


def _compared(subject: str, source: Citation, *, lower: bool = False, judged: bool = True) -> Contrast:
    first, second = reversed(MECHANISMS) if lower else MECHANISMS
    return Contrast("selection", first, second, source, subject=subject, judged=judged)


def _higher(curve: str, stages: Sequence[int], sign: int = 1) -> Measure:
    """By the mean over the iterations at which the curve has a value."""

    def mean(model: Trained) -> float:
        values = model.within(curve, stages)
        return float(values[~np.isnan(values)].mean())

    return lambda a, b: sign * (mean(a) - mean(b))


def _faster(stages: Sequence[int]) -> Measure:
    """Iterations until both are at a level that both reach, as a share of all."""

    def sooner(a: Trained, b: Trained) -> float:
        both = [model.within("fscore", stages) for model in (a, b)]
        level = min(np.nanmax(fscore) for fscore in both)
        until_a, until_b = ((np.argmax(fscore >= level) + 1) / len(fscore) for fscore in both)
        return float(until_b - until_a)

    return sooner


Pairs = Mapping[str, Mapping[tuple[int, int], tuple[Trained, Trained]]]
"""Of models by both mechanisms: by row of the grid, then by seed and fold."""


def trained_pairs(inputs: Inputs) -> Pairs:
    """All pairs of models that are there."""
    return {row: dict(_of_row(inputs, row)) for row in inputs.grid.rows}


def _of_row(inputs: Inputs, row: str) -> Iterator[tuple[tuple[int, int], tuple[Trained, Trained]]]:
    for seed, fold in product(inputs.grid.seeds, range(inputs.grid.folds)):
        new, old = (Cell(row, name, seed) for name in MECHANISMS)
        if not {new, old} & inputs.holes.keys():
            yield (seed, fold), (Trained(inputs, new, fold), Trained(inputs, old, fold))


def measured(pairs: Pairs, claim: Claim, measure: Measure) -> list[float]:
    """The measure of every pair of seed and fold that all the claim's rows have, averaged over them: (P,)."""
    rows = [of_row for higher, _ in claim.pairs if (of_row := pairs[higher.activation])]
    common = [key for key in rows[0] if all(key in row for row in rows)] if rows else []
    return [float(np.mean([measure(*row[key]) for row in rows])) for key in common]


def _missing(inputs: Inputs, claim: Claim) -> str:
    """The cells of a claim that have no result, and why."""
    several, rows = len(inputs.grid.seeds) > 1, [higher.activation for higher, _ in claim.pairs]
    entries = [Entry(row, name) for row in rows for name in MECHANISMS]
    cells = [cell for entry in entries for cell in inputs.grid.entries[entry] if cell in inputs.holes]
    return "; ".join(f"{c.entry}{f', seed {c.seed}' if several else ''}: {inputs.holes[c]}" for c in cells)


def over_models(values: Sequence[float], level: float) -> Crossed | None:
    """Mean of pairs of models with Student's interval; None with fewer than LEAST degrees of freedom."""
    freedom = len(values) - 1
    if freedom < LEAST:
        return None
    error = float(np.std(values, ddof=1)) / len(values) ** 0.5
    return Crossed.students(float(np.mean(values)), error, freedom, level)


def judge_training(
    inputs: Inputs, pairs: Pairs, claim: Claim, measure: Measure, level: float
) -> tuple[Crossed | Hole, str]:
    """The interval of a claim, or why there is none; and what is missing of it."""
    if claim.source is FOLLOWS and inputs.truth is None:
        return UNKNOWN, ""
    incomplete, values = _missing(inputs, claim), measured(pairs, claim, measure)
    if not values:
        return Hole("not judged", incomplete or "no two models of one seed"), ""
    few = f"{len(values)} pairs of models, an interval needs {LEAST + 1}: add --seeds"
    return over_models(values, level) or Hole("not judged", few), incomplete
