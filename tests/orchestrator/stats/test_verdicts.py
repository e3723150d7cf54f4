"""Verdicts and their words."""

from pathlib import Path

import pytest

from orchestrator.stats.assessment import assess_claims
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.grid import Hole
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.verdicts import (
    OF_MORE_TRAININGS,
    OF_THESE_MODELS,
    Standing,
    Verdict,
    counted,
    judged,
    verdict_on,
)
from tests.orchestrator.fake_run import make_fake_run

NAN = float("nan")


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (Difference(0.1, 0.01, 0.2), Verdict.HIGHER),
        (Difference(0.1, 0.0, 0.2), Verdict.UNCLEAR),
        (Difference(0.1, -0.1, 0.2), Verdict.UNCLEAR),
        (Difference(0.1, NAN, NAN), Verdict.UNCLEAR),
        (Difference(-0.1, -0.2, -0.01), Verdict.LOWER),
        (Hole("not judged", "a/x: not run"), Verdict.NOT_JUDGED),
    ],
)
def test_the_whole_interval_decides(difference: Difference | Hole, verdict: Verdict) -> None:
    assert verdict_on(difference) is verdict


def test_every_verdict_has_words_of_its_own() -> None:
    told = set(Verdict) - {Verdict.EXPLORATORY}
    for words in (OF_THESE_MODELS, OF_MORE_TRAININGS):
        assert set(words) == told
        assert len(set(words.values())) == len(told)
    without = {standing.words(Verdict.EXPLORATORY) for standing in Standing}
    assert {"no verdict (exploratory)", "no verdict (too few trainings)"} <= without
    for standing in set(Standing) - {Standing.JUDGED}:
        assert not {standing.words(verdict) for verdict in told} & {"confirmed", "contradicted"}


@pytest.mark.parametrize(
    ("p", "estimate", "verdict"),
    [(0.04, 0.1, Verdict.HIGHER), (0.04, -0.1, Verdict.LOWER), (0.06, 0.1, Verdict.UNCLEAR)],
)
def test_where_trainings_are_open_the_corrected_p_decides(
    p: float, estimate: float, verdict: Verdict
) -> None:
    assert judged(estimate, p, 0.95) is verdict


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
def test_of_one_training_only_its_models_are_spoken_of(
    tmp_path: Path, seeds: list[int], folds: int, words: Words
) -> None:
    """Four folds' models of one seed see the same private clips: they are four trainings there."""
    rows = ["sigmoid", "sigmoid_softmax"]
    run = make_fake_run(
        tmp_path, activations=rows, selections=["verified_only", "top_k"], seeds=seeds, folds=folds,
        effect={(row, "top_k"): 3.0 for row in rows}, config={"report": {"resamples": 100}},
    )  # fmt: skip
    results = assess_claims(run, score_run(run), Published("another data set"))
    found = {
        (str(r.claim.scope), str(r.evidence)): r.words
        for r in results if r.claim.statement == "top_k > verified_only"
    }  # fmt: skip
    assert words.items() <= found.items()


def test_counts_come_in_the_order_of_the_verdicts() -> None:
    given = [(Verdict.LOWER, "lower"), (Verdict.HIGHER, "higher"), (Verdict.LOWER, "lower")]
    assert list(counted(given).items()) == [("higher", 1), ("lower", 2)]
    assert counted([]) == {}
