"""Heads and losses against entmax, torch and closed forms."""

import entmax
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from torch import Tensor

from trainable.activations import (
    Activation,
    SigmoidHead,
    SoftmaxHead,
    SparsemaxHead,
    Targets,
)
from trainable.simplex import sparsemax, sparsemax_loss

LOGITS = arrays(np.float64, (3, 7), elements=st.floats(-20, 20))
NAMES = sorted(Activation.choices())


def _labels(seed: int, clips: int = 6, classes: int = 5) -> Tensor:
    """Multi-hot labels, one to four a clip."""
    ranks = torch.rand(clips, classes, generator=torch.Generator().manual_seed(seed)).argsort(1)
    return (ranks <= torch.arange(clips)[:, None] % 4).double()


def _logits(seed: int, clips: int = 6, classes: int = 5) -> Tensor:
    return torch.randn(clips, classes, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)) * 2


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
    z_BC, y_BC = torch.from_numpy(z), _labels(seed, 3, 7)
    q_BC = Targets.of(y_BC).q_BC
    p_BC = _oracle(z_BC)
    expected = (p_BC * z_BC - p_BC**2 / 2 + q_BC**2 / 2 - q_BC * z_BC).sum(1)
    torch.testing.assert_close(sparsemax_loss(z_BC, q_BC), expected, rtol=1e-10, atol=1e-10)


@given(LOGITS, st.integers(0, 1000))
def test_the_loss_is_zero_only_where_p_is_q(z: NDArray[np.float64], seed: int) -> None:
    z_BC = torch.from_numpy(z)
    q_BC, p_BC = Targets.of(_labels(seed, 3, 7)).q_BC, _oracle(z_BC)
    loss_B = sparsemax_loss(z_BC, q_BC)
    assert (loss_B >= 0).all()
    assert (loss_B >= ((p_BC - q_BC) ** 2).sum(1) / 2 - 1e-10).all()  # strong convexity: p != q costs
    assert (sparsemax_loss(z_BC, p_BC) <= 1e-12).all()


@given(LOGITS, st.integers(0, 1000))
def test_the_gradient_is_p_minus_q(z: NDArray[np.float64], seed: int) -> None:
    z_BC = torch.from_numpy(z.copy()).requires_grad_()
    q_BC = Targets.of(_labels(seed, 3, 7)).q_BC
    weight_B = torch.tensor([1.0, 0.0, 2.5], dtype=torch.float64)  # as the mask weighs clips
    (weight_B * sparsemax_loss(z_BC, q_BC)).sum().backward()  # type: ignore[no-untyped-call]
    expected = weight_B[:, None] * (_oracle(z_BC.detach()) - q_BC)
    torch.testing.assert_close(z_BC.grad, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("head", [SigmoidHead(), SigmoidHead("mean"), SoftmaxHead(), SparsemaxHead()])
def test_gradients_are_the_losses_own(head: SigmoidHead | SoftmaxHead | SparsemaxHead) -> None:
    targets = Targets.of(_labels(1))
    assert torch.autograd.gradcheck(lambda z: head.loss(z, targets), _logits(2).requires_grad_())


@given(LOGITS, st.floats(-1e3, 1e3), st.integers(0, 1000))
def test_a_shift_changes_nothing(z: NDArray[np.float64], shift: float, seed: int) -> None:
    z_BC, q_BC = torch.from_numpy(z), Targets.of(_labels(seed, 3, 7)).q_BC
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


# --- heads -------------------------------------------------------------------------------------------------


def test_targets_share_mass_equally() -> None:
    targets = Targets.of(torch.tensor([[1.0, 0, 0, 1], [0, 1, 0, 0]]))
    assert targets.q_BC.tolist() == [[0.5, 0, 0, 0.5], [0, 1, 0, 0]]
    assert targets.y_BC.tolist() == [[1, 0, 0, 1], [0, 1, 0, 0]]


def test_softmax_loss_is_torchs() -> None:
    z_BC, targets = _logits(3), Targets.of(_labels(4))
    expected = F.cross_entropy(z_BC, targets.q_BC, reduction="none")
    torch.testing.assert_close(SoftmaxHead().loss(z_BC, targets), expected)


@pytest.mark.parametrize(("reduction", "divisor"), [("sum", 1), ("mean", 5)])
def test_sigmoid_loss_is_binary_cross_entropy(reduction: str, divisor: int) -> None:
    z_BC, y_BC = _logits(5), _labels(6) * 0.75  # fractional, as after mixup
    p = 1 / (1 + np.exp(-z_BC.numpy()))
    y = y_BC.numpy()
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p)).sum(1) / divisor
    head = SigmoidHead(reduction)  # type: ignore[arg-type]
    np.testing.assert_allclose(head.loss(z_BC, Targets(y_BC, y_BC)).numpy(), expected, rtol=1e-12)


