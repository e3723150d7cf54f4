"""Curves thinned out: against means by hand."""

import math

import pytest
import torch

from orchestrator.legs.history import POINTS, thinned
from trainable.record import CURVES, Curve

NAN = float("nan")


def test_a_short_curve_stays_as_it_is() -> None:
    curves = torch.full((3, len(CURVES)), NAN)
    curves[:, Curve.LOSS] = torch.tensor([3.0, 2.0, 1.23456])
    curves[1, Curve.LWLRAP] = 0.5
    assert thinned(curves) == {"loss": [3.0, 2.0, 1.235], "lwlrap": [None, 0.5, None]}


def test_a_long_one_is_the_means_of_equal_spans() -> None:
    curves = torch.full((POINTS * 10, len(CURVES)), NAN)
    curves[:, Curve.LOSS] = torch.arange(POINTS * 10, dtype=torch.float32)
    curves[5::10, Curve.FSCORE] = 0.25  # an evaluation in each span
    found = thinned(curves)
    assert found["loss"] == [10 * place + 4.5 for place in range(POINTS)]
    assert found["fscore"] == [0.25] * POINTS
    assert "eta" not in found


@pytest.mark.parametrize("rows", [0, 1, POINTS - 1, POINTS + 1, 1000])
def test_it_is_never_longer_than_what_is_drawn(rows: int) -> None:
    found = thinned(torch.zeros(rows, len(CURVES)))
    assert all(len(values) == min(rows, POINTS) for values in found.values())
    assert len(found) == (len(CURVES) if rows else 0)


def test_what_is_not_finite_is_no_value() -> None:
    curves = torch.full((2, len(CURVES)), NAN)
    curves[:, Curve.LOSS] = torch.tensor([math.inf, 1.0])
    assert thinned(curves) == {"loss": [None, 1.0]}
