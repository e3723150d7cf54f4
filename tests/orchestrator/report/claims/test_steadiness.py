from pathlib import Path

import numpy as np
import pytest

from orchestrator.artifacts.run import Hole
from orchestrator.report.claims.steadiness import compare_steadiness, student_interval
from orchestrator.report.claims.verdicts import Verdict, verdict_on
from orchestrator.report.scores.bootstrap import Difference
from tests.orchestrator.fake_run import cell_of, make_fake_run


def test_steadiness_is_the_coefficient_of_variation_of_each_limit(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], seeds=[0, 1])
    (row,) = compare_steadiness(run, 0.95)
    of_eta, of_T = [], []
    for seed in range(2):
        for fold in range(2):
            eta = run.curves(cell_of(run, "sigmoid", "threshold", seed), fold)["eta"].dropna().to_numpy(float)
            T = run.curves(cell_of(run, "sigmoid", "top_k", seed), fold)["T"].dropna().to_numpy(float)
            assert len(eta) == len(T) == 20
            of_eta.append(eta.std() / eta.mean())
            of_T.append(T.std() / T.mean())
    assert row.variation["threshold"] == pytest.approx(np.mean(of_eta), rel=1e-4)
    assert row.variation["top_k"] == pytest.approx(np.mean(of_T), rel=1e-4)
    assert isinstance(row.difference, Difference)
    assert row.difference.estimate == pytest.approx(np.mean(of_T) - np.mean(of_eta), rel=1e-4)
    assert verdict_on(row.difference) is Verdict.HIGHER  # eta is a running mean of T_t


def test_a_row_without_one_of_both_is_a_hole_and_the_others_stand(tmp_path: Path) -> None:
    rows = ["sigmoid", "sigmoid_softmax"]
    run = make_fake_run(tmp_path, activations=rows, failed={("sigmoid", "top_k")})
    lost, whole = compare_steadiness(run, 0.95)
    assert lost.difference == Hole("not judged", "sigmoid/top_k: failed: RuntimeError: out of memory")
    assert isinstance(whole.difference, Difference)


def test_a_grid_without_both_mechanisms_compares_nothing(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["verified_only", "threshold"])
    assert list(compare_steadiness(run, 0.95)) == []


def test_students_interval() -> None:
    """Two values: 12.706 standard errors on either side."""
    difference = student_interval([1.0, 3.0], 0.95)
    assert (difference.estimate, difference.low, difference.high) == pytest.approx(
        (2, 2 - 12.7062, 2 + 12.7062), abs=1e-4
    )
