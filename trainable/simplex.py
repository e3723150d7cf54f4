"""Maps onto the probability simplex that can give exact zeros, and their losses.

Shapes: B clips, C classes.
"""

from __future__ import annotations

import torch


def sparsemax(z_BC: torch.Tensor) -> torch.Tensor:
    """Euclidean projection of each row onto the probability simplex (eq. 5), by eq. 6-8: (B, C)."""
    z_BC = _shifted(z_BC)
    return (z_BC - _tau(z_BC)).clamp_min(0)


def _shifted(z_BC: torch.Tensor) -> torch.Tensor:
    """Rows with a maximum of 0: sparsemax and its loss do not change, and large logits keep their digits."""
    return z_BC - z_BC.max(dim=1, keepdim=True).values


def _tau(z_BC: torch.Tensor) -> torch.Tensor:
    """The threshold tau(z) of eq. 8 for shifted rows: (B, 1)."""
    sorted_BC = z_BC.sort(dim=1, descending=True).values
    sums_BC = sorted_BC.cumsum(1)
    k_C = torch.arange(1, z_BC.shape[1] + 1, device=z_BC.device, dtype=z_BC.dtype)
    # Eq. 7: the support's size; NaN has none, and must stay NaN for the caller to find.
    support_B1 = (1 + k_C * sorted_BC > sums_BC).sum(1, keepdim=True).clamp_min(1)
    return (sums_BC.gather(1, support_B1 - 1) - 1) / support_B1


def sparsemax_loss(z_BC: torch.Tensor, q_BC: torch.Tensor) -> torch.Tensor:
    """Sparsemax loss of each row (eq. 9): (B,), never negative, zero only where sparsemax(z) = q.

    Its gradient is sparsemax(z) - q.
    """
    with torch.no_grad():
        shifted_BC = _shifted(z_BC)
        tau_B1 = _tau(shifted_BC)
        p_BC = (shifted_BC - tau_B1).clamp_min(0)
        support_BC = torch.where(p_BC > 0, shifted_BC**2 - tau_B1**2, 0)
        loss_B = -(q_BC * shifted_BC).sum(1) + support_BC.sum(1) / 2 + (q_BC**2).sum(1) / 2
    return _with_gradient(z_BC, loss_B, p_BC - q_BC)


def entmax15(z_BC: torch.Tensor) -> torch.Tensor:
    """1.5-entmax of each row (Peters et al., 2019), exact by sorting; not in the paper: (B, C)."""
    half_BC = _shifted(z_BC) / 2
    return (half_BC - _tau15(half_BC)).clamp_min(0) ** 2


def _tau15(half_BC: torch.Tensor) -> torch.Tensor:
    """The tau at which the squares of max(z / 2 - tau, 0) sum to 1: (B, 1).

    Over a support of k the sum is a parabola in tau; the right k is the largest whose root lies under its
    smallest member.
    """
    sorted_BC = half_BC.sort(dim=1, descending=True).values
    k_C = torch.arange(1, half_BC.shape[1] + 1, device=half_BC.device, dtype=half_BC.dtype)
    mean_BC = sorted_BC.cumsum(1) / k_C
    variance_BC = (sorted_BC**2).cumsum(1) / k_C - mean_BC**2
    root_BC = mean_BC - (1 / k_C - variance_BC).clamp_min(0).sqrt()
    support_B1 = (root_BC <= sorted_BC).sum(1, keepdim=True).clamp_min(1)
    return root_BC.gather(1, support_B1 - 1)


def entmax15_loss(z_BC: torch.Tensor, q_BC: torch.Tensor) -> torch.Tensor:
    """The Fenchel-Young loss of 1.5-entmax: (B,), never negative; its gradient is entmax15(z) - q."""
    with torch.no_grad():
        p_BC = entmax15(z_BC)
        gap_BC = q_BC**1.5 - p_BC**1.5
        loss_B = ((p_BC - q_BC) * _shifted(z_BC)).sum(1) + gap_BC.sum(1) * 4 / 3
    return _with_gradient(z_BC, loss_B, p_BC - q_BC)


def _with_gradient(z_BC: torch.Tensor, loss_B: torch.Tensor, slope_BC: torch.Tensor) -> torch.Tensor:
    """`loss_B`, rounded up to 0, as a function of `z_BC` with gradient `slope_BC`."""
    return loss_B.clamp_min(0) + (slope_BC * (z_BC - z_BC.detach())).sum(1)  # adds 0, whose gradient it is
