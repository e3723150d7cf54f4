"""A cell is a list of stages: spans of iterations, each with its own kind of batches (section 3.1)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import accumulate
from typing import Annotated

from pydantic import PositiveFloat, PositiveInt

from trainable.config import OURS, PAPER, Settings, Share
from trainable.selection import Selection


class StageSettings(Settings):
    """A stage as a configuration gives it, before a column of the grid fills in its selection."""

    iterations: Annotated[PositiveInt, PAPER]
    """Batches in this stage."""
    unverified: Annotated[Share, PAPER] = 0.0
    """Share of every batch that is drawn from the unverified clips."""
    learning_rate: Annotated[PositiveFloat | None, OURS] = None
    """Step size in this stage; null: the optimizer's."""


@dataclass(frozen=True)
class Stage:
    """A stage of one cell: nothing is left open."""

    iterations: int
    unverified: float
    learning_rate: float
    selection: Selection | None
    """What happens to unverified clips; None where there are none."""

    def describe(self) -> dict[str, object]:
        """All that the stage does, as it enters the identity of a trained model."""
        return dict(self._description)

    @cached_property
    def text(self) -> str:
        """The same as JSON, to be compared."""
        return json.dumps(self._description)

    @cached_property
    def _description(self) -> dict[str, object]:
        """Made once: a grid asks each of its stages thousands of times."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        return plain | {"selection": self.selection.describe() if self.selection else None}


def cell_stages(
    stages: Sequence[StageSettings], selection: Selection, learning_rate: float
) -> tuple[Stage, ...]:
    """The stages of a cell in this column; without unverified clips a stage keeps its iterations."""

    def fill(stage: StageSettings) -> Stage:
        unverified = stage.unverified if selection.uses_unverified else 0.0
        rate = stage.learning_rate or learning_rate
        return Stage(stage.iterations, unverified, rate, selection if unverified else None)

    return tuple(map(fill, stages))


def boundaries(stages: Sequence[Stage]) -> list[int]:
    """First iteration of each stage, counted from 0, and after them the number of all iterations."""
    return list(accumulate((stage.iterations for stage in stages), initial=0))
