"""Sweep axis 1: output structures. One or more heads on a shared trunk, their losses, their fused prediction.

Shapes: B clips, C classes. A structure trains all its heads together (section 3.2, figure 3).
To add one, subclass `Activation`, give it a name and its heads.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import torch
import torch.nn.functional as F
from pydantic import PositiveFloat, model_validator
from torch import Tensor

from trainable.config import OURS, Mechanism


@dataclass(frozen=True)
class Targets:
    """What a batch should predict."""

    y_BC: Tensor
    """Labels in [0, 1]; mixup makes them fractional."""
    q_BC: Tensor
    """The same as a distribution over classes: a clip's labels share its mass equally (section 3.2)."""

    @classmethod
    def of(cls, y_BC: Tensor) -> "Targets":
        """Targets of unmixed multi-hot labels; every clip has a label."""
        return cls(y_BC, y_BC / y_BC.sum(1, keepdim=True))


def sparsemax(z_BC: Tensor) -> Tensor:
    """Euclidean projection of each row onto the probability simplex (eq. 5), by eq. 6-8: (B, C)."""
    z_BC = _shifted(z_BC)
    return (z_BC - _tau(z_BC)).clamp_min(0)


def _shifted(z_BC: Tensor) -> Tensor:
    """Rows with a maximum of 0: sparsemax and its loss do not change, and large logits keep their digits."""
    return z_BC - z_BC.max(dim=1, keepdim=True).values


def _tau(z_BC: Tensor) -> Tensor:
    """The threshold tau(z) of eq. 8 for shifted rows: (B, 1)."""
    sorted_BC = z_BC.sort(dim=1, descending=True).values
    sums_BC = sorted_BC.cumsum(1)
    k_C = torch.arange(1, z_BC.shape[1] + 1, device=z_BC.device, dtype=z_BC.dtype)
    # Eq. 7: the support's size; NaN has none, and must stay NaN for the caller to find.
    support_B1 = (1 + k_C * sorted_BC > sums_BC).sum(1, keepdim=True).clamp_min(1)
    return (sums_BC.gather(1, support_B1 - 1) - 1) / support_B1


class _SparsemaxLoss(torch.autograd.Function):
    """Eq. 9 with its exact gradient p - q."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, z_BC: Tensor, q_BC: Tensor) -> Tensor:
        z_BC = _shifted(z_BC)
        tau_B1 = _tau(z_BC)
        p_BC = (z_BC - tau_B1).clamp_min(0)
        ctx.save_for_backward(p_BC - q_BC)
        support_BC = torch.where(p_BC > 0, z_BC**2 - tau_B1**2, 0)
        loss_B = -(q_BC * z_BC).sum(1) + support_BC.sum(1) / 2 + (q_BC**2).sum(1) / 2
        return loss_B.clamp_min(0)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, None]:
        (slope_BC,) = ctx.saved_tensors  # type: ignore[attr-defined]
        return grads[0][:, None] * slope_BC, None


def sparsemax_loss(z_BC: Tensor, q_BC: Tensor) -> Tensor:
    """Sparsemax loss of each row (eq. 9): (B,), never negative, zero only where sparsemax(z) = q."""
    loss_B: Tensor = _SparsemaxLoss.apply(z_BC, q_BC)  # type: ignore[no-untyped-call]
    return loss_B


class Head:
    """One dense layer's activation and loss."""

    def loss(self, z_BC: Tensor, targets: Targets) -> Tensor:
        """Loss of each clip: (B,)."""
        raise NotImplementedError

    def probabilities(self, z_BC: Tensor) -> Tensor:
        """Scores in [0, 1]: (B, C)."""
        raise NotImplementedError


