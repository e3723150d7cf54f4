"""The network with its optimizer: what is built, and what is left alone."""

import random

import numpy as np
import pytest
import torch

from tests.trainable.tiny import BANDS, CLASSES, data, task
from trainable.config import Compute
from trainable.fold import _Training
from trainable.learner import Learner, arithmetic
from trainable.model import CnnGru
from trainable.sampling import Purpose

DATA = data()


def _rounding() -> tuple[bool, bool]:
    return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32


def _globals() -> list[object]:
    """What a constructor could change for everybody else in the process."""
    return [
        random.getstate(),
        str(np.random.get_state()),  # noqa: NPY002 - the global generator is the point
        torch.get_rng_state().tolist(),
        _rounding(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
        torch.is_grad_enabled(),
        torch.are_deterministic_algorithms_enabled(),
    ]


@pytest.mark.parametrize("kind", [Learner, _Training])
def test_a_constructor_sets_no_global(kind: type[Learner] | type[_Training]) -> None:
    for tf32 in (True, False):
        before = _globals()
        kind(task(compute={"tf32": tf32}), DATA)
        assert _globals() == before


@pytest.mark.parametrize("tf32", [True, False])
def test_rounding_holds_inside_and_nowhere_else(tf32: bool) -> None:
    before = _rounding()
    with arithmetic(Compute(tf32=tf32)):
        assert _rounding() == (tf32, tf32)
        with arithmetic(Compute(tf32=not tf32)):
            assert _rounding() == (not tf32, not tf32)
        assert _rounding() == (tf32, tf32)
    assert _rounding() == before


def test_rounding_comes_back_after_an_error() -> None:
    before = _rounding()
    with pytest.raises(KeyError), arithmetic(Compute(tf32=not before[0])):
        raise KeyError
    assert _rounding() == before


def test_initial_weights_are_those_of_the_seed() -> None:
    cell = task(seed=3, fold=2)
    torch.manual_seed(cell.draw(0).torch_seed(Purpose.WEIGHTS))
    expected = CnnGru(cell.settings.model, BANDS, CLASSES, n_heads=2).state_dict()
    found = Learner(cell, DATA).weights()
    for name in expected.keys() - {"band_mean", "band_std"}:
        assert torch.equal(found[name], expected[name]), name


def test_dropout_is_its_seeds() -> None:
    learner, x_BTM = Learner(task(), DATA), torch.randn(4, 16, BANDS)
    first, again, other = (learner.logits(x_BTM, seed)[0] for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_weights_leave_as_copies_in_the_layout_of_files() -> None:
    learner = Learner(task(compute={"channels_last": True}), DATA)
    inside = learner.model.blocks[1][0].weight  # type: ignore[index]
    assert not inside.is_contiguous()
    weights = learner.weights()
    assert all(value.is_contiguous() for value in weights.values())
    weights["blocks.1.0.weight"].zero_()
    assert inside.any()


def test_a_descent_follows_adams_first_step() -> None:
    """Adam's first step is the step size in the direction of the gradient's sign."""
    learner = Learner(task(optimizer={"learning_rate": 0.01}), DATA)
    before = learner.weights()
    logits = learner.logits(torch.randn(4, 16, BANDS), dropout_seed=0)
    learner.descend(torch.stack(logits).square().sum())
    moved = learner.weights()["heads.0.bias"] - before["heads.0.bias"]
    gradient = learner.model.heads[0].bias.grad
    assert isinstance(gradient, torch.Tensor)
    torch.testing.assert_close(moved, -0.01 * gradient.sign(), rtol=1e-3, atol=1e-6)


def test_a_state_of_the_adam_of_0_1_0_does_not_fit() -> None:
    """`train_fold` takes the state before one that raises this, or begins."""
    learner = Learner(task(), DATA)
    old = {"state": {}, "param_groups": [{"lr": 0.001}]}
    with pytest.raises(KeyError, match="params"):
        learner.load({"model": learner.weights(), "optimizer": old})
