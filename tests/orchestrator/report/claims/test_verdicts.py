"""Verdicts and their words."""

from pathlib import Path

import pytest

from orchestrator.artifacts.run import Hole
from orchestrator.report.claims.assessment import assess_claims
from orchestrator.report.claims.published import Published
from orchestrator.report.claims.verdicts import (
    OF_MORE_TRAININGS,
    OF_THESE_MODELS,
    Verdict,
    counted,
    verdict_on,
)
from orchestrator.report.scores.bootstrap import Difference
from orchestrator.report.scores.run_scores import score_run
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
    for words in (OF_THESE_MODELS, OF_MORE_TRAININGS):
        assert set(words) == set(Verdict)
        assert len(set(words.values())) == len(Verdict)


@pytest.mark.parametrize("seeds", [[0], [0, 1]])
def test_of_one_training_only_its_models_are_spoken_of(tmp_path: Path, seeds: list[int]) -> None:
    effect = {("sigmoid", "top_k"): 3.0}
    run = make_fake_run(
        tmp_path, activations=["sigmoid"], selections=["verified_only", "top_k"], seeds=seeds, effect=effect,
        config={"report": {"resamples": 100}},
    )  # fmt: skip
    (result, *_) = assess_claims(run, score_run(run), Published("another data set"))
    assert result.verdict is Verdict.HIGHER
    assert result.words == ("higher in these models" if len(seeds) == 1 else "confirmed")


def test_counts_come_in_the_order_of_the_verdicts() -> None:
    given = [(Verdict.LOWER, "lower"), (Verdict.HIGHER, "higher"), (Verdict.LOWER, "lower")]
    assert list(counted(given).items()) == [("higher", 1), ("lower", 2)]
    assert counted([]) == {}