@dataclass(frozen=True)
class SigmoidHead(Head):
    """Independent classes: binary cross-entropy, summed over classes so that heads share a scale."""

    reduction: Literal["sum", "mean"] = "sum"

    def loss(self, z_BC: Tensor, targets: Targets) -> Tensor:
        """Binary cross-entropy: (B,)."""
        loss_BC = F.binary_cross_entropy_with_logits(z_BC, targets.y_BC, reduction="none")
        return loss_BC.sum(1) if self.reduction == "sum" else loss_BC.mean(1)

    def probabilities(self, z_BC: Tensor) -> Tensor:
        """Sigmoid: (B, C)."""
        return z_BC.sigmoid()


class SoftmaxHead(Head):
    """One distribution over the classes (eq. 4): cross-entropy against q."""

    def loss(self, z_BC: Tensor, targets: Targets) -> Tensor:
        """Cross-entropy: (B,)."""
        return -(targets.q_BC * z_BC.log_softmax(1)).sum(1)

    def probabilities(self, z_BC: Tensor) -> Tensor:
        """Softmax: (B, C)."""
        return z_BC.softmax(1)


class SparsemaxHead(Head):
    """One sparse distribution over the classes (eq. 5-9)."""

    def loss(self, z_BC: Tensor, targets: Targets) -> Tensor:
        """Sparsemax loss: (B,)."""
        return sparsemax_loss(z_BC, targets.q_BC)

    def probabilities(self, z_BC: Tensor) -> Tensor:
        """Sparsemax: (B, C)."""
        return sparsemax(z_BC)


class Activation(Mechanism):
    """An output structure: its heads' losses are summed with weights, their scores averaged."""

    n_heads: ClassVar[int] = 1
    head_weights: Annotated[tuple[PositiveFloat, ...], OURS] = ()
    """Weight of each head's loss; empty: all 1."""
    bce_reduction: Annotated[Literal["sum", "mean"], OURS] = "sum"
    """Binary cross-entropy over classes: sum, or mean (some 50 times smaller at 80 classes)."""

    @model_validator(mode="after")
    def _a_weight_per_head(self) -> Self:
        if self.head_weights and len(self.head_weights) != self.n_heads:
            raise ValueError(
                f"head_weights needs {self.n_heads} values for {self.name}, has {len(self.head_weights)}"
            )
        return self

    def heads(self) -> tuple[Head, ...]:
        """The heads, in the order of the model's dense layers."""
        raise NotImplementedError

    def loss(self, logits: Sequence[Tensor], targets: Targets) -> Tensor:
        """C_i of eq. 1, one value per clip over all heads: (B,)."""
        weights = self.head_weights or (1.0,) * self.n_heads
        losses = [
            w * head.loss(z_BC, targets) for w, head, z_BC in zip(weights, self.heads(), logits, strict=True)
        ]
        return torch.stack(losses).sum(0)

    def predict(self, logits: Sequence[Tensor]) -> Tensor:
        """Fused scores in [0, 1]: (B, C). The mean of the heads: sparsemax's zeros stay harmless."""
        scores = [head.probabilities(z_BC) for head, z_BC in zip(self.heads(), logits, strict=True)]
        return torch.stack(scores).mean(0)


class Sigmoid(Activation):
    """The paper's baseline: one sigmoid head."""

    name = "sigmoid"

    def heads(self) -> tuple[Head, ...]:
        """Sigmoid."""
        return (SigmoidHead(self.bce_reduction),)


class SigmoidSoftmax(Activation):
    """sig-soft: the structure of the paper's reference [9]."""

    name = "sigmoid_softmax"
    n_heads = 2

    def heads(self) -> tuple[Head, ...]:
        """Sigmoid and softmax."""
        return (SigmoidHead(self.bce_reduction), SoftmaxHead())


class SigmoidSparsemax(Activation):
    """sig-sparse: the paper's proposal."""

    name = "sigmoid_sparsemax"
    n_heads = 2

    def heads(self) -> tuple[Head, ...]:
        """Sigmoid and sparsemax."""
        return (SigmoidHead(self.bce_reduction), SparsemaxHead())
