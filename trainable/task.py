"""What training one fold takes, what it gives, and where it runs.

Shapes: N clips of the data set, C classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from trainable.activations import Activation
from trainable.arrays import Ints, Labels, Scores
from trainable.bank import Bank
from trainable.config import TrainingSettings
from trainable.record import Record
from trainable.sampling import Draw, TrainingClips
from trainable.stages import Stage, boundaries

Checkpoint = dict[str, Any]
"""All that a fold needs to go on: tensors, numbers and dicts of them, so that it loads with weights_only."""


@dataclass(frozen=True)
class Task:
    """What decides a fold's outcome besides the data."""

    settings: TrainingSettings
    """What all cells of the grid have in common."""
    activation: Activation
    stages: tuple[Stage, ...]
    """From the first stage of the cell to the last one to train now."""
    seed: int
    fold: int

    def draw(self, iteration: int) -> Draw:
        """Random numbers of one iteration of this fold."""
        begun = [first for first in boundaries(self.stages)[:-1] if first <= iteration]
        return Draw(self.seed, self.fold, iteration, begun[-1])


@dataclass(frozen=True)
class FoldData:
    """Features and labels as this fold sees them; clips are rows of the bank."""

    bank: Bank
    targets_NC: Labels
    training: TrainingClips
    validation: Ints
    test: Ints


@dataclass(frozen=True)
class Prediction:
    """Scores at the end of a stage."""

    validation: Scores
    test: Scores


@dataclass(frozen=True)
class Outcome:
    """What a trained fold leaves; `state` is where a branch of the tree goes on."""

    record: Record
    predictions: list[Prediction]
    """One for each stage."""
    unverified: Scores | None
    """The final model's scores of all unverified clips, where a selection has judged any."""
    weights: dict[str, torch.Tensor]
    """Those that made the last prediction."""
    state: Checkpoint


class Worker(Protocol):
    """Where a fold runs: what the loop asks of its surroundings."""

    def states(self) -> Iterator[Checkpoint]:
        """What training can go on from, the best first: the loop takes the first one that fits, and asks for
        the next one where it does not. None at all: it begins at the first stage."""

    def checkpoint(self, state: Checkpoint) -> None:
        """Keep `state`; the loop waits."""

    def tick(self, iteration: int, curves: torch.Tensor) -> None:
        """`iteration` iterations are done; `curves` are their rows, on the device. Must be quick."""

    def scored(self, done: int, total: int) -> None:
        """`done` of the `total` clips that are scored now have their scores. Must be quick."""
