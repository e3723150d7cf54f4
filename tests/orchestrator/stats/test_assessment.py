from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.stats.assessment import (
    TRAINING,
    ClaimResult,
    Evidence,
    assess_claims,
    whole_grid,
)
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Scope
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.verdicts import Standing, Verdict
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run

FAST = {"report": {"resamples": 400}}
NOTHING_PUBLISHED = Published("another data set")
CV = Evidence("cv")
ROWS = ("sigmoid", "sigmoid_softmax")
ALL_ROWS, ALL_COLUMNS = Scope("activation"), Scope("selection")
SIGMOID = Scope("activation", "sigmoid")
MANY = Numbers(verified=240, unverified=60, test=240)


def assessed(run: Run) -> tuple[RunScores, list[ClaimResult]]:
    scores = score_run(run)
    return scores, assess_claims(run, scores, NOTHING_PUBLISHED)


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
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, RunScores, list[ClaimResult]]:
    """threshold is better than verified_only by a known amount, top_k worse, rows are alike."""
    effect = {
        (row, column): size
        for row in ("sigmoid", "sigmoid_softmax")
        for column, size in (("threshold", 1.0), ("top_k", -1.0))
    }
    rows = ["sigmoid", "sigmoid_softmax"]
    run = make_fake_run(
        tmp_path_factory.mktemp("run"), activations=rows, numbers=MANY, effect=effect, config=FAST
    )
    return run, *assessed(run)


@pytest.mark.parametrize("evidence", [CV, Evidence("private")], ids=str)
def test_a_known_effect_is_found_and_a_known_null_is_not(
    known: tuple[Run, RunScores, list[ClaimResult]], evidence: Evidence
) -> None:
    _, _, results = known
    for scope in (ALL_ROWS, SIGMOID, Scope("activation", "sigmoid_softmax")):
        assert find(results, "threshold > verified_only", scope, evidence).verdict is Verdict.HIGHER
        assert find(results, "threshold > top_k", scope, evidence).verdict is Verdict.HIGHER
        assert find(results, "top_k > verified_only", scope, evidence).verdict is Verdict.LOWER
    null = find(results, "sigmoid_softmax > sigmoid", ALL_COLUMNS, evidence)
    assert null.verdict is Verdict.UNCLEAR
    assert isinstance(null.difference, Difference)
    assert null.difference.low < 0 < null.difference.high


def test_a_claim_over_all_rows_is_about_the_mean_difference(
    known: tuple[Run, RunScores, list[ClaimResult]],
) -> None:
    _, scores, results = known
    differences = []
    for row in ("sigmoid", "sigmoid_softmax"):
        higher, lower = (scores.entries[Entry(row, c)].scores[ScoreKey("cv")] for c in ("threshold", "top_k"))
        single = find(results, "threshold > top_k", Scope("activation", row), CV)
        assert estimate(single) == pytest.approx(higher.value - lower.value, abs=1e-8)
        differences.append(higher.value - lower.value)
    whole = find(results, "threshold > top_k", ALL_ROWS, CV)
    assert estimate(whole) == pytest.approx(np.mean(differences), abs=1e-8)


def test_a_missing_cell_is_named_and_the_rest_is_assessed(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, missing={("sigmoid", "top_k")}, config=FAST)
    _, results = assessed(run)
    lost = find(results, "threshold > top_k", SIGMOID, CV)
    assert lost.difference == Hole("not judged", "sigmoid/top_k: not run")
    assert (lost.verdict, lost.incomplete) == (Verdict.NOT_JUDGED, "")
    partly = find(results, "threshold > top_k", ALL_ROWS, CV)
    assert isinstance(partly.difference, Difference)
    assert partly.incomplete == "sigmoid/top_k: not run"
    training = find(results, FSCORE, SIGMOID, TRAINING)
    assert training.difference == Hole("not judged", "sigmoid/top_k: not run")


FSCORE = "F-score in stage 2: threshold > top_k"


def test_published_differences_stand_beside_only_on_the_papers_data(
    known: tuple[Run, RunScores, list[ClaimResult]],
) -> None:
    run, scores, results = known
    assert all(result.published is None for result in results)
    results = assess_claims(run, scores, Published())
    single = find(results, "threshold > top_k", SIGMOID, Evidence("private"))
    assert single.published == pytest.approx(0.7278 - 0.7253)
    whole = find(results, "threshold > top_k", ALL_ROWS, CV)
    assert whole.published == pytest.approx(((0.8569 - 0.8512) + (0.8617 - 0.8561)) / 2)


def test_a_lost_seed_is_named_where_the_means_are_not_over_the_same_seeds(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path, activations=["sigmoid"], selections=["top_k", "threshold"], seeds=[0, 1], config=FAST
    )
    run.leg_of(cell_of(run, "sigmoid", "top_k", 1)).store.delete(artifacts.RESULT)
    result = find(assessed(run)[1], "threshold > top_k", SIGMOID, CV)
    assert isinstance(result.difference, Difference)
    assert result.incomplete == "sigmoid/top_k: seed 1 (not run)"


