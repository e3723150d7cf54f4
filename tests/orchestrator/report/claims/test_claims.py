from pathlib import Path

import numpy as np
import pytest

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.report.claims import claims as claims_module
from orchestrator.report.claims.claims import Claim, ClaimResult, claims_of, judge_claims
from orchestrator.report.claims.steadiness import student_interval
from orchestrator.report.scores.run_scores import Entry, RunScores, What, score_run
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run

FAST = ReportSettings(resamples=400)
MANY = Numbers(verified=240, unverified=60, test=240)


def judged(run: Run) -> tuple[RunScores, list[ClaimResult]]:
    scores = score_run(run, FAST, {})
    return scores, judge_claims(run, scores)


def find(results: list[ClaimResult], statement: str, where: str, split: str) -> ClaimResult:
    found = [
        result
        for result in results
        if (result.claim.statement, result.claim.where, result.split) == (statement, where, split)
    ]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, RunScores, list[ClaimResult]]:
    """threshold is better than verified_only by a known amount, top_k worse, rows are alike."""
    effect = {
        (row, column): size
        for row in ("sigmoid", "sigmoid_softmax")
        for column, size in (("threshold", 1.0), ("top_k", -1.0))
    }
    rows = ["sigmoid", "sigmoid_softmax"]
    run = make_fake_run(tmp_path_factory.mktemp("run"), activations=rows, numbers=MANY, effect=effect)
    return run, *judged(run)


@pytest.mark.parametrize("split", ["cv", "private"])
def test_a_known_effect_is_found_and_a_known_null_is_not(
    known: tuple[Run, RunScores, list[ClaimResult]], split: str
) -> None:
    _, _, results = known
    for where in ("all rows", "row sigmoid", "row sigmoid_softmax"):
        assert find(results, "threshold > verified_only", where, split).verdict == "confirmed"
        assert find(results, "threshold > top_k", where, split).verdict == "confirmed"
        assert find(results, "top_k > verified_only", where, split).verdict == "contradicted"
    null = find(results, "sigmoid_softmax > sigmoid", "all columns", split)
    assert null.verdict == "not distinguishable"
    assert null.difference is not None
    assert null.difference.low < 0 < null.difference.high


def test_a_claim_over_all_rows_is_about_the_mean_difference(
    known: tuple[Run, RunScores, list[ClaimResult]],
) -> None:
    _, scores, results = known
    differences = []
    for row in ("sigmoid", "sigmoid_softmax"):
        higher, lower = (scores.entries[Entry(row, c)].scores[What("cv")] for c in ("threshold", "top_k"))
        one = find(results, "threshold > top_k", f"row {row}", "cv")
        assert one.difference is not None
        assert one.difference.estimate == pytest.approx(higher.value - lower.value, abs=1e-8)
        differences.append(higher.value - lower.value)
    whole = find(results, "threshold > top_k", "all rows", "cv")
    assert whole.difference is not None
    assert whole.difference.estimate == pytest.approx(np.mean(differences), abs=1e-8)


def test_the_papers_claims_cover_every_row_and_column(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, missing={(a, s) for a in ("sigmoid",) for s in ("top_k",)})
    claims = list(claims_of(run.experiment))
    assert {claim.source for claim in claims} == {"section 5.1", "table 2"}
    rows, columns = list(run.experiment.activations), list(run.experiment.selections)
    places = {(claim.statement, claim.where) for claim in claims}
    for column in columns:
        for row in rows[1:]:
            assert (f"{row} > sigmoid", f"column {column}") in places
    for row in rows:
        for column in columns[1:]:
            assert (f"{column} > verified_only", f"row {row}") in places
        assert ("threshold > top_k", f"row {row}") in places
    assert any(claim.clips == "several" for claim in claims)


def test_a_missing_cell_is_named_and_the_rest_is_judged(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, missing={("sigmoid", "top_k")})
    _, results = judged(run)
    lost = find(results, "threshold > top_k", "row sigmoid", "cv")
    assert (lost.verdict, lost.difference, lost.reason) == ("not judged", None, "sigmoid/top_k: not run")
    partly = find(results, "threshold > top_k", "all rows", "cv")
    assert partly.difference is not None
    assert partly.reason == "sigmoid/top_k: not run"
    steady = find(results, STEADY, "row sigmoid", "curves")
    assert (steady.verdict, steady.reason) == ("not judged", "sigmoid/top_k: not run")


STEADY = "the limit of threshold is steadier than that of top_k"


def test_more_rows_and_columns_bring_more_claims(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path,
        activations=["sigmoid", "softmax", "sparsemax", "sigmoid_softmax"],
        selections=["verified_only", "threshold", "keep_all", "random_k"],
    )
    claims: dict[str, Claim] = {claim.statement: claim for claim in claims_of(run.experiment)}
    several = "sparsemax > softmax on clips with several labels"
    columns = ("threshold > keep_all", "threshold > random_k", "keep_all > verified_only")
    for statement in ("sigmoid_softmax > softmax", several, *columns):
        assert claims[statement].source == "not in the paper"
    assert "threshold > top_k" not in claims
    assert not [result for result in judged(run)[1] if result.split == "curves"]


def test_steadiness_is_the_coefficient_of_variation_of_each_limit(
    known: tuple[Run, RunScores, list[ClaimResult]],
) -> None:
    run, _, results = known
    found = find(results, STEADY, "row sigmoid", "curves")
    differences = []
    for fold in range(2):
        eta = run.curves(cell_of(run, "sigmoid", "threshold"), fold)["eta"].dropna().to_numpy(float)
        T = run.curves(cell_of(run, "sigmoid", "top_k"), fold)["T"].dropna().to_numpy(float)
        assert len(eta) == len(T) == 20
        differences.append(T.std() / T.mean() - eta.std() / eta.mean())
    assert found.difference is not None
    assert found.difference.estimate == pytest.approx(np.mean(differences), rel=1e-4)


def test_students_interval() -> None:
    """Two values: 12.706 standard errors on either side."""
    found = student_interval([1.0, 3.0], 0.95)
    assert (found.estimate, found.low, found.high) == pytest.approx((2, 2 - 12.7062, 2 + 12.7062), abs=1e-4)


def test_published_differences_stand_beside_only_on_the_papers_data(
    known: tuple[Run, RunScores, list[ClaimResult]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, scores, results = known
    assert all(result.published is None for result in results)
    monkeypatch.setattr(claims_module, "is_fsdkaggle2019", lambda _: None)
    results = judge_claims(run, scores)
    one = find(results, "threshold > top_k", "row sigmoid", "private")
    assert one.published == pytest.approx(0.7278 - 0.7253)
    whole = find(results, "threshold > top_k", "all rows", "cv")
    assert whole.published == pytest.approx(((0.8569 - 0.8512) + (0.8617 - 0.8561)) / 2)


def test_a_lost_seed_is_named_where_the_means_are_not_over_the_same_seeds(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k", "threshold"], seeds=[0, 1])
    run.leg(run.cells[cell_of(run, "sigmoid", "top_k", 1)]).delete("result.json")
    found = find(judged(run)[1], "threshold > top_k", "row sigmoid", "cv")
    assert found.difference is not None
    assert found.reason == "sigmoid/top_k: seed 1 (not run)"
