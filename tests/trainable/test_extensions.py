"""Across modules: the rows and columns that are not in the paper, each against its closed form."""

import numpy as np
import pytest
import torch

from trainable.activations import Activation, Asymmetric, Sigmoid, Softmax, Targets
from trainable.selection import Bootstrap, Gmm, KeepAll, Losses, Lq, MaxOutlier, RandomK


def losses(values: list[float], verified: int, seed: int = 0) -> Losses:
    loss_B = torch.tensor(values, dtype=torch.float64)
    order_B = torch.arange(len(values))
    return Losses(loss_B, order_B < verified, order_B, len(values), np.random.default_rng(seed))


def test_asymmetric_loss_without_asymmetry_is_binary_cross_entropy() -> None:
    z_BC = torch.randn(4, 5, generator=torch.Generator().manual_seed(0))
    targets = Targets.of(torch.eye(5)[:4])
    plain = Asymmetric(gamma_negative=0, gamma_positive=0, clip=0).loss([z_BC], targets)
    torch.testing.assert_close(plain, Sigmoid().loss([z_BC], targets), atol=1e-5, rtol=1e-5)


def test_asymmetric_loss_by_hand() -> None:
    p = 0.3
    z_BC = torch.logit(torch.tensor([[p, p]], dtype=torch.float64))
    targets = Targets.of(torch.tensor([[1.0, 0.0]], dtype=torch.float64))
    positive = -((1 - p) ** 1) * np.log(p)
    negative = -((p - 0.05) ** 4) * np.log(1 - (p - 0.05))
    assert Asymmetric().loss([z_BC], targets).item() == pytest.approx(positive + negative)


def test_keep_all_keeps_all() -> None:
    assert KeepAll().select(losses([1, 2, 99], 1), {}).keep_B.tolist() == [1, 1, 1]


def test_random_k_masks_k_unverified_clips_of_any_loss() -> None:
    values = [9.0, 9.0, *map(float, range(8))]
    masks = torch.stack([RandomK(k=3).select(losses(values, 2, seed), {}).keep_B for seed in range(2000)])
    assert (masks[:, :2] == 1).all()
    assert ((1 - masks).sum(1) == 3).all()
    share = (1 - masks[:, 2:]).mean(0)
    assert (share - 3 / 8).abs().max() < 0.05


def test_max_outlier_compares_with_the_highest_unverified_loss() -> None:
    decision = MaxOutlier().select(losses([50, 10, 8, 8.001, 1], 1), {})
    assert decision.keep_B.tolist() == [1, 0, 1, 0, 1]
    assert decision.eta is not None
    assert decision.eta.item() == 8


def test_bootstrap_mixes_unverified_targets_with_the_prediction() -> None:
    z_BC = torch.tensor([[0.2, -1.0], [0.2, -1.0]], dtype=torch.float64)
    y_BC = torch.tensor([[1.0, 0.0], [1.0, 0.0]], dtype=torch.float64)
    verified_B = torch.tensor([True, False])
    loss_B = Bootstrap(beta=0.7).loss(Sigmoid(), [z_BC], Targets.of(y_BC), verified_B)
    mixed_BC = torch.where(verified_B[:, None], y_BC, 0.7 * y_BC + 0.3 * z_BC.sigmoid())
    bce_BC = torch.nn.functional.binary_cross_entropy(z_BC.sigmoid(), mixed_BC, reduction="none")
    torch.testing.assert_close(loss_B, bce_BC.sum(1))


def test_lq_of_softmax_is_zhang_and_sabuncus() -> None:
    z_BC = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    targets = Targets.of(torch.eye(4, dtype=torch.float64)[:3])
    loss_B = Lq(q=0.7).loss(Softmax(), [z_BC], targets, torch.tensor([False, False, True]))
    p_B = z_BC.softmax(1)[range(3), range(3)]
    torch.testing.assert_close(loss_B[:2], (1 - p_B[:2] ** 0.7) / 0.7)
    assert loss_B[2].item() == pytest.approx(-p_B[2].log().item())


def test_gmm_parts_two_clusters_and_remembers_clips() -> None:
    rng = np.random.default_rng(0)
    values = np.concatenate([[3.0, 3.0], rng.normal(1, 0.1, 30), rng.normal(5, 0.3, 10)])
    decision = Gmm().select(losses(list(values), 2), {})
    assert decision.keep_B.tolist() == [1] * 32 + [0] * 10
    again = Gmm(momentum=0.7).select(losses(list(values + 1), 2), decision.state)
    torch.testing.assert_close(again.state["running"][2:], torch.from_numpy(values[2:] + 0.3))


def test_every_further_row_has_its_name() -> None:
    assert {"sigmoid_entmax15", "asymmetric", "softmax", "sparsemax"} <= set(Activation.choices())
