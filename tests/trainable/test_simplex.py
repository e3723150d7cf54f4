"""Sparsemax and 1.5-entmax with their losses, against entmax, torch and closed forms."""

import entmax
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor

from trainable.activations import Targets
from trainable.simplex import entmax15, entmax15_loss, sparsemax, sparsemax_loss

LOGITS = arrays(np.float64, (3, 7), elements=st.floats(-20, 20))


def _labels(seed: int) -> Tensor:
    """Multi-hot labels of three clips, one to four each."""
    ranks = torch.rand(3, 7, generator=torch.Generator().manual_seed(seed)).argsort(1)
    return (ranks <= torch.arange(3)[:, None] % 4).double()


def _oracle(z_BC: Tensor) -> Tensor:
    p_BC: Tensor = entmax.sparsemax(z_BC, dim=1)
    return p_BC


# --- sparsemax (eq. 5-9) -----------------------------------------------------------------------------------


@given(LOGITS)
def test_sparsemax_is_entmaxs(z: NDArray[np.float64]) -> None:
    z_BC = torch.from_numpy(z)
    torch.testing.assert_close(sparsemax(z_BC), _oracle(z_BC), rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("z", "q", "p", "loss"),
    [
        ([2, 0, 0], [1, 0, 0], [1, 0, 0], 0),
        ([0, 0, 0], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3], 1 / 3),
        ([1, 0.5, 0], [0.5, 0.5, 0], [0.75, 0.25, 0], 0.0625),
        ([0.1, 1.2, 0.8, -0.3], [0, 0.5, 0.5, 0], [0, 0.7, 0.3, 0], 0.04),
    ],
)
def test_worked_values(
    z: list[float], q: list[float], p: list[float], loss: float, dtype: torch.dtype
) -> None:
    z_BC, q_BC, p_BC = (torch.tensor([row], dtype=dtype) for row in (z, q, p))
    close = 1e-6 if dtype == torch.float32 else 1e-12
    torch.testing.assert_close(sparsemax(z_BC), p_BC, rtol=0, atol=close)
    expected = torch.tensor([loss], dtype=dtype)
    torch.testing.assert_close(sparsemax_loss(z_BC, q_BC), expected, rtol=0, atol=close)


def test_zeros_are_exact() -> None:
    p_BC = sparsemax(torch.tensor([[3.0, 1.0, 2.5, -4.0]]))
    assert (p_BC[0, [1, 3]] == 0).all()


@given(LOGITS, st.integers(0, 1000))
def test_the_loss_is_a_fenchel_young_loss(z: NDArray[np.float64], seed: int) -> None:
    z_BC, y_BC = torch.from_numpy(z), _labels(seed)
    q_BC = Targets.of(y_BC).q_BC
    p_BC = _oracle(z_BC)
    expected = (p_BC * z_BC - p_BC**2 / 2 + q_BC**2 / 2 - q_BC * z_BC).sum(1)
    torch.testing.assert_close(sparsemax_loss(z_BC, q_BC), expected, rtol=1e-10, atol=1e-10)


@given(LOGITS, st.integers(0, 1000))
def test_the_loss_is_zero_only_where_p_is_q(z: NDArray[np.float64], seed: int) -> None:
    z_BC = torch.from_numpy(z)
    q_BC, p_BC = Targets.of(_labels(seed)).q_BC, _oracle(z_BC)
    loss_B = sparsemax_loss(z_BC, q_BC)
    assert (loss_B >= 0).all()
    assert (loss_B >= ((p_BC - q_BC) ** 2).sum(1) / 2 - 1e-10).all()  # strong convexity: p != q costs
    assert (sparsemax_loss(z_BC, p_BC) <= 1e-12).all()


@given(LOGITS, st.integers(0, 1000))
def test_the_gradient_is_p_minus_q(z: NDArray[np.float64], seed: int) -> None:
    z_BC = torch.from_numpy(z.copy()).requires_grad_()
    q_BC = Targets.of(_labels(seed)).q_BC
    weight_B = torch.tensor([1.0, 0.0, 2.5], dtype=torch.float64)  # as the mask weighs clips
    (weight_B * sparsemax_loss(z_BC, q_BC)).sum().backward()  # type: ignore[no-untyped-call]
    expected = weight_B[:, None] * (_oracle(z_BC.detach()) - q_BC)
    torch.testing.assert_close(z_BC.grad, expected, rtol=0, atol=1e-12)


@given(LOGITS, st.floats(-1e3, 1e3), st.integers(0, 1000))
def test_a_shift_changes_nothing(z: NDArray[np.float64], shift: float, seed: int) -> None:
    z_BC, q_BC = torch.from_numpy(z), Targets.of(_labels(seed)).q_BC
    torch.testing.assert_close(sparsemax(z_BC + shift), sparsemax(z_BC), rtol=0, atol=1e-10)
    moved_B, loss_B = sparsemax_loss(z_BC + shift, q_BC), sparsemax_loss(z_BC, q_BC)
    torch.testing.assert_close(moved_B, loss_B, rtol=0, atol=1e-9)


def test_huge_logits_stay_on_the_simplex() -> None:
    z_BC = torch.tensor([[1e8, 0.0, 0.0], [3e7, 3e7, -3e7], [-1e30, -1e30, 0.0]])
    expected = torch.tensor([[1.0, 0, 0], [0.5, 0.5, 0], [0, 0, 1]])
    torch.testing.assert_close(sparsemax(z_BC), expected, rtol=0, atol=0)
    assert (sparsemax_loss(z_BC, expected) == 0).all()


def test_nan_stays_nan() -> None:
    z_BC = torch.tensor([[torch.nan, 0.0, 1.0], [0.0, 0.0, 0.0]])
    assert sparsemax(z_BC)[0].isnan().all()
    assert sparsemax_loss(z_BC, torch.full((2, 3), 1 / 3)).isnan().tolist() == [True, False]


# --- 1.5-entmax (not in the paper) -------------------------------------------------------------------------


SMALL_LOGITS = arrays(np.float64, (3, 6), elements=st.floats(-10, 10))


@given(SMALL_LOGITS)
def test_entmax15_is_the_librarys(z: NDArray[np.float64]) -> None:
    torch.testing.assert_close(
        entmax15(torch.from_numpy(z)), entmax.entmax15(torch.from_numpy(z), dim=1), atol=1e-7, rtol=0
    )


@given(SMALL_LOGITS, st.lists(st.integers(0, 5), min_size=3, max_size=3))
def test_entmax15_loss_is_the_librarys_for_one_class(z: NDArray[np.float64], label: list[int]) -> None:
    z_BC = torch.from_numpy(z)
    q_BC = torch.nn.functional.one_hot(torch.tensor(label), 6).double()
    expected = entmax.entmax15_loss(z_BC, torch.tensor(label))
    torch.testing.assert_close(entmax15_loss(z_BC, q_BC), expected.clamp_min(0), atol=1e-6, rtol=0)


def test_entmax15_gradient_is_right_for_several_classes() -> None:
    z_BC = torch.tensor([[0.3, -0.2, 1.1, 0.4]], dtype=torch.float64, requires_grad=True)
    q_BC = torch.tensor([[0.5, 0.0, 0.5, 0.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda z: entmax15_loss(z, q_BC), (z_BC,))