# --- structures --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_structure_trains_all_its_heads(name: str) -> None:
    activation = Activation.make(name)
    # Small logits: inside the simplex no clip is perfect already.
    logits = [(_logits(i) / 50).float().requires_grad_() for i in range(activation.n_heads)]
    assert len(activation.heads()) == activation.n_heads
    loss_B = activation.loss(logits, Targets.of(_labels(7).float()))
    assert loss_B.shape == (6,)
    assert loss_B.isfinite().all()
    assert (loss_B >= 0).all()
    loss_B.sum().backward()  # type: ignore[no-untyped-call]
    for z_BC in logits:
        assert z_BC.grad is not None
        assert z_BC.grad.isfinite().all()
        assert (z_BC.grad.abs().sum(1) > 0).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_every_structure_predicts_probabilities(name: str, scale: float) -> None:
    activation = Activation.make(name)
    scores_BC = activation.predict([_logits(i).float() * scale for i in range(activation.n_heads)])
    assert scores_BC.shape == (6, 5)
    assert ((scores_BC >= 0) & (scores_BC <= 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_structure_ranks_a_clear_winner_first(name: str) -> None:
    activation = Activation.make(name)
    z_BC = torch.eye(4) * 9
    assert activation.predict([z_BC] * activation.n_heads).argmax(1).tolist() == [0, 1, 2, 3]


def test_losses_add_with_their_weights() -> None:
    z, targets = (_logits(8), _logits(9)), Targets.of(_labels(10))
    activation = Activation.make("sigmoid_sparsemax", head_weights=[0.5, 3])
    expected = 0.5 * SigmoidHead().loss(z[0], targets) + 3 * SparsemaxHead().loss(z[1], targets)
    torch.testing.assert_close(activation.loss(z, targets), expected)
    plain = Activation.make("sigmoid_sparsemax")
    expected = SigmoidHead().loss(z[0], targets) + SparsemaxHead().loss(z[1], targets)
    torch.testing.assert_close(plain.loss(z, targets), expected)


def test_fusion_is_the_arithmetic_mean() -> None:
    z = (_logits(11), _logits(12))
    expected = (z[0].sigmoid() + _oracle(z[1])) / 2
    torch.testing.assert_close(Activation.make("sigmoid_sparsemax").predict(z), expected)
    expected = (z[0].sigmoid() + F.softmax(z[1], 1)) / 2
    torch.testing.assert_close(Activation.make("sigmoid_softmax").predict(z), expected)


def test_reduction_reaches_the_sigmoid_head() -> None:
    z, targets = (_logits(13),), Targets.of(_labels(14))
    summed, mean = (Activation.make("sigmoid", bce_reduction=how).loss(z, targets) for how in ("sum", "mean"))
    torch.testing.assert_close(summed, mean * 5)


def test_a_wrong_number_of_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="head_weights needs 2 values for sigmoid_softmax, has 1"):
        Activation.make("sigmoid_softmax", head_weights=[1])
    with pytest.raises(ValueError, match="greater than 0"):
        Activation.make("sigmoid", head_weights=[0])


def test_a_wrong_number_of_logits_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        Activation.make("sigmoid_softmax").predict([_logits(15)])
