"""Sweep axis 2: what a stage does with its unverified clips. Losses in, a mask out, some state in between.

Shapes: B clips of one batch. To add a mechanism, subclass `Selection`, give it a name and a `select`;
one that changes the loss itself overrides `loss`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar, Literal

import numpy as np
import torch
from pydantic import Field, PositiveInt
from torch import Tensor

from trainable.activations import Activation, Targets
from trainable.config import OURS, PAPER, Mechanism

State = dict[str, Tensor]


@dataclass(frozen=True)
class Losses:
    """A batch as a mechanism sees it: no gradient flows."""

    loss_B: Tensor
    """C_i of eq. 1."""
    verified_B: Tensor
    """V_i of eq. 1, as bool."""
    clips_B: Tensor
    """Which clip each one is, below `n_clips`."""
    n_clips: int
    """Clips of the whole data set."""
    rng: np.random.Generator
    """This iteration's random numbers."""


@dataclass(frozen=True)
class Decision:
    """What a mechanism makes of one batch."""

    keep_B: Tensor
    """1 where a clip's loss counts, 0 where it is masked."""
    state: State = field(default_factory=dict)
    """What the next iteration needs; part of every checkpoint."""
    eta: Tensor | None = None
    """The updatable threshold, where the mechanism has one."""
    ranked: Tensor | None = None
    """T_t, the k-th highest loss among the unverified clips, where the mechanism ranks."""


class Selection(Mechanism):
    """A selection mechanism; its state begins empty in every stage that has unverified clips."""

    uses_unverified: ClassVar[bool] = True
    """False: the stage trains on verified clips alone."""

    def check(self, unverified: int) -> None:
        """Refuse settings that make no sense with this many unverified clips in a batch.

        Raises:
            ValueError: says which setting and why.
        """

    def loss(
        self, activation: Activation, logits: Sequence[Tensor], targets: Targets, verified_B: Tensor
    ) -> Tensor:
        """C_i of eq. 1: (B,)."""
        return activation.loss(logits, targets)

    def select(self, losses: Losses, state: State) -> Decision:
        """Judge a batch by its clips' losses; without an override every clip counts."""
        return Decision(torch.ones_like(losses.loss_B), state)


class VerifiedOnly(Selection):
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

    def _highest(self, losses: Losses) -> tuple[Tensor, Tensor]:
        """The k highest losses among the unverified clips, and their places: (k,) and (k,)."""
        values_k, places_k = losses.loss_B.masked_fill(losses.verified_B, -torch.inf).topk(self.k)
        return values_k, places_k


class TopK(_Ranking):
    """Drop the k highest losses among the unverified clips (reference [9], section 3.1)."""

    name = "top_k"

    def select(self, losses: Losses, state: State) -> Decision:
        """Mask exactly k clips."""
        values_k, places_k = self._highest(losses)
        keep_B = torch.ones_like(losses.loss_B)
        keep_B[places_k] = 0
        return Decision(keep_B, ranked=values_k[-1])


class Threshold(_Ranking):
    """Drop losses over an updatable threshold eta, a running mean of T_t (eq. 1-3)."""

    name = "threshold"
    alpha: Annotated[float, PAPER, Field(ge=0, lt=1)] = 0.9
    """Smoothing of eta."""
    mask_target: Annotated[Literal["unverified", "verified"], OURS] = "unverified"
    """Whose losses eta masks. The text says unverified; eq. 1 as printed masks the verified clips."""

    def select(self, losses: Losses, state: State) -> Decision:
        """Update eta from this batch, then mask what is strictly over it; the first T_t starts eta."""
        ranked = self._highest(losses)[0][-1]
        before = state.get("eta", ranked)
        # -inf says that fewer than k unverified clips are here: no update in this iteration.
        # lerp is exact where both are equal: the first eta is T_t, so the clip at rank k is not over it.
        eta = torch.where(ranked.isinf(), before, torch.lerp(ranked, before, self.alpha))
        judged_B = ~losses.verified_B if self.mask_target == "unverified" else losses.verified_B
        keep_B = 1 - ((losses.loss_B > eta) & judged_B).to(losses.loss_B.dtype)
        return Decision(keep_B, {"eta": eta}, eta, ranked)
