"""Sweep axis 2: what a stage does with its unverified clips. Losses in, a mask out, some state in between.

Shapes: B clips of one batch, C classes, k highest losses.

To add a mechanism, subclass `Selection`, give it a name and a `select`; one that changes the loss itself also
overrides `loss`, and is a `KeepAll` if it masks nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal, TypeAlias

import numpy as np
import torch
from pydantic import Field, PositiveInt

from trainable import device, mixture
from trainable.activations import Activation, Targets
from trainable.config import OURS, PAPER, Decay, Mechanism, Share

SelectionState: TypeAlias = "dict[str, torch.Tensor]"


@dataclass(frozen=True)
class Losses:
    """A batch as a mechanism sees it: no gradient flows."""

    loss_B: torch.Tensor
    """C_i of eq. 1, or what `Selection.judged` makes of it."""
    verified_B: torch.Tensor
    """V_i of eq. 1, as bool."""
    clips_B: torch.Tensor
    """Which clip each one is, below `n_clips`."""
    n_clips: int
    """Clips of the whole data set."""
    rng: np.random.Generator
    """This iteration's random numbers."""


@dataclass(frozen=True)
class Decision:
    """What a mechanism makes of one batch."""

    keep_B: torch.Tensor
    """1 where a clip's loss counts, 0 where it is masked."""
    state: SelectionState = field(default_factory=dict)
    """What the next iteration needs; part of every checkpoint."""
    eta: torch.Tensor | None = None
    """The updatable threshold, where the mechanism has one."""
    ranked: torch.Tensor | None = None
    """T_t, the k-th highest loss among the unverified clips, where the mechanism ranks."""


class Selection(Mechanism):
    """A selection mechanism; its state begins empty in every stage that has unverified clips."""

    uses_unverified: ClassVar[bool] = True
    """False: the stage trains on verified clips alone."""

    def check(self, unverified: int) -> None:
        """Raise a ValueError for settings that make no sense with this many unverified clips in a batch."""

    def loss(
        self,
        activation: Activation,
        logits: Sequence[torch.Tensor],
        targets: Targets,
        verified_B: torch.Tensor,
    ) -> torch.Tensor:
        """C_i of eq. 1: (B,)."""
        return activation.loss(logits, targets)

    def judged(self, loss_B: torch.Tensor, activation: Activation, targets: Targets) -> torch.Tensor:
        """What `select` compares clips by, from their losses C_i: (B,). What is learned from stays C_i."""
        return loss_B

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Which clips of a batch count, by their losses."""
        raise NotImplementedError


class KeepAll(Selection):
    """No filter: does any masking help? (not in the paper)"""

    name = "keep_all"

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Every clip counts."""
        return Decision(torch.ones_like(losses.loss_B), state)


class VerifiedOnly(KeepAll):
    """The paper's first column: the same stages, all on verified clips."""

    name = "verified_only"
    uses_unverified = False


class _Ranking(Selection):
    """Mechanisms that rank the unverified clips by their loss."""

    k: Annotated[PositiveInt, PAPER] = 10
    """Rank of the loss T_t among the unverified clips of a batch."""

    def check(self, unverified: int) -> None:
        """k must leave clips to learn from."""
        if self.k >= unverified:
            raise ValueError(
                f"{self.name}: k = {self.k} masks all {unverified} unverified clips of a batch: lower k"
            )

    def _highest(self, losses: Losses) -> tuple[torch.Tensor, torch.Tensor]:
        """The k highest losses of unverified clips (where fewer are, -inf), and their places: (k,), (k,)."""
        ranked_B = losses.loss_B.masked_fill(losses.verified_B, -torch.inf)
        return ranked_B.topk(min(self.k, len(ranked_B)))

    def _mask_highest(self, losses: Losses) -> tuple[torch.Tensor, torch.Tensor]:
        """A mask over the k highest, or over all unverified where those are fewer; the k-th loss."""
        values_k, places_k = self._highest(losses)
        spared_k = (values_k == -torch.inf).to(losses.loss_B.dtype)
        return torch.ones_like(losses.loss_B).scatter(0, places_k, spared_k), values_k[-1]


class ByLoss(_Ranking):
    """Mechanisms that mask the highest losses, or the highest of what is made of them.

    A clip with several labels has a higher loss than one with a single label when both are right: it is
    masked more often. The two other measures take from the loss what is due to the number of labels (not in
    the paper).
    """

    rank_by: Annotated[Literal["loss", "per_label", "excess"], PAPER] = "loss"
    """What clips are compared by: their loss; the loss per label of the (mixed) target; or its excess over
    the least loss that the target allows, its entropy."""

    def judged(self, loss_B: torch.Tensor, activation: Activation, targets: Targets) -> torch.Tensor:
        """C_i, C_i / (labels), or C_i - floor: (B,)."""
        if self.rank_by == "per_label":
            return loss_B / targets.y_BC.sum(1)
        return loss_B - activation.floor(targets) if self.rank_by == "excess" else loss_B


