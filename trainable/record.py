"""What training leaves behind besides weights: one row of numbers an iteration, one a judged clip.

Everything is a tensor made at the start and filled in place, so that recording never waits for the device.

Shapes: B clips of a batch, U of them unverified.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import torch

from trainable.selection import Decision
from trainable.stages import Stage, boundaries


class Curve(IntEnum):
    """Columns of the curves, one value an iteration; NaN: no value."""

    LOSS = 0
    """Batch loss (eq. 1)."""
    ETA = 1
    """Updatable threshold (eq. 2)."""
    T = 2
    """Ranked loss T_t (eq. 2); both in the measure that the selection ranks by."""
    KEPT = 3
    """Share of the batch's unverified clips whose loss counts."""
    FSCORE = 4
    """Micro F-score of the validation clips, at evaluations."""
    LWLRAP = 5
    """lwlrap of the validation clips, at evaluations."""


CURVES = ("loss", "eta", "T", "kept", "fscore", "lwlrap")
"""Their names in files, in the same order."""


def unverified_clips(stage: Stage, batch: int) -> int:
    """How many clips of a batch are unverified in this stage."""
    return round(stage.unverified * batch)


@dataclass
class Record:
    """Curves (iterations, len(CURVES)) and judgements of unverified clips (rows in order of time)."""

    curves: torch.Tensor
    clip: torch.Tensor
    """Row of the feature bank, int32."""
    loss: torch.Tensor
    """C_i, float32."""
    keep: torch.Tensor
    """The mask's weight, float32."""
    first_row: list[int]
    """First judgement of each stage, and after them the number of all."""

    @classmethod
    def empty(cls, stages: Sequence[Stage], batch: int, device: torch.device) -> Record:
        """Room for all iterations of these stages."""
        rows = [stage.iterations * unverified_clips(stage, batch) for stage in stages]
        curves = torch.full((boundaries(stages)[-1], len(CURVES)), torch.nan, device=device)
        clip = torch.zeros(sum(rows), dtype=torch.int32)
        loss, keep = (torch.zeros(sum(rows), device=device) for _ in range(2))
        return cls(curves, clip, loss, keep, [0, *np.cumsum(rows).tolist()])

    def note(self, iteration: int, loss: torch.Tensor, decision: Decision) -> None:
        """This iteration's loss (eq. 1) and its selection's threshold."""
        row = self.curves[iteration]
        row[Curve.LOSS] = loss.detach()
        for column, value in ((Curve.ETA, decision.eta), (Curve.T, decision.ranked)):
            if value is not None:
                row[column] = value

    def judge(
        self,
        iteration: int,
        within: int,
        stage: int,
        unverified_U: torch.Tensor,
        loss_B: torch.Tensor,
        keep_B: torch.Tensor,
    ) -> None:
        """The `within`-th iteration of a stage judged these clips (int32), which come last in its batch."""
        count = len(unverified_U)
        if not count:
            return
        place = slice(self.first_row[stage] + within * count, self.first_row[stage] + (within + 1) * count)
        self.clip[place] = unverified_U
        self.loss[place] = loss_B[-count:].detach()  # or the record would hold every iteration's graph
        self.keep[place] = keep_B[-count:]
        self.curves[iteration, Curve.KEPT] = keep_B[-count:].mean()

    def state(self, iteration: int, ends: Sequence[int]) -> dict[str, torch.Tensor]:
        """Copies of what is filled after `iteration` iterations, with the stages' boundaries `ends`."""
        rows = round(np.interp(iteration, ends, self.first_row))  # every stage judges evenly
        return {
            "curves": self.curves[:iteration].clone(),
            "clip": self.clip[:rows].clone(),
            "loss": self.loss[:rows].clone(),
            "keep": self.keep[:rows].clone(),
        }

    def load(self, state: dict[str, torch.Tensor]) -> None:
        """Fill in what an earlier part of the run recorded."""
        for name, value in state.items():
            getattr(self, name)[: len(value)] = value
