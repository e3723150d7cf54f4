"""Mixup and SpecAugment against closed forms."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainable.activations import Targets
from trainable.augment import draw_masks, mask, mixing, mixup, warp_frames
from trainable.config import Augment

FILL = torch.arange(10.0) - 500


class _Scripted(np.random.Generator):
    """A generator whose integers are given: warped points, then their moves."""

    def __init__(self, *draws: list[int]) -> None:
        super().__init__(np.random.PCG64(0))
        self._draws = iter(draws)

    def integers(self, *args: Any, **kwargs: Any) -> Any:
        return np.array(next(self._draws))[:, None]


# --- time warp ---------------------------------------------------------------------------------------------


@given(st.integers(0, 60), st.integers(3, 200), st.integers(0, 1000))
def test_warps_are_monotone_and_near(most: int, extra: int, seed: int) -> None:
    frames = 2 * most + extra  # the tightest that the settings allow, and more
    source = warp_frames(np.random.default_rng(seed), 5, frames, most)
    assert source.shape == (5, frames)
    assert (np.diff(source, axis=1) >= 0).all()
    assert (source[:, 0] == 0).all()
    assert (source[:, -1] == frames - 1).all()
    assert np.abs(source - np.arange(frames)).max() <= most


@pytest.mark.parametrize("move", [-20, -3, 0, 7, 20])
def test_warps_stretch_linearly(move: int) -> None:
    points = [21, 50, 78]
    source = warp_frames(_Scripted(points, [move] * 3), 3, 100, 20)
    for row, point in zip(source, points, strict=True):
        expected = np.interp(np.arange(100), [0, point + move, 99], [0, point, 99])
        assert np.abs(row - expected).max() <= 0.5 + 1e-9
        assert row[point + move] == point


def test_no_move_is_the_identity() -> None:
    identity = np.tile(np.arange(100), (2, 1))
    np.testing.assert_array_equal(warp_frames(_Scripted([40, 60], [0, 0]), 2, 100, 20), identity)
    np.testing.assert_array_equal(warp_frames(np.random.default_rng(0), 2, 100, 0), identity)


def test_clips_warp_apart() -> None:
    source = warp_frames(np.random.default_rng(0), 30, 96, 12)
    assert len({row.tobytes() for row in source}) > 25


# --- mixup -------------------------------------------------------------------------------------------------


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 1000))
def test_partners_come_from_the_same_source(verified: int, unverified: int, seed: int) -> None:
    verified_B = np.arange(verified + unverified) < verified
    partner_B, share_B = mixing(np.random.default_rng(seed), 0.5, verified_B)
    np.testing.assert_array_equal(verified_B[partner_B], verified_B)
    np.testing.assert_array_equal(np.sort(partner_B), np.arange(len(verified_B)))
    assert ((share_B >= 0.5) & (share_B <= 1)).all()


def test_shares_follow_the_folded_beta_distribution() -> None:
    for alpha, mean in ((0.5, 0.5 + 1 / np.pi), (1.0, 0.75)):  # arcsine and uniform, folded at one half
        _, share_B = mixing(np.random.default_rng(0), alpha, np.ones(40_000, bool))
        assert share_B.mean() == pytest.approx(mean, abs=0.004)


def test_partners_differ_from_batch_to_batch() -> None:
    rng = np.random.default_rng(0)
    pairs = {mixing(rng, 0.5, np.arange(16) < 8)[0].tobytes() for _ in range(20)}
    assert len(pairs) == 20


def test_mixtures_are_linear() -> None:
    rng = np.random.default_rng(1)
    x_BTM, y_BC = torch.randn(6, 5, 4), (torch.rand(6, 3) < 0.5).float()
    y_BC[:, 0] = 1
    partner_B, share_B = mixing(rng, 0.7, np.arange(6) < 3)
    mixed_BTM, mixed = mixup(x_BTM, Targets.of(y_BC), partner_B, share_B)
    q_BC = y_BC / y_BC.sum(1, keepdim=True)
    for i, (j, share) in enumerate(zip(partner_B, share_B, strict=True)):
        for found, whole in ((mixed_BTM, x_BTM), (mixed.y_BC, y_BC), (mixed.q_BC, q_BC)):
            expected = share * whole[i].double() + (1 - share) * whole[j].double()
            torch.testing.assert_close(found[i].double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(mixed.q_BC.sum(1), torch.ones(6))  # still distributions


def test_a_whole_share_is_the_clip_itself() -> None:
    x_BTM, targets = torch.randn(3, 5, 4), Targets.of(torch.eye(3))
    mixed_BTM, mixed = mixup(x_BTM, targets, np.array([2, 0, 1]), np.ones(3, np.float32))
    assert torch.equal(mixed_BTM, x_BTM)
    assert torch.equal(mixed.y_BC, targets.y_BC)


# --- masks -------------------------------------------------------------------------------------------------


def _hidden(seed: int, **settings: float) -> NDArray[np.bool_]:
    """Which places of (400 clips, 40 frames, 10 bands) a mask fills."""
    settings = {"frequency_masks": 0, "time_masks": 0} | settings
    augment = Augment.model_validate(settings)
    masks = draw_masks(np.random.default_rng(seed), 400, 40, 10, augment)
    masked = mask(torch.zeros(400, 40, 10), masks, FILL)
    assert torch.equal(masked, torch.where(masked != 0, FILL, 0))
    return (masked != 0).numpy()


def _widths(hidden_BX: NDArray[np.bool_]) -> set[int]:
    """Widths of the masks, each of which must be one run."""
    edges = np.diff(np.pad(hidden_BX, ((0, 0), (1, 1))).astype(int), axis=1)
    assert ((edges == 1).sum(1) <= 1).all()
    return set(hidden_BX.sum(1).tolist())


def test_one_frequency_mask_is_a_run_of_bands() -> None:
    hidden = _hidden(0, frequency_masks=1, frequency_mask_share=0.3)
    assert (hidden == hidden[:, :1]).all()
    assert _widths(hidden[:, 0]) == {0, 1, 2, 3}
    assert hidden.any((0, 1)).all()


def test_one_time_mask_is_a_run_of_frames() -> None:
    hidden = _hidden(1, time_masks=1, time_mask_share=0.2)
    assert (hidden == hidden[:, :, :1]).all()
    assert _widths(hidden[:, :, 0]) == set(range(9))
    assert hidden.any((0, 2)).all()


def test_two_masks_hide_at_most_twice_the_share() -> None:
    hidden = _hidden(2, time_masks=2, time_mask_share=0.2)
    assert 8 < hidden[:, :, 0].sum(1).max() <= 16


def test_a_whole_share_may_hide_everything() -> None:
    assert _hidden(3, frequency_masks=1, frequency_mask_share=1.0).all((1, 2)).any()


@pytest.mark.parametrize(
    "settings", [{}, {"time_masks": 2, "time_mask_share": 0}, {"time_masks": 1, "time_mask_share": 0.02}]
)
def test_no_room_no_mask(settings: dict[str, float]) -> None:
    assert not _hidden(4, **settings).any()


def test_masks_leave_their_input_and_all_other_places() -> None:
    x_BTM = torch.randn(8, 40, 10)
    kept = x_BTM.clone()
    masked = mask(x_BTM, draw_masks(np.random.default_rng(5), 8, 40, 10, Augment()), FILL)
    assert torch.equal(x_BTM, kept)
    changed = masked != x_BTM
    assert torch.equal(masked[changed], FILL.expand_as(masked)[changed])
    assert 0 < changed.float().mean() < 0.7
