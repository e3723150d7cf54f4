"""Sweep axis 1: output structures. One or more heads on a shared trunk, their losses, their fused prediction.

Shapes: B clips, C classes. A structure trains all its heads together (section 3.2, figure 3).
To add one, subclass `Activation`, give it a name and its heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

import torch
from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from trainable import simplex
from trainable.config import OURS, Mechanism, Share


@dataclass(frozen=True)
class Targets:
    """What a batch should predict."""

    y_BC: torch.Tensor
    """Labels in [0, 1]; mixup makes them fractional."""
    q_BC: torch.Tensor
    """The same as a distribution over classes: a clip's labels share its mass equally (section 3.2)."""

    @classmethod
    def of(cls, y_BC: torch.Tensor) -> Targets:
        """Targets of unmixed multi-hot labels; every clip has a label."""
        return cls(y_BC, y_BC / y_BC.sum(1, keepdim=True))


class Head:
    """One dense layer's activation and loss."""

    def loss(self, z_BC: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Loss of each clip: (B,)."""
        raise NotImplementedError

    def floor(self, targets: Targets) -> torch.Tensor:
        """The least loss of each clip that any logits could have: (B,).

        0 where the loss is a divergence from the target, as sparsemax's and entmax's are: p = q has none.
        """
        return torch.zeros_like(targets.y_BC[:, 0])

    def probabilities(self, z_BC: torch.Tensor) -> torch.Tensor:
        """Scores in [0, 1]: (B, C)."""
        raise NotImplementedError


@dataclass(frozen=True)
class SigmoidHead(Head):
    """Independent classes: binary cross-entropy, summed over classes so that heads share a scale."""

    reduction: Literal["sum", "mean"] = "sum"

    def loss(self, z_BC: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Binary cross-entropy: (B,)."""
        loss_BC = torch.nn.functional.binary_cross_entropy_with_logits(z_BC, targets.y_BC, reduction="none")
        return self._reduced(loss_BC)

    def floor(self, targets: Targets) -> torch.Tensor:
        """Entropy of the labels, each on its own: 0 where none is mixed: (B,)."""
        return self._reduced(torch.special.entr(targets.y_BC) + torch.special.entr(1 - targets.y_BC))

    def _reduced(self, loss_BC: torch.Tensor) -> torch.Tensor:
        return loss_BC.sum(1) if self.reduction == "sum" else loss_BC.mean(1)

    def probabilities(self, z_BC: torch.Tensor) -> torch.Tensor:
        """Sigmoid: (B, C)."""
        return z_BC.sigmoid()


class SoftmaxHead(Head):
    """One distribution over the classes (eq. 4): cross-entropy against q."""

    def loss(self, z_BC: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Cross-entropy: (B,)."""
        return -(targets.q_BC * z_BC.log_softmax(1)).sum(1)

    def floor(self, targets: Targets) -> torch.Tensor:
        """Entropy of q: log n for n labels that share it equally: (B,)."""
        entropy_BC: torch.Tensor = torch.special.entr(targets.q_BC)
        return entropy_BC.sum(1)

    def probabilities(self, z_BC: torch.Tensor) -> torch.Tensor:
        """Softmax: (B, C)."""
        return z_BC.softmax(1)


class SparsemaxHead(Head):
    """One sparse distribution over the classes (eq. 5-9)."""

    def loss(self, z_BC: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Sparsemax loss: (B,)."""
        return simplex.sparsemax_loss(z_BC, targets.q_BC)

    def probabilities(self, z_BC: torch.Tensor) -> torch.Tensor:
        """Sparsemax: (B, C)."""
        return simplex.sparsemax(z_BC)


class Entmax15Head(Head):
    """One distribution over the classes, between softmax and sparsemax (not in the paper)."""

    def loss(self, z_BC: torch.Tensor, targets: Targets) -> torch.Tensor:
        """1.5-entmax loss: (B,)."""
        return simplex.entmax15_loss(z_BC, targets.q_BC)

    def probabilities(self, z_BC: torch.Tensor) -> torch.Tensor:
        """1.5-entmax: (B, C)."""
        return simplex.entmax15(z_BC)


@dataclass(frozen=True)
class AsymmetricHead(Head):
    """Independent classes that forget easy negatives (Ridnik et al., 2021; not in the paper).

    Its floor is 0, which is right for whole labels; where mixup has made them fractional the least loss is
    higher and has no closed form.
    """

    gamma_negative: float
    gamma_positive: float
    clip: float

    def loss(self, z_BC: torch.Tensor, targets: Targets) -> torch.Tensor:
        """Focused binary cross-entropy, summed over classes: (B,)."""
        p_BC = z_BC.sigmoid()
        shifted_BC = (p_BC - self.clip).clamp_min(0)
        positive_BC = (1 - p_BC) ** self.gamma_positive * torch.nn.functional.logsigmoid(z_BC)
        negative_BC = shifted_BC**self.gamma_negative * torch.log1p(-shifted_BC.clamp_max(1 - 1e-7))
        return -(targets.y_BC * positive_BC + (1 - targets.y_BC) * negative_BC).sum(1)

    def probabilities(self, z_BC: torch.Tensor) -> torch.Tensor:
        """Sigmoid: (B, C)."""
        return z_BC.sigmoid()


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

    def loss(self, logits: Sequence[torch.Tensor], targets: Targets) -> torch.Tensor:
        """C_i of eq. 1, one value per clip over all heads: (B,)."""
        heads = zip(self.heads(), logits, strict=True)
        return self._weighted([head.loss(z_BC, targets) for head, z_BC in heads])

    def floor(self, targets: Targets) -> torch.Tensor:
        """The least C_i that any logits could have (not in the paper): (B,)."""
        return self._weighted([head.floor(targets) for head in self.heads()])

    def _weighted(self, values: Sequence[torch.Tensor]) -> torch.Tensor:
        """Sum over the heads of (B,) each."""
        weights = self.head_weights or (1.0,) * self.n_heads
        return torch.stack([w * value_B for w, value_B in zip(weights, values, strict=True)]).sum(0)

    def predict(self, logits: Sequence[torch.Tensor]) -> torch.Tensor:
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


class Softmax(Activation):
    """A softmax head alone: what the sigmoid head adds (not in the paper)."""

    name = "softmax"

    def heads(self) -> tuple[Head, ...]:
        """Softmax."""
        return (SoftmaxHead(),)


class Sparsemax(Activation):
    """A sparsemax head alone: what the sigmoid head adds (not in the paper)."""

    name = "sparsemax"

    def heads(self) -> tuple[Head, ...]:
        """Sparsemax."""
        return (SparsemaxHead(),)


class SigmoidEntmax15(Activation):
    """Halfway between the paper's two structures (Peters et al., 2019; not in the paper)."""

    name = "sigmoid_entmax15"
    n_heads = 2

    def heads(self) -> tuple[Head, ...]:
        """Sigmoid and 1.5-entmax."""
        return (SigmoidHead(self.bce_reduction), Entmax15Head())


class Asymmetric(Activation):
    """One sigmoid head with the asymmetric loss (not in the paper)."""

    name = "asymmetric"
    gamma_negative: Annotated[NonNegativeFloat, OURS] = 4.0
    """How fast easy negatives lose weight."""
    gamma_positive: Annotated[NonNegativeFloat, OURS] = 1.0
    """How fast easy positives lose weight."""
    clip: Annotated[Share, OURS] = 0.05
    """Negatives under this probability weigh nothing."""

    def heads(self) -> tuple[Head, ...]:
        """Sigmoid."""
        return (AsymmetricHead(self.gamma_negative, self.gamma_positive, self.clip),)
