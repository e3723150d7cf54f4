"""Claims about training against plain loops, and scipy."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from orchestrator.stats.claims import Claim, Scope
from orchestrator.stats.components import Crossed
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.inputs import Inputs
from orchestrator.stats.training import (
    UNKNOWN,
    Measure,
    judge_training,
    over_models,
    trained_pairs,
    training_claims,
)
from tests.orchestrator.stats.made import ROWS, made_grid, made_inputs, without_truth

FSCORE_2, FSCORE_3 = "F-score in stage 2: threshold > top_k", "F-score in stage 3: threshold > top_k"
LOSS_2, LOSS_3 = "loss in stage 2: top_k > threshold", "loss in stage 3: top_k > threshold"
FASTER = "iterations to an F-score: top_k > threshold"
FOLLOWS = "masked clips follow wrong labels: threshold > top_k"


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return made_inputs(seeds=[0, 1], folds=3)


def claim_of(inputs: Inputs, statement: str, row: str | None = None) -> tuple[Claim, Measure]:
    scope, claims = Scope("activation", row), training_claims(inputs.grid)
    (claim,) = [claim for claim in claims if (claim.statement, claim.scope) == (statement, scope)]
    return claim, claims[claim]


def judged(inputs: Inputs, statement: str, row: str | None = None) -> tuple[Crossed | Hole, str]:
    return judge_training(inputs, trained_pairs(inputs), *claim_of(inputs, statement, row), 0.95)


def curve(inputs: Inputs, row: str, column: str, seed: int, fold: int) -> list[dict[str, float]]:
    curves = inputs.curves(Cell(row, column, seed), fold)
    columns = {"stage": curves.stage, **curves.values}
    return [dict(zip(columns, map(float, line), strict=True)) for line in zip(*columns.values(), strict=True)]


def mean_of(lines: list[dict[str, float]], name: str, stage: int) -> float:
    values = [line[name] for line in lines if line["stage"] == stage and not math.isnan(line[name])]
    return sum(values) / len(values)


def share_until(lines: list[dict[str, float]], level: float) -> float:
    own = [line for line in lines if line["stage"] == 1]
    return next(n for n, line in enumerate(own, 1) if line["fscore"] >= level) / len(own)


def highest(lines: list[dict[str, float]]) -> float:
    return max(line["fscore"] for line in lines if line["stage"] == 1 and not math.isnan(line["fscore"]))


def follows(inputs: Inputs, row: str, column: str, seed: int, fold: int) -> float:
    """Batch by batch."""
    assert inputs.truth is not None
    judged = inputs.judged(Cell(row, column, seed), fold)
    masked: dict[int, float] = {}
    wrong: dict[int, float] = {}
    for t, clip, of_clip in zip(judged.iteration, judged.clip, judged.masked, strict=True):
        masked[t] = masked.get(t, 0) + of_clip
        wrong[t] = wrong.get(t, 0) + inputs.truth.wrong[clip]
    both = [[counts[t] for t in sorted(masked)] for counts in (masked, wrong)]
    return 0.0 if len(set(both[0])) == 1 else float(stats.pearsonr(*both).statistic)


def by_hand(inputs: Inputs, statement: str, row: str, seed: int, fold: int) -> float:
    new, old = (curve(inputs, row, column, seed, fold) for column in ("threshold", "top_k"))
    if statement in (FSCORE_2, FSCORE_3):
        stage = 1 if statement == FSCORE_2 else 2
        return mean_of(new, "fscore", stage) - mean_of(old, "fscore", stage)
    if statement in (LOSS_2, LOSS_3):
        stage = 1 if statement == LOSS_2 else 2
        return mean_of(old, "loss", stage) - mean_of(new, "loss", stage)
    if statement == FASTER:
        level = min(highest(new), highest(old))
        return share_until(old, level) - share_until(new, level)
    return follows(inputs, row, "threshold", seed, fold) - follows(inputs, row, "top_k", seed, fold)


@pytest.mark.parametrize("statement", [FSCORE_2, FSCORE_3, LOSS_2, LOSS_3, FASTER, FOLLOWS])
def test_each_claim_is_what_plain_loops_and_scipy_say(inputs: Inputs, statement: str) -> None:
    """Averaged over rows within a model first: six models, not twelve."""
    pairs = [(seed, fold) for seed in (0, 1) for fold in range(3)]
    expected = [np.mean([by_hand(inputs, statement, row, *pair) for row in ROWS]) for pair in pairs]
    judgement, incomplete = judged(inputs, statement)
    assert isinstance(judgement, Crossed)
    student = stats.ttest_1samp(expected, 0)
    interval = student.confidence_interval(0.95)
    assert (judgement.low, judgement.high) == pytest.approx((interval.low, interval.high), abs=1e-6)
    assert judgement.p == pytest.approx(student.pvalue, rel=1e-3, abs=1e-9)
    assert (judgement.nu, incomplete) == (5, "")
    assert len(set(expected)) > 1, "else nothing was compared"


def test_where_nobody_knows_the_truth_one_claim_says_so_and_the_others_stand() -> None:
    unknown = without_truth(made_inputs(folds=4))
    assert judged(unknown, FOLLOWS) == (UNKNOWN, "")
    assert isinstance(judged(unknown, FSCORE_2)[0], Crossed)


def test_a_row_without_one_of_both_is_named_and_the_others_stand() -> None:
    inputs = made_inputs(folds=3, missing=[Entry("sigmoid", "top_k")])
    reason = "sigmoid/top_k: not run"
    assert judged(inputs, FSCORE_2, "sigmoid") == (Hole("not judged", reason), "")
    judgement, incomplete = judged(inputs, FSCORE_2)
    assert isinstance(judgement, Crossed)
    assert incomplete == reason


def test_two_models_have_no_interval() -> None:
    judgement, _ = judged(made_inputs(folds=2), FSCORE_2)
    assert isinstance(judgement, Hole)
    assert judgement.detail == "2 pairs of models, an interval needs 3: add --seeds"


def test_a_grid_without_both_mechanisms_claims_nothing() -> None:
    assert training_claims(made_grid(columns=["verified_only", "threshold"])) == {}


def test_stages_are_named_as_the_grid_has_them() -> None:
    grid = replace(made_grid(), stages=(False, True, True))
    statements = {claim.statement for claim in training_claims(grid)}
    assert "F-score in stages 2 and 3: threshold > top_k" in statements
    assert not any("loss in stage 3" in statement for statement in statements), "no stage comes after"


def test_equal_models_are_no_evidence() -> None:
    assert over_models([0.5, 0.5], 0.95) is None
    assert over_models([0.0, 0.0, 0.0], 0.95) == Crossed(0.0, 0.0, 0.0, 2, 1.0)
    assert over_models([0.5, 0.5, 0.5], 0.95) == Crossed(0.5, 0.5, 0.5, 2, 0.0)
