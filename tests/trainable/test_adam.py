"""Adam against torch's own, bit for bit, and its state in files of either."""

import copy
import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.places import ROOT
from trainable.adam import Adam

RATE, BETAS = 0.01, (0.8, 0.95)
LAYOUTS = (torch.contiguous_format, torch.channels_last)


def weights(layout: torch.memory_format) -> list[nn.Parameter]:
    """Of several shapes; the last one never has a gradient."""
    rng = torch.Generator().manual_seed(0)
    kernel = torch.randn(4, 3, 3, 3, generator=rng).to(memory_format=layout)
    return [nn.Parameter(kernel), *(nn.Parameter(torch.randn(n, generator=rng)) for n in (5, 1))]


def descend(optimizer: Any, moved: list[nn.Parameter], steps: range) -> None:
    """Gradients that depend on the step alone."""
    for step in steps:
        rng = torch.Generator().manual_seed(step)
        for weight in moved[:-1]:
            weight.grad = torch.empty_like(weight).copy_(torch.randn(weight.shape, generator=rng))
        optimizer.step()


def ours(moved: list[nn.Parameter], fused: bool) -> Adam:
    return Adam(moved, RATE, BETAS, fused)


def torchs(moved: list[nn.Parameter], fused: bool) -> torch.optim.Adam:
    return torch.optim.Adam(moved, lr=RATE, betas=BETAS, fused=fused)


def assert_equal(some: list[nn.Parameter], others: list[nn.Parameter]) -> None:
    for one, other in zip(some, others, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("fused", [True, False])
def test_the_numbers_are_torchs(fused: bool, layout: torch.memory_format) -> None:
    some, others = weights(layout), weights(layout)
    descend(ours(some, fused), some, range(5))
    descend(torchs(others, fused), others, range(5))
    assert not torch.equal(some[0], weights(layout)[0])
    assert_equal(some, others)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_state_of_torchs_is_gone_on_from(layout: torch.memory_format) -> None:
    """Files of states have been written with it; they say nothing of a layout."""
    some, others = weights(layout), weights(layout)
    first, second = torchs(others, fused=True), ours(some, fused=True)
    for weight in others:
        weight.grad = torch.zeros_like(weight)  # so that its state has all weights
    first.step()
    second.load_state_dict({**first.state_dict(), "state": _contiguous(first.state_dict()["state"])})
    descend(first, others, range(5))
    for weight in some[-1:]:
        weight.grad = torch.zeros_like(weight)
    descend(second, some, range(5))
    assert_equal(some, others)


def _contiguous(state: dict[int, dict[str, Tensor]]) -> dict[int, dict[str, Tensor]]:
    return {
        number: {name: value.contiguous() for name, value in averages.items()}
        for number, averages in state.items()
    }


def test_a_loaded_state_is_left_alone_and_gives_the_same_steps() -> None:
    whole = weights(torch.contiguous_format)
    descend(optimizer := ours(whole, fused=True), whole, range(3))
    state, cut = copy.deepcopy(optimizer.state_dict()), copy.deepcopy(whole)
    descend(optimizer, whole, range(3, 6))
    for _ in range(2):  # a parent's state starts several branches
        branch = copy.deepcopy(cut)
        second = Adam(branch, 1.0, BETAS, fused=True)
        second.load_state_dict(state)
        descend(second, branch, range(3, 6))
        assert_equal(branch, whole)


def test_to_forget_is_to_begin_anew() -> None:
    some = weights(torch.contiguous_format)
    descend(optimizer := ours(some, fused=True), some, range(3))
    optimizer.forget()
    others = copy.deepcopy(some)
    descend(optimizer, some, range(3))
    descend(ours(others, fused=True), others, range(3))
    assert_equal(some, others)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda state: state.clear(),
        lambda state: state["state"].popitem(),
        lambda state: state["state"][1].update(exp_avg=torch.zeros(1)),
    ],
)
def test_a_state_of_something_else_is_refused(spoil: Any) -> None:
    optimizer = ours(weights(torch.contiguous_format), fused=True)
    state = copy.deepcopy(optimizer.state_dict())
    spoil(state)
    with pytest.raises((KeyError, ValueError)):
        optimizer.load_state_dict(state)


def test_no_fold_imports_torchs_compiler() -> None:
    """It takes as long as torch itself, in every worker."""
    steps = (
        "import sys, torch; from torch import nn; from trainable.adam import Adam; "
        "w = nn.Parameter(torch.ones(2)); w.sum().backward(); "
        "Adam([w], 0.1, (0.9, 0.99), fused=True).step(); print('torch._dynamo' in sys.modules)"
    )
    words = [sys.executable, "-c", steps]
    said = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said == "False\n"
