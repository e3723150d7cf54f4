from dataclasses import replace

import numpy as np
import pytest

from orchestrator.stats.assessment import (
    TRAINING,
    ClaimResult,
    Evidence,
    assess_claims,
    holm,
    is_judged,
)
from orchestrator.stats.bootstrap import ClipSums, Difference
from orchestrator.stats.claims import Claim, Scope
from orchestrator.stats.components import ENOUGH, components, mean_difference
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.inputs import Inputs
from orchestrator.stats.paper import MECHANISMS, NOT_IN_PAPER, SEVERAL_LABELS, Published
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.verdicts import Standing, Verdict
from tests.orchestrator.fake_data import Numbers
from tests.orchestrator.stats.made import FAST, ROWS, made_inputs
from trainable.arrays import Floats

NOTHING_PUBLISHED = Published("another data set")
CV, PRIVATE = Evidence("cv"), Evidence("private")
ALL_ROWS, ALL_COLUMNS = Scope("activation"), Scope("selection")
SIGMOID = Scope("activation", "sigmoid")
MANY = Numbers(verified=240, unverified=60, test=240)
FSCORE = "F-score in stage 2: threshold > top_k"
TOP_K = Entry("sigmoid", "top_k")
Assessed = tuple[Inputs, RunScores, list[ClaimResult]]


def assessed(inputs: Inputs, published: Published = NOTHING_PUBLISHED) -> Assessed:
    scores = score_run(inputs, FAST)
    return inputs, scores, assess_claims(inputs, scores, published)


def find(results: list[ClaimResult], sentence: str, scope: Scope, evidence: Evidence) -> ClaimResult:
    (result,) = [
        result
        for result in results
        if (result.claim.sentence, result.claim.scope, result.evidence) == (sentence, scope, evidence)
    ]
    return result


def estimate(result: ClaimResult) -> float:
    assert isinstance(result.difference, Difference)
    return result.difference.estimate


@pytest.fixture(scope="module")
def known() -> Assessed:
    """threshold is better than verified_only by a known amount, top_k worse, rows are alike."""
    sizes = {"threshold": 1.0, "top_k": -1.0}
    effect = {Entry(row, column): size for row in ROWS for column, size in sizes.items()}
    return assessed(made_inputs(numbers=MANY, effect=effect))


@pytest.mark.parametrize("evidence", [CV, PRIVATE], ids=str)
def test_a_known_effect_is_found_and_a_known_null_is_not(known: Assessed, evidence: Evidence) -> None:
    _, _, results = known
    for scope in (ALL_ROWS, SIGMOID, Scope("activation", "sigmoid_softmax")):
        assert find(results, "threshold > verified_only", scope, evidence).verdict is Verdict.HIGHER
        assert find(results, "threshold > top_k", scope, evidence).verdict is Verdict.HIGHER
        assert find(results, "top_k > verified_only", scope, evidence).verdict is Verdict.LOWER
    null = find(results, "sigmoid_softmax > sigmoid", ALL_COLUMNS, evidence)
    assert null.verdict is Verdict.UNCLEAR
    assert isinstance(null.difference, Difference)
    assert null.difference.low < 0 < null.difference.high


def test_a_missing_cell_is_named_and_the_rest_is_assessed() -> None:
    _, _, results = assessed(made_inputs(missing=[TOP_K]))
    lost = find(results, "threshold > top_k", SIGMOID, CV)
    assert lost.difference == Hole("not judged", "sigmoid/top_k: not run")
    assert (lost.verdict, lost.incomplete) == (Verdict.NOT_JUDGED, "")
    partly = find(results, "threshold > top_k", ALL_ROWS, CV)
    assert isinstance(partly.difference, Difference)
    assert partly.incomplete == "sigmoid/top_k: not run"
    training = find(results, FSCORE, SIGMOID, TRAINING)
    assert training.difference == Hole("not judged", "sigmoid/top_k: not run")


def test_published_differences_stand_beside_only_on_the_papers_data(known: Assessed) -> None:
    inputs, scores, results = known
    assert all(result.published is None for result in results)
    results = assess_claims(inputs, scores, Published())
    single = find(results, "threshold > top_k", SIGMOID, PRIVATE)
    assert single.published == pytest.approx(0.7278 - 0.7253)
    whole = find(results, "threshold > top_k", ALL_ROWS, CV)
    assert whole.published == pytest.approx(((0.8569 - 0.8512) + (0.8617 - 0.8561)) / 2)


def test_over_trainings_the_difference_is_the_same_and_averaged_within_models() -> None:
    _, scores, results = assessed(made_inputs(folds=4))
    whole = find(results, "threshold > top_k", ALL_ROWS, PRIVATE)
    assert whole.components is not None
    assert whole.crossed is not None
    assert whole.components.freedom == 3, "two rows of four models are no eight models"
    assert whole.crossed.estimate == pytest.approx(estimate(whole), abs=1e-8)
    by_models = np.mean([_by_fold(scores, row) for row in ROWS], axis=0)
    assert whole.components.models == pytest.approx(np.var(by_models, ddof=1))
    assert find(results, "threshold > top_k", ALL_ROWS, CV).crossed is None, "one training a clip"


def _by_fold(scores: RunScores, row: str) -> Floats:
    key, columns = ScoreKey("private"), ("threshold", "top_k")
    higher, lower = (scores.entries[Entry(row, column)].scores[key].by_fold for column in columns)
    return np.subtract(higher, lower)


def in_sigmoid(seeds: list[int], missing: list[Cell]) -> list[ClaimResult]:
    return assessed(
        made_inputs(rows=["sigmoid"], columns=["top_k", "threshold"], seeds=seeds, missing=missing)
    )[2]


