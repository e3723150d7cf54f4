"""Two Gaussians fitted to losses by expectation-maximisation (not in the paper); waits for no device.

Shapes: N losses, NaN where there is none; B values that are asked for; 2 Gaussians.
"""

from __future__ import annotations

import torch

LEAST = 1e-6
"""Least variance and least weight of a Gaussian."""


def lower_probability(loss_N: torch.Tensor, asked_B: torch.Tensor, steps: int) -> torch.Tensor:
    """Probability that each of `asked_B` is of the lower of two Gaussians, fitted in `steps` steps: (B,)."""
    seen_N1 = loss_N.isfinite().to(loss_N.dtype)[:, None]
    loss_N1 = torch.where(seen_N1 > 0, loss_N[:, None], 0)
    count = seen_N1.sum()
    mean_2, weight_2 = _quartiles(loss_N), loss_N.new_full((2,), 0.5)
    spread_N1 = seen_N1 * (loss_N1 - loss_N1.sum() / count) ** 2
    variance_2 = (spread_N1.sum() / count).clamp_min(LEAST).expand(2)
    for _ in range(steps):
        share_N2 = seen_N1 * _shares(loss_N1[:, 0], mean_2, variance_2, weight_2)
        total_2 = share_N2.sum(0).clamp_min(LEAST)
        mean_2 = (share_N2 * loss_N1).sum(0) / total_2
        variance_2 = ((share_N2 * (loss_N1 - mean_2) ** 2).sum(0) / total_2).clamp_min(LEAST)
        weight_2 = total_2 / count
    share_B2 = _shares(asked_B, mean_2, variance_2, weight_2)
    return share_B2.gather(1, mean_2.argmin().expand(len(asked_B), 1))[:, 0]


def _quartiles(x_N: torch.Tensor) -> torch.Tensor:
    """First and third quartile of what is finite, by linear interpolation; never waits for a device: (2,)."""
    rank_2 = (x_N.isfinite().sum() - 1) * torch.arange(1, 4, 2, device=x_N.device) / 4
    sorted_N = x_N.nan_to_num(torch.inf).sort().values
    below_2, above_2 = (sorted_N.gather(0, place.long()) for place in (rank_2.floor(), rank_2.ceil()))
    return torch.lerp(below_2, above_2, rank_2.frac().to(x_N.dtype))


def _shares(
    x_N: torch.Tensor, mean_2: torch.Tensor, variance_2: torch.Tensor, weight_2: torch.Tensor
) -> torch.Tensor:
    """Probability of each of two Gaussians at each value: (N, 2)."""
    log_N2 = weight_2.log() - (variance_2.log() + (x_N[:, None] - mean_2) ** 2 / variance_2) / 2
    return log_N2.softmax(1)
