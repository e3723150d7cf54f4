"""Heads and losses against entmax, torch and closed forms."""

import entmax
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.optimize import minimize
from torch import Tensor

from trainable.activations import (
    Activation,
    SigmoidHead,
    SoftmaxHead,
    SparsemaxHead,
    Targets,
)

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


# --- heads -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("head", [SigmoidHead(), SigmoidHead("mean"), SoftmaxHead(), SparsemaxHead()])
def test_gradients_are_the_losses_own(head: SigmoidHead | SoftmaxHead | SparsemaxHead) -> None:
    targets = Targets.of(_labels(1))
    assert torch.autograd.gradcheck(lambda z: head.loss(z, targets), _logits(2).requires_grad_())


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


# --- the least loss ----------------------------------------------------------------------------------------


def _lowest(activation: Activation, targets: Targets) -> float:
    """The least loss of one clip over all logits, searched for."""
    shape = (activation.n_heads, 1, targets.y_BC.shape[1])

    def value_and_slope(flat: np.ndarray) -> tuple[float, np.ndarray]:
        z = torch.from_numpy(flat).requires_grad_()
        loss = activation.loss(list(z.view(shape)), targets).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        assert z.grad is not None
        return loss.item(), z.grad.numpy()

    start = np.random.default_rng(0).normal(0, 0.5, int(np.prod(shape)))
    return float(minimize(value_and_slope, start, jac=True, options={"gtol": 1e-9}).fun)


def _mixed(share: float, first: list[int], second: list[int]) -> Targets:
    """Two clips' labels of six classes, mixed as by mixup: one clip."""
    plain = [
        Targets.of(torch.zeros(1, 6).double().index_fill(1, torch.tensor(c), 1)) for c in (first, second)
    ]
    return Targets(
        *(
            share * getattr(plain[0], form) + (1 - share) * getattr(plain[1], form)
            for form in ("y_BC", "q_BC")
        )
    )


@pytest.mark.parametrize("labels", [[0], [1, 4], [0, 2, 5]])
@pytest.mark.parametrize("name", NAMES)
def test_the_floor_is_the_least_loss_of_whole_labels(name: str, labels: list[int]) -> None:
    activation, targets = Activation.make(name), _mixed(1.0, labels, [0])
    found, floor = _lowest(activation, targets), activation.floor(targets).item()
    assert floor - 1e-9 <= found <= floor + 1e-4
    softmax = "softmax" in name.split("_")
    assert floor == pytest.approx(np.log(len(labels)) if softmax else 0, abs=1e-12)


@pytest.mark.parametrize("second", [[3], [1, 2], [0, 1, 3]])
@pytest.mark.parametrize("name", sorted({*NAMES} - {"asymmetric"}))
def test_the_floor_is_the_least_loss_of_mixed_labels(name: str, second: list[int]) -> None:
    targets = _mixed(0.7, [0, 4], second)
    weights = {"head_weights": (0.5, 2.0)} if Activation.choices()[name].n_heads == 2 else {}
    activation = Activation.make(name, bce_reduction="mean", **weights)
    found, floor = _lowest(activation, targets), activation.floor(targets).item()
    assert floor - 1e-9 <= found <= floor + 1e-4