def test_at_a_glance_are_the_claims_over_the_whole_grid(
    known: tuple[Run, RunScores, list[ClaimResult]],
) -> None:
    _, _, results = known
    shown = whole_grid(results)
    assert all(result.claim.scope.is_whole_grid for result in shown)
    assert [result.evidence for result in shown[-6:]] == [TRAINING] * 6


def test_a_grid_of_one_row_shows_its_claims_at_a_glance(tmp_path: Path) -> None:
    columns = ["top_k", "threshold"]
    _, results = assessed(make_fake_run(tmp_path, activations=["sigmoid"], selections=columns, config=FAST))
    assert [(r.claim.scope, str(r.evidence)) for r in whole_grid(results)] == [
        (SIGMOID, "cv"), (SIGMOID, "private"), *[(SIGMOID, "training")] * 6
    ]  # fmt: skip


def test_with_trainings_open_the_difference_is_the_same_and_averaged_within_models(tmp_path: Path) -> None:
    rows = ["sigmoid", "sigmoid_softmax"]
    run = make_fake_run(tmp_path, activations=rows, folds=4, config=FAST)
    scores, results = assessed(run)
    whole = find(results, "threshold > top_k", ALL_ROWS, Evidence("private"))
    assert whole.components is not None
    assert whole.crossed is not None
    assert whole.components.freedom == 3, "two rows of four models are no eight models"
    assert whole.crossed.estimate == pytest.approx(estimate(whole), abs=1e-8)
    by_models = np.mean([_by_fold(scores, row) for row in rows], axis=0)
    assert whole.components.models == pytest.approx(np.var(by_models, ddof=1))
    assert find(results, "threshold > top_k", ALL_ROWS, CV).crossed is None, "one training a clip"


def _by_fold(scores: RunScores, row: str) -> NDArray[np.float64]:
    higher, lower = (
        scores.entries[Entry(row, column)].scores[ScoreKey("private")].by_fold
        for column in ("threshold", "top_k")
    )
    return np.subtract(higher, lower)


def test_where_a_seed_is_lost_trainings_are_held_open_over_those_that_both_have(tmp_path: Path) -> None:
    columns, private = ["top_k", "threshold"], Evidence("private")
    run = make_fake_run(
        tmp_path / "3", activations=["sigmoid"], selections=columns, seeds=[0, 1, 2], config=FAST
    )
    run.leg_of(cell_of(run, "sigmoid", "top_k", 1)).store.delete(artifacts.RESULT)
    found = find(assessed(run)[1], "threshold > top_k", SIGMOID, private)
    both = make_fake_run(
        tmp_path / "2", activations=["sigmoid"], selections=columns, seeds=[0, 2], config=FAST
    )
    expected = find(assessed(both)[1], "threshold > top_k", SIGMOID, private)
    assert found.crossed == expected.crossed
    assert found.crossed is not None
    assert found.unpaired
    assert not expected.unpaired
    assert found.standing is Standing.EXPLORATORY, "it is not whole"


def test_without_a_seed_in_common_these_models_alone_are_spoken_of(tmp_path: Path) -> None:
    columns = ["top_k", "threshold"]
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=columns, seeds=[0, 1], config=FAST)
    for column, seed in (("top_k", 1), ("threshold", 0)):
        run.leg_of(cell_of(run, "sigmoid", column, seed)).store.delete(artifacts.RESULT)
    results = assessed(run)[1]
    found = find(results, "threshold > top_k", SIGMOID, Evidence("private"))
    assert (found.crossed, found.components) == (None, None)
    assert (found.standing, found.unpaired) == (Standing.THESE_MODELS, True)
    assert isinstance(find(results, FSCORE, SIGMOID, TRAINING).difference, Hole)


def test_the_papers_claims_about_training_are_judged_with_the_others(tmp_path: Path) -> None:
    """Four about scores of two rows, five about training: not the loss while clips are masked."""
    longer = Numbers(iterations=(10, 80, 10))
    run = make_fake_run(tmp_path, activations=ROWS, folds=4, seeds=[0, 1], numbers=longer, config=FAST)
    _, results = assessed(run)
    family = [result for result in results if result.corrected_p is not None]
    assert len(family) == 9
    training = [result for result in results if result.evidence == TRAINING]
    assert {r.claim.statement for r in training if r.claim.scope.is_whole_grid} - {
        r.claim.statement for r in family
    } == {"loss in stage 2: top_k > threshold"}
    follows = find(results, "masked clips follow wrong labels: threshold > top_k", ALL_ROWS, TRAINING)
    assert follows.words == "confirmed", "wrong labels lose more in the fake run"
    assert follows.crossed is not None
    smallest = min(result.testable_p for result in family)
    assert smallest == follows.crossed.p
    assert follows.corrected_p == pytest.approx(9 * smallest)