class TopK(ByLoss):
    """Drop the k highest losses among the unverified clips (reference [9], section 3.1)."""

    name = "top_k"

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Mask exactly k clips, or all that are unverified where those are fewer."""
        keep_B, ranked = self._mask_highest(losses)
        return Decision(keep_B, ranked=ranked)


class Threshold(ByLoss):
    """Drop losses over an updatable threshold eta, a running mean of T_t (eq. 1-3)."""

    name = "threshold"
    alpha: Annotated[Decay, PAPER] = 0.9
    """Smoothing of eta."""
    mask_target: Annotated[Literal["unverified", "verified"], OURS] = "unverified"
    """Whose losses eta masks. The text says unverified; eq. 1 as printed masks the verified clips."""

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Update eta from this batch, then mask what is strictly over it; the first T_t starts eta."""
        ranked = self._highest(losses)[0][-1]
        before = state.get("eta", ranked)
        before = torch.where(before.isinf(), ranked, before)  # -inf: fewer than k unverified clips, no update
        # lerp is exact where both are equal: the first eta is T_t, so the clip at rank k is not over it.
        eta = torch.where(ranked.isinf(), before, torch.lerp(ranked, before, self.alpha))
        judged_B = ~losses.verified_B if self.mask_target == "unverified" else losses.verified_B
        over_B = (losses.loss_B > eta) & eta.isfinite()  # without any eta yet nothing is over it
        keep_B = 1 - (over_B & judged_B).to(losses.loss_B.dtype)
        return Decision(keep_B, {"eta": eta}, eta, ranked)


class RandomK(_Ranking):
    """Drop k unverified clips at random: the control for `top_k` (not in the paper)."""

    name = "random_k"

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Mask exactly k clips, whatever their losses."""
        drawn_B = device.send(losses.rng.random(len(losses.loss_B)), losses.loss_B.device)
        return Decision(self._mask_highest(replace(losses, loss_B=drawn_B.to(losses.loss_B)))[0])


class MaxOutlier(Selection):
    """Drop unverified clips near the batch's highest loss (the paper's reference [8])."""

    name = "max_outlier"
    share: Annotated[Share, OURS] = 0.8
    """Of the highest loss among the unverified clips: what is over it is dropped."""

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Mask every unverified loss over the share."""
        unverified_B = ~losses.verified_B
        limit = self.share * losses.loss_B.masked_fill(losses.verified_B, -torch.inf).amax()
        keep_B = 1 - ((losses.loss_B > limit) & unverified_B).to(losses.loss_B.dtype)
        return Decision(keep_B, eta=limit)


class Bootstrap(KeepAll):
    """Soft bootstrapping (Reed et al., 2015): believe unverified labels only in part (not in the paper)."""

    name = "bootstrap"
    beta: Annotated[Share, OURS] = 0.7
    """Share of the label in an unverified clip's target; the rest is the model's own prediction."""

    def loss(
        self,
        activation: Activation,
        logits: Sequence[torch.Tensor],
        targets: Targets,
        verified_B: torch.Tensor,
    ) -> torch.Tensor:
        """C_i against the mixed targets of unverified clips: (B,)."""
        own_BC = activation.predict(logits).detach()
        own_q_BC = own_BC / own_BC.sum(1, keepdim=True).clamp_min(1e-7)
        trust_B1 = torch.where(verified_B, 1.0, self.beta)[:, None].to(targets.y_BC)
        mixed = Targets(
            torch.lerp(own_BC, targets.y_BC, trust_B1), torch.lerp(own_q_BC, targets.q_BC, trust_B1)
        )
        return activation.loss(logits, mixed)


class Lq(KeepAll):
    """Lq loss (Zhang and Sabuncu, 2018) on unverified clips: a clip of high loss pulls little.

    With exp(-C_i) as the likelihood of a clip's labels, its loss is (1 - exp(-q C_i)) / q (not in the paper).
    """

    name = "lq"
    q: Annotated[float, OURS, Field(gt=0, le=1)] = 0.7
    """0: cross-entropy; 1: mean absolute error."""

    def loss(
        self,
        activation: Activation,
        logits: Sequence[torch.Tensor],
        targets: Targets,
        verified_B: torch.Tensor,
    ) -> torch.Tensor:
        """C_i, bent for unverified clips: (B,)."""
        loss_B = activation.loss(logits, targets)
        return torch.where(verified_B, loss_B, -torch.expm1(-self.q * loss_B) / self.q)


class Gmm(Selection):
    """Two Gaussians over the clips' running losses: the lower one is trusted (not in the paper)."""

    name = "gmm"
    momentum: Annotated[Share, OURS] = 0.7
    """Weight of the past in a clip's running loss."""
    certainty: Annotated[Share, OURS] = 0.5
    """Least probability of the lower Gaussian at which a clip counts."""
    steps: Annotated[PositiveInt, OURS] = 10
    """Steps of expectation-maximisation in an iteration."""

    def select(self, losses: Losses, state: SelectionState) -> Decision:
        """Update the running losses, fit the mixture to all clips seen, mask the upper one's clips."""
        running = state.get("running", losses.loss_B.new_full((losses.n_clips,), torch.nan)).clone()
        before_B = running[losses.clips_B]
        after_B = torch.where(
            before_B.isfinite(), torch.lerp(losses.loss_B, before_B, self.momentum), losses.loss_B
        )
        running[losses.clips_B] = torch.where(losses.verified_B, before_B, after_B)
        trusted_B = mixture.lower_probability(running, after_B, self.steps) >= self.certainty
        return Decision((trusted_B | losses.verified_B).to(losses.loss_B.dtype), {"running": running})