def test_where_a_seed_is_lost_the_interval_is_over_those_that_both_have() -> None:
    results = in_sigmoid([0, 1, 2], [Cell(*TOP_K, 1)])
    lacking = find(results, "threshold > top_k", SIGMOID, PRIVATE)
    expected = find(in_sigmoid([0, 2], []), "threshold > top_k", SIGMOID, PRIVATE)
    assert lacking.crossed is not None
    assert lacking.crossed == expected.crossed
    assert (lacking.unpaired, expected.unpaired) == (True, False)
    assert lacking.standing is Standing.EXPLORATORY, "it is not whole"
    assert isinstance(lacking.difference, Difference)
    assert lacking.incomplete == "sigmoid/top_k: seed 1 (not run)"


def test_without_a_seed_in_common_these_models_alone_are_spoken_of() -> None:
    results = in_sigmoid([0, 1], [Cell(*TOP_K, 1), Cell("sigmoid", "threshold", 0)])
    result = find(results, "threshold > top_k", SIGMOID, PRIVATE)
    assert (result.crossed, result.components) == (None, None)
    assert (result.standing, result.unpaired) == (Standing.THESE_MODELS, True)
    assert isinstance(find(results, FSCORE, SIGMOID, TRAINING).difference, Hole)


def test_the_papers_claims_about_training_are_judged_with_the_others() -> None:
    """Four about scores of two rows, five about training: not the loss while clips are masked."""
    longer = Numbers(iterations=(10, 80, 10))
    _, _, results = assessed(made_inputs(folds=4, seeds=[0, 1], numbers=longer))
    judged = [result for result in results if result.corrected_p is not None]
    assert len(judged) == 9
    whole = [r for r in results if r.evidence == TRAINING and r.claim.scope.is_whole_grid]
    others = {r.claim.statement for r in whole} - {r.claim.statement for r in judged}
    assert others == {"loss in stage 2: top_k > threshold"}
    follows = find(results, "masked clips follow wrong labels: threshold > top_k", ALL_ROWS, TRAINING)
    assert follows.words == "confirmed", "wrong labels lose more"
    assert follows.crossed is not None
    smallest = min(result.crossed.p for result in judged if result.crossed)
    assert smallest == follows.crossed.p
    assert follows.corrected_p == pytest.approx(9 * smallest)


Words = dict[tuple[str, str], str]
ONE = {("all rows", "private"): "higher in these models", ("all rows", "cv"): "higher in these models"}
FOUR_FOLDS = ONE | {
    ("all rows", "private"): "confirmed",
    ("row sigmoid", "private"): "no verdict (exploratory)",
}
TWO_SEEDS = FOUR_FOLDS | {("all rows", "cv"): "no verdict (exploratory)"}


@pytest.mark.parametrize(
    ("seeds", "folds", "words"), [([0], 2, ONE), ([0], 4, FOUR_FOLDS), ([0, 1], 2, TWO_SEEDS)]
)
def test_of_one_training_only_its_models_are_spoken_of(seeds: list[int], folds: int, words: Words) -> None:
    """Four folds' models of one seed see the same private clips: they are four trainings there."""
    inputs = made_inputs(
        columns=["verified_only", "top_k"], seeds=seeds, folds=folds,
        effect={Entry(row, "top_k"): 3.0 for row in ROWS},
    )  # fmt: skip
    told = {
        (str(r.claim.scope), str(r.evidence)): r.words
        for r in assessed(inputs)[2] if r.claim.statement == "top_k > verified_only"
    }  # fmt: skip
    assert words.items() <= told.items()


WHOLE = Claim("a > b", Scope("activation"), MECHANISMS)
TABLE_2 = Claim("a > b", Scope("selection"), SEVERAL_LABELS, clips="several")


def test_judged_is_what_the_paper_claims_of_the_whole_grid() -> None:
    assert is_judged(WHOLE, "private", "private")
    assert is_judged(WHOLE, "test", "test")
    assert is_judged(TABLE_2, "cv", "private")
    assert not is_judged(WHOLE, "cv", "private")
    assert not is_judged(Claim("a > b", Scope("activation", "a"), MECHANISMS), "private", "private")
    assert not is_judged(Claim("a > b", Scope("activation"), NOT_IN_PAPER), "private", "private")
    assert is_judged(WHOLE, None, "private"), "by training"
    assert not is_judged(replace(WHOLE, judged=False), None, "private"), "in part by construction"


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.02, 1.0, 1.0]) == pytest.approx([0.06, 1.0, 1.0]), "what is missing counts"
    assert holm([]) == []


@pytest.mark.parametrize("models", [4, 8])
def test_a_family_about_nothing_errs_in_at_most_6_percent(models: int) -> None:
    """Four cells with all six differences between them, correlated as a grid's are; no cell is better.

    1000 families: 5 % would come out as .05 with a standard error of .007.
    """
    rng, false, worlds = np.random.default_rng(models), 0, 1000
    pairs = [(a, b) for a in range(4) for b in range(a)]
    for _ in range(worlds):
        u = (
            0.0079 * rng.standard_normal((4, 1, models))
            + 0.011 * rng.standard_normal((4, 300, 1))
            + 0.11 * rng.standard_normal((4, 300, models))
        )
        cells = [ClipSums(of_cell, np.ones_like(of_cell)) for of_cell in u]
        p = [p_of(cells[a], cells[b]) for a, b in pairs]
        false += min(holm(p)) <= 0.05
    assert false / worlds <= 0.06


def p_of(a: ClipSums, b: ClipSums) -> float:
    measured = components([mean_difference([(a, b)])])
    assert measured is not None
    interval = measured.interval()
    assert interval is not None
    assert interval.nu >= ENOUGH
    return interval.p
