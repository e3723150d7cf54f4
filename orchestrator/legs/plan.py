"""From the grid's cells to the legs that train them: what is shared, what is done, what is left."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from orchestrator.files.digest import digest
from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Cell
from trainable.config import identity
from trainable.stages import Stage

NUMERICS = 2
"""Raise it when the same settings begin to give other numbers: every leg is then trained anew.

2: each stage draws its clips from a stretch of its own (trainable.sampling); a step sums in another order.
"""


@dataclass(frozen=True)
class Leg:
    """The longest run of stages that the same cells share."""

    id: str
    """16 hex digits of a hash over everything that can change its outcome."""
    parent: str | None
    level: int
    """Legs before it on its way from the root."""
    cells: tuple[Cell, ...]
    """The cells that it is a part of."""
    stages: tuple[Stage, ...]
    """From the root of the tree to the leg's end."""
    first: int
    """Index of its first own stage."""
    identity: dict[str, Any] = field(repr=False, compare=False)
    """What `id` is a hash of."""

    @cached_property
    def label(self) -> str:
        """Name for people: row, columns, seed."""
        names = list(dict.fromkeys(cell.selection for cell in self.cells))
        columns = "+".join(names) if len(names) < 3 else f"{len(names)}_columns"
        return f"{self.cells[0].activation}.{columns}.s{self.cells[0].seed}"

    @property
    def seed(self) -> int:
        """Seed of training."""
        return self.cells[0].seed

    @cached_property
    def iterations(self) -> int:
        """Iterations from the root of the tree to the leg's end."""
        return sum(stage.iterations for stage in self.stages)

    @cached_property
    def own_iterations(self) -> int:
        """Iterations that this leg adds."""
        return sum(stage.iterations for stage in self.stages[self.first :])


@dataclass(frozen=True)
class Plan:
    """All legs, parents first, and where each cell ends."""

    legs: tuple[Leg, ...]
    ends: dict[Cell, str]

    @property
    def levels(self) -> list[list[Leg]]:
        """Legs by their distance from the root."""
        deepest = max(leg.level for leg in self.legs)
        return [[leg for leg in self.legs if leg.level == level] for level in range(deepest + 1)]

    @property
    def subtrees(self) -> list[list[Leg]]:
        """Each root with everything below it, parents first."""
        trees: dict[str, list[Leg]] = {}
        root_of: dict[str, str] = {}
        for leg in self.legs:
            root_of[leg.id] = root_of[leg.parent] if leg.parent else leg.id
            trees.setdefault(root_of[leg.id], []).append(leg)
        return list(trees.values())

    def iterations(self) -> tuple[int, int]:
        """Iterations of one fold of the whole grid: with shared stems, and with every cell on its own."""
        alone = {leg.id: leg.iterations for leg in self.legs}
        return sum(leg.own_iterations for leg in self.legs), sum(alone[end] for end in self.ends.values())


def make_plan(experiment: Experiment, data_id: str) -> Plan:
    """The legs of `experiment` on data whose features, labels and folds hash to `data_id`."""
    legs: dict[str, Leg] = {}
    ends: dict[Cell, str] = {}
    stages = {name: experiment.cell(name) for name in experiment.selections}
    common = {"numerics": NUMERICS, "data": data_id, **identity(experiment)}
    for activation, structure in experiment.activations.items():
        row = common | {"activation": structure.describe()}
        for seed in experiment.seeds:
            cells = {Cell(activation, name, seed): stages[name] for name in experiment.selections}
            _grow(_Branch(row, seed), cells, 0, None, legs, ends)
    return Plan(tuple(legs.values()), ends)


@dataclass(frozen=True)
class _Branch:
    """What all legs of one row and seed have in common."""

    row: dict[str, Any]
    """What can change the outcome of any stages of the row."""
    seed: int

    def identity(self, stages: Sequence[Stage]) -> dict[str, Any]:
        """Everything that can change what these stages give."""
        return {**self.row, "stages": [stage.describe() for stage in stages], "seed": self.seed}


def _grow(
    branch: _Branch,
    cells: dict[Cell, tuple[Stage, ...]],
    first: int,
    parent: Leg | None,
    legs: dict[str, Leg],
    ends: dict[Cell, str],
) -> None:
    """Add the legs of `cells`, which agree on the stages before `first`."""
    groups: dict[str, dict[Cell, tuple[Stage, ...]]] = {}
    for cell, stages in cells.items():
        groups.setdefault(stages[first].text, {})[cell] = stages
    for group in groups.values():
        lists = list(group.values())
        last = _shared(lists, first)
        identity = branch.identity(lists[0][:last])
        leg = Leg(
            digest(identity),
            parent.id if parent else None,
            parent.level + 1 if parent else 0,
            tuple(group),
            lists[0][:last],
            first,
            identity,
        )
        leg = _merge(legs, leg)
        if last < len(lists[0]):
            _grow(branch, group, last, leg, legs, ends)
        else:
            ends.update(dict.fromkeys(group, leg.id))


def _shared(lists: Sequence[Sequence[Stage]], first: int) -> int:
    """Where these stage lists, equal up to `first` included, part or end."""
    last = first + 1
    while last < len(lists[0]) and all(_equal(stages[last], lists[0][last]) for stages in lists):
        last += 1
    return last


def _equal(one: Stage, other: Stage) -> bool:
    """Whether two stages do the same: equal names of columns do not make them so, nor different ones not."""
    return one is other or one.text == other.text


def _merge(legs: dict[str, Leg], leg: Leg) -> Leg:
    """Two rows with equal settings train the same leg: enter it once, for the cells of both."""
    known = legs.get(leg.id)
    if known:
        cells = known.cells + leg.cells
        leg = Leg(leg.id, leg.parent, leg.level, cells, leg.stages, leg.first, leg.identity)
    legs[leg.id] = leg
    return leg
