"""Masks against closed forms and a slow reference."""

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from trainable.activations import Activation, Targets
from trainable.selection import Decision, KeepAll, Losses, Selection, SelectionState

NAMES = sorted(Selection.choices())


def _batch(loss: list[float] | Tensor, verified: int) -> Losses:
    """A batch whose first `verified` clips are verified."""
    loss_B = torch.as_tensor(loss, dtype=torch.float64)
    clips_B = torch.arange(len(loss_B))
    return Losses(loss_B, clips_B < verified, clips_B + 100, 1000, np.random.default_rng(0))


def _run(selection: Selection, batches: list[Losses]) -> list[Decision]:
    state: SelectionState = {}
    decisions = []
    for batch in batches:
        decisions.append(selection.select(batch, state))
        state = decisions[-1].state
    return decisions


def _value(tensor: Tensor | None) -> float:
    assert tensor is not None
    return tensor.item()


@st.composite
def _random_batches(draw: st.DrawFn) -> tuple[list[Losses], int, int]:
    """Some batches with distinct losses, their verified clips, and a k that fits."""
    verified, unverified = draw(st.integers(0, 8)), draw(st.integers(2, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    losses = [torch.from_numpy(rng.exponential(3, verified + unverified)) for _ in range(5)]
    return [_batch(loss, verified) for loss in losses], verified, draw(st.integers(1, unverified - 1))


# --- threshold (eq. 1-3) -----------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [0.0, 0.5, 0.9])
def test_eta_is_the_weighted_sum_of_all_ranked_losses(alpha: float) -> None:
    losses = np.random.default_rng(1).exponential(2, (20, 12))
    ranked = np.sort(losses[:, 4:], 1)[:, -3]  # T_t: the third highest of the unverified
    selection = Selection.make("threshold", k=3, alpha=alpha)
    decisions = _run(selection, [_batch(torch.from_numpy(row), 4) for row in losses])
    for n, decision in enumerate(decisions):
        ages = np.arange(n, -1, -1)
        weights = (1 - alpha) * alpha ** ages.astype(float)
        weights[0] = alpha**n  # the first T_t starts eta
        assert _value(decision.eta) == pytest.approx(weights @ ranked[: n + 1], rel=1e-12)
        assert _value(decision.ranked) == ranked[n]


def test_the_first_ranked_loss_starts_eta() -> None:
    for loss in np.random.default_rng(2).exponential(2, (200, 6)).astype(np.float32):
        batch = replace(_batch(torch.zeros(6), 0), loss_B=torch.from_numpy(loss))  # float32, as in training
        decision = Selection.make("threshold", k=2).select(batch, {})
        assert decision.eta == decision.ranked  # bit for bit: else clip k would be over its own loss
        assert (decision.keep_B == 0).sum() == 1


def test_the_mask_is_strict() -> None:
    decision = Selection.make("threshold", k=1).select(_batch([9, 7, 7, 2], 1), {})
    assert _value(decision.eta) == 7
    assert decision.keep_B.tolist() == [1, 1, 1, 1]  # 7 is not over 7


def test_the_mask_uses_the_new_eta() -> None:
    old = torch.tensor(1.0, dtype=torch.float64)
    decision = Selection.make("threshold", k=1, alpha=0.5).select(_batch([9, 5, 2, 3.5], 1), {"eta": old})
    assert _value(decision.eta) == 3
    assert decision.keep_B.tolist() == [1, 0, 1, 0]  # over 3; over the old eta of 1 there is 2 as well


@pytest.mark.parametrize("name", ["top_k", "threshold", "random_k"])
@pytest.mark.parametrize("unverified", [0, 1, 2, 3])
def test_fewer_unverified_clips_than_k_mask_no_verified_one(name: str, unverified: int) -> None:
    few = _batch([3, 1, 4, 2], 4 - unverified)
    many = _batch([5, 4, 3, 2, 1], 0)
    decisions = _run(Selection.make(name, k=3), [few, many, few])
    for decision, batch in zip(decisions, [few, many, few], strict=True):
        assert (decision.keep_B[batch.verified_B] == 1).all()
        assert decision.keep_B.isfinite().all()
    if name == "threshold":
        assert _value(decisions[1].eta) == pytest.approx(3 if unverified < 3 else 0.9 * 1 + 0.1 * 3)
    else:
        assert (decisions[0].keep_B == 0).sum() == unverified


def test_fewer_than_k_unverified_clips_update_nothing() -> None:
    old = torch.tensor(2.0, dtype=torch.float64)
    decision = Selection.make("threshold", k=3).select(_batch([9, 9, 1, 3], 2), {"eta": old})
    assert decision.eta == 2
    assert decision.keep_B.tolist() == [1, 1, 1, 0]


def test_the_literal_equation_masks_verified_clips() -> None:
    batch = _batch([9, 1, 9, 2], 2)
    eta = {"eta": torch.tensor(3.0, dtype=torch.float64)}
    literal = Selection.make("threshold", k=1, mask_target="verified").select(batch, eta)
    text = Selection.make("threshold", k=1).select(batch, eta)
    assert literal.keep_B.tolist() == [0, 1, 1, 1]
    assert text.keep_B.tolist() == [1, 1, 0, 1]
    assert literal.eta == text.eta


# --- top k -------------------------------------------------------------------------------------------------


@given(_random_batches())
def test_top_k_masks_the_k_highest(case: tuple[list[Losses], int, int]) -> None:
    batches, verified, k = case
    for batch, decision in zip(batches, _run(Selection.make("top_k", k=k), batches), strict=True):
        order = sorted(range(verified, len(batch.loss_B)), key=lambda i: -batch.loss_B[i].item())
        assert (decision.keep_B == 0).nonzero().flatten().tolist() == sorted(order[:k])
        assert decision.ranked == batch.loss_B[order[k - 1]]


# --- measures other than the loss --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["top_k", "threshold"])
def test_clips_can_be_compared_without_their_number_of_labels(name: str) -> None:
    """Softmax at logits of 0 over 4 classes: every loss is log 4, of which log 2 is due to two labels."""
    activation = Activation.make("softmax")
    targets = Targets.of(torch.tensor([[1.0, 0, 0, 0], [1, 1, 0, 0]], dtype=torch.float64))
    loss_B = activation.loss([torch.zeros(2, 4, dtype=torch.float64)], targets)

    def judged(**settings: Any) -> list[float]:
        return Selection.make(name, k=1, **settings).judged(loss_B, activation, targets).tolist()

    assert judged() == judged(rank_by="loss") == pytest.approx([np.log(4), np.log(4)])
    assert judged(rank_by="per_label") == pytest.approx([np.log(4), np.log(4) / 2])
    assert judged(rank_by="excess") == pytest.approx([np.log(4), np.log(2)])


def test_other_mechanisms_judge_by_the_loss() -> None:
    activation, targets = Activation.make("softmax"), Targets.of(torch.ones(2, 4))
    loss_B = torch.tensor([3.0, 5.0])
    for name in {*NAMES} - {"top_k", "threshold"}:
        assert Selection.make(name).judged(loss_B, activation, targets).tolist() == [3, 5]


# --- every mechanism ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@given(case=_random_batches())
def test_verified_clips_are_never_masked(name: str, case: tuple[list[Losses], int, int]) -> None:
    batches, verified, k = case
    settings = {"k": k} if "k" in Selection.choices()[name].model_fields else {}
    for decision in _run(Selection.make(name, **settings), batches):
        assert decision.keep_B.shape == batches[0].loss_B.shape
        assert (decision.keep_B[:verified] == 1).all()
        assert ((decision.keep_B >= 0) & (decision.keep_B <= 1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_state_is_all_that_the_next_iteration_needs(name: str) -> None:
    rng = np.random.default_rng(3)
    batches = [_batch(torch.from_numpy(rng.exponential(2, 30)), 10) for _ in range(6)]
    selection = Selection.make(name)
    uninterrupted = _run(selection, batches)
    state: SelectionState = {}
    for batch, expected in zip(batches, uninterrupted, strict=True):
        batch = replace(batch, rng=np.random.default_rng(0))
        decision = Selection.make(name).select(batch, state)
        assert torch.equal(decision.keep_B, expected.keep_B)
        assert all(isinstance(value, Tensor) for value in decision.state.values())
        stream = io.BytesIO()
        torch.save(decision.state, stream)
        stream.seek(0)
        state = torch.load(stream, weights_only=True)


@pytest.mark.parametrize("name", NAMES)
def test_every_mechanism_gives_a_loss_per_clip(name: str) -> None:
    activation, targets = Activation.make("sigmoid"), Targets.of(torch.eye(4))
    logits = [torch.zeros(4, 4, requires_grad=True)]
    loss_B = Selection.make(name).loss(activation, logits, targets, torch.arange(4) < 2)
    assert loss_B.shape == (4,)
    assert loss_B.requires_grad


def test_plain_losses_are_the_activations() -> None:
    activation, targets = Activation.make("sigmoid_softmax"), Targets.of(torch.eye(4))
    logits = [torch.randn(4, 4), torch.randn(4, 4)]
    for name in ("verified_only", "top_k", "threshold"):
        loss_B = Selection.make(name).loss(activation, logits, targets, torch.arange(4) < 2)
        assert torch.equal(loss_B, activation.loss(logits, targets))


@pytest.mark.parametrize("name", ["keep_all", "verified_only", "bootstrap", "lq"])
def test_mechanisms_that_mask_nothing(name: str) -> None:
    decision = Selection.make(name).select(_batch([1, 2, 99], 1), {})
    assert decision.keep_B.tolist() == [1, 1, 1]
    assert (decision.eta, decision.ranked, decision.state) == (None, None, {})


def test_a_mechanism_must_select() -> None:
    with pytest.raises(NotImplementedError):
        Selection().select(_batch([1, 2, 3], 1), {})


class _Nameless(KeepAll):
    """Inherits a name, and must not take its parent's place."""


def test_a_name_is_not_inherited() -> None:
    choices = Selection.choices()
    assert choices["keep_all"] is KeepAll
    assert _Nameless not in choices.values()
    assert all(kind.name == name for name, kind in choices.items())


# --- refusals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["top_k", "threshold"])
def test_k_must_leave_clips(name: str) -> None:
    Selection.make(name, k=10).check(11)
    with pytest.raises(ValueError, match=rf"{name}: k = 10 masks all 10 unverified clips.*lower k"):
        Selection.make(name, k=10).check(10)


@pytest.mark.parametrize("settings", [{"k": 0}, {"alpha": 1.0}, {"alpha": -0.1}, {"mask_target": "all"}])
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Selection.make("threshold", **settings)
