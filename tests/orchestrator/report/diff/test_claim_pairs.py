"""Two runs' claims side by side: simulated ones, and two made runs."""

import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from orchestrator.report.diff.claim_pairs import ClaimPair, claim_pairs, claim_table
from orchestrator.report.diff.comparison import compare
from orchestrator.report.diff.score_tables import Scored
from orchestrator.stats.assessment import TRAINING, ClaimResult, Evidence, assess_claims
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Claim, Scope, Source
from orchestrator.stats.components import Crossed
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.training import over_models
from tests.orchestrator.fake_run import make_fake_run

QUICK = {"report": {"resamples": 100}}
CLAIM = Claim("a > b", Scope("activation"), Source("x"))
ROWS, COLUMNS = ["sigmoid", "sigmoid_softmax"], ["top_k", "threshold"]


def result(low: float | None, high: float = 0.0) -> ClaimResult:
    if low is None:
        return ClaimResult(CLAIM, Evidence("cv"), Difference(0, -1, 1))
    crossed = Crossed((low + high) / 2, low, high, 3, 0.5)
    return ClaimResult(CLAIM, TRAINING, Difference(0, -1, 1), crossed=crossed)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (result(0, 1), result(1, 2), "overlap"),
        (result(0, 1), result(1.1, 2), "disjoint"),
        (result(1.1, 2), result(0, 1), "disjoint"),
        (result(0, 5), result(1, 2), "overlap"),
        (result(None), result(1, 2), "none in old"),
        (result(None), result(None), "none in old and new"),
    ],
)
def test_two_intervals_are_disjoint_where_they_share_no_point(
    old: ClaimResult, new: ClaimResult, words: str
) -> None:
    assert ClaimPair(old, new).words == words
    assert ClaimPair(old, new).is_disjoint == (words == "disjoint")


def test_the_last_line_counts_the_disjoint_pairs_of_those_that_are_complete() -> None:
    pairs = [ClaimPair(result(0, 1), result(low, low + 1)) for low in (0.5, 2, 3)]
    table = claim_table([*pairs, ClaimPair(result(0, 1), result(None))], 0.95)
    assert table.notes[-1] == "2 of 3 pairs are disjoint"
    assert "so 1 pairs are not compared" in table.notes[-2]
    assert table.rows[-1].cells == ("training", "+0.5000\n[+0.0000, +1.0000]", "no interval", "none in new")


def test_where_no_pair_is_complete_one_line_says_so() -> None:
    table = claim_table([ClaimPair(result(0, 1), result(None))] * 19, 0.95)
    assert table.rows == ()
    assert "so 19 pairs are not compared" in table.notes[-2]


def test_right_intervals_of_two_runs_are_seldom_disjoint() -> None:
    """4 models each, the same truth, 2000 worlds: far below 5 %; with another truth they mostly are."""
    rng = np.random.default_rng(0)

    def disjoint(shift: float) -> float:
        draws = rng.standard_normal((2000, 2, 4)) + np.array([[0], [shift]])
        worlds = [[over_models(run.tolist(), 0.95) for run in both] for both in draws]
        apart = [a.high < b.low or b.high < a.low for a, b in worlds if a and b]
        return float(np.mean(apart))

    assert disjoint(0) < 0.02
    assert disjoint(8) > 0.9


def test_two_made_runs_are_compared_claim_by_claim(tmp_path: Path) -> None:
    """Each interval is the one that the run's own report has."""
    old, new = (
        make_fake_run(
            tmp_path / str(seed), activations=ROWS, selections=COLUMNS, folds=4, seeds=[seed], config=QUICK
        )
        for seed in (0, 7)
    )
    pairs = claim_pairs(Scored.of(old, new))
    for run, side in ((old, "old"), (new, "new")):
        own = assess_claims(run, score_run(run), Published("x"))
        expected = [r.crossed for r in own if r.claim.scope.is_whole_grid]
        assert [getattr(pair, side).crossed for pair in pairs] == expected
    assert {pair.words for pair in pairs if pair.old.evidence == Evidence("cv")} == {"none in old and new"}
    assert any(pair.old.crossed != pair.new.crossed for pair in pairs)
    stream = io.StringIO()
    Console(file=stream, width=80).print(compare(old, new))
    last = stream.getvalue().strip().splitlines()[-1]
    complete = [pair for pair in pairs if pair.is_complete]
    assert last.strip() == f"{sum(p.is_disjoint for p in complete)} of {len(complete)} pairs are disjoint"


def test_an_effect_that_one_run_lacks_makes_its_claims_disjoint(tmp_path: Path) -> None:
    old, new = (
        make_fake_run(
            tmp_path / str(effect), activations=ROWS, selections=COLUMNS, folds=4, config=QUICK,
            effect={(row, "threshold"): effect for row in ROWS},
        )
        for effect in (-3.0, 3.0)
    )  # fmt: skip
    (private,) = [
        pair for pair in claim_pairs(Scored.of(old, new))
        if (pair.old.claim.statement, pair.old.evidence) == ("threshold > top_k", Evidence("private"))
    ]  # fmt: skip
    assert private.is_disjoint


def test_other_grids_share_no_claim(tmp_path: Path) -> None:
    old = make_fake_run(tmp_path / "a", activations=["sigmoid"], selections=COLUMNS, config=QUICK)
    new = make_fake_run(tmp_path / "b", activations=["softmax"], selections=COLUMNS, config=QUICK)
    assert claim_pairs(Scored.of(old, new)) == []
    assert claim_table([], 0.95).notes[-1] == "0 of 0 pairs are disjoint"
