"""Which claims are judged together, and how often such a family errs."""

from dataclasses import replace

import numpy as np
import pytest

from orchestrator.stats.bootstrap import ClipSums
from orchestrator.stats.claims import (
    MECHANISMS,
    NOT_IN_PAPER,
    SEVERAL_LABELS,
    Claim,
    Scope,
)
from orchestrator.stats.components import ENOUGH, components, mean_difference
from orchestrator.stats.family import holm, in_family

WHOLE = Claim("a > b", Scope("activation"), MECHANISMS)
TABLE_2 = Claim("a > b", Scope("selection"), SEVERAL_LABELS, clips="several")


def test_the_family_is_what_the_paper_claims_of_the_whole_grid() -> None:
    assert in_family(WHOLE, "private", "private")
    assert in_family(WHOLE, "test", "test")
    assert in_family(TABLE_2, "cv", "private")
    assert not in_family(WHOLE, "cv", "private")
    assert not in_family(Claim("a > b", Scope("activation", "a"), MECHANISMS), "private", "private")
    assert not in_family(Claim("a > b", Scope("activation"), NOT_IN_PAPER), "private", "private")
    assert in_family(WHOLE, None, "private"), "by training"
    assert not in_family(replace(WHOLE, judged=False), None, "private"), "in part by construction"


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
    found = components([mean_difference([(a, b)])])
    assert found is not None
    interval = found.interval()
    assert interval is not None
    assert interval.nu >= ENOUGH
    return interval.p
