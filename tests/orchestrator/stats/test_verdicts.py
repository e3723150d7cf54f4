"""Verdicts and their words."""

import pytest

from orchestrator.stats.assessment import TRAINING, ClaimResult
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Claim, Scope
from orchestrator.stats.components import Crossed
from orchestrator.stats.grid import Hole
from orchestrator.stats.paper import NOT_IN_PAPER
from orchestrator.stats.verdicts import Standing, Verdict, counted, verdict_on

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


def test_confirmed_and_contradicted_are_said_of_judged_claims_alone() -> None:
    told = set(Verdict) - {Verdict.EXPLORATORY}
    words = {standing: {standing.words(verdict) for verdict in told} for standing in Standing}
    assert all(len(of_standing) == len(told) for of_standing in words.values())
    sure = {standing for standing in Standing if {"confirmed", "contradicted"} & words[standing]}
    assert sure == {Standing.JUDGED}
    assert Standing.TOO_FEW.words(Verdict.EXPLORATORY) == "no verdict (too few trainings)"


@pytest.mark.parametrize(
    ("p", "estimate", "verdict"),
    [(0.04, 0.1, Verdict.HIGHER), (0.04, -0.1, Verdict.LOWER), (0.06, 0.1, Verdict.UNCLEAR)],
)
def test_of_a_judged_claim_the_corrected_p_decides(p: float, estimate: float, verdict: Verdict) -> None:
    crossed = Crossed(estimate, -1, 1, nu=3, p=0)
    claim = Claim("a > b", Scope("activation"), NOT_IN_PAPER)
    assert ClaimResult(claim, TRAINING, crossed, crossed=crossed, corrected_p=p).verdict is verdict


def test_counts_come_in_the_order_of_the_verdicts() -> None:
    given = [(Verdict.LOWER, "lower"), (Verdict.HIGHER, "higher"), (Verdict.LOWER, "lower")]
    assert list(counted(given).items()) == [("higher", 1), ("lower", 2)]
    assert counted([]) == {}
