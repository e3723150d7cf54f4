"""From the grid's cells to the legs that train them: what is shared, what is done, what is left."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from orchestrator.experiment.settings import Experiment
from orchestrator.storage.store import Store
from trainable.stages import Stage

NUMERICS = 1
"""Raise it when the same settings begin to give other numbers: every leg is then trained anew."""

Status = Literal["done", "continue", "new"]


@dataclass(frozen=True)
class Cell:
    """An entry of the grid."""

    activation: str
    """Row."""
    selection: str
    """Column."""
    seed: int


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

    @property
    def label(self) -> str:
        """Name for people: row, columns, seed."""
        names = list(dict.fromkeys(cell.selection for cell in self.cells))
        columns = "+".join(names) if len(names) < 3 else f"{len(names)}_columns"
        return f"{self.cells[0].activation}.{columns}.s{self.cells[0].seed}"

    @property
    def seed(self) -> int:
        """Seed of training."""
        return self.cells[0].seed

    @property
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
        alone = {leg.id: sum(stage.iterations for stage in leg.stages) for leg in self.legs}
        return sum(leg.own_iterations for leg in self.legs), sum(alone[end] for end in self.ends.values())


def make_plan(experiment: Experiment, data_id: str) -> Plan:
    """The legs of `experiment` on data whose features, labels and folds hash to `data_id`."""
    legs: dict[str, Leg] = {}
    ends: dict[Cell, str] = {}
    for activation in experiment.activations:
        for seed in experiment.seeds:
            cells = {Cell(activation, name, seed): experiment.cell(name) for name in experiment.selections}
            _grow(_Branch(experiment, data_id, activation, seed), cells, 0, None, legs, ends)
    return Plan(tuple(legs.values()), ends)


@dataclass(frozen=True)
class _Branch:
    """What all legs of one row and seed have in common."""

    experiment: Experiment
    data_id: str
    activation: str
    seed: int

    def identity(self, stages: Sequence[Stage]) -> dict[str, Any]:
        """Everything that can change what these stages give."""
        recipe = self.experiment.model_dump(
            mode="json", include={"model", "optimizer", "augment", "batches", "schedule", "compute"}
        )
        del recipe["schedule"]["checkpoint_every"]
        return {
            "numerics": NUMERICS,
            "data": self.data_id,
            "folds": self.experiment.folds,
            "threads": self.experiment.resources.threads_per_fold,
            **recipe,
            "activation": self.experiment.activations[self.activation].describe(),
            "stages": [stage.describe() for stage in stages],
            "seed": self.seed,
        }


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
        groups.setdefault(json.dumps(stages[first].describe()), {})[cell] = stages
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
    while last < len(lists[0]) and len({json.dumps(stages[last].describe()) for stages in lists}) == 1:
        last += 1
    return last


def _merge(legs: dict[str, Leg], leg: Leg) -> Leg:
    """Two rows with equal settings train the same leg: enter it once, for the cells of both."""
    known = legs.get(leg.id)
    if known:
        cells = known.cells + leg.cells
        leg = Leg(leg.id, leg.parent, leg.level, cells, leg.stages, leg.first, leg.identity)
    legs[leg.id] = leg
    return leg


def digest(content: object) -> str:
    """16 hex digits that name `content` (anything that JSON can say)."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def status(leg: Leg, folder: Store) -> Status:
    """How far `leg` is by the files in its folder."""
    if is_done(folder):
        return "done"
    started = any((folder / fold).exists("state.pt") for fold in folder.names() if fold.startswith("fold-"))
    return "continue" if started else "new"


def is_done(folder: Store) -> bool:
    """Whether the leg in this folder is trained: its result, written last, is there and whole."""
    if not folder.exists("result.json"):
        return False
    try:
        folder.read_json("result.json")
    except ValueError:
        return False
    return True


def stale(plan: Plan, legs: Store) -> dict[str, str]:
    """Legs on disk that no cell of the plan needs, and how each differs from the most similar one that is."""
    known = {leg.id for leg in plan.legs}
    strangers = [name for name in legs.names() if name not in known and (legs / name).exists("leg.json")]
    return {name: _reason(plan, (legs / name).read_json("leg.json")["identity"]) for name in strangers}


def _reason(plan: Plan, identity: dict[str, Any]) -> str:
    """The settings in which `identity` differs from the leg of the plan that is most like it."""
    differences: list[list[str]] = [_differing(identity, leg.identity) for leg in plan.legs]
    nearest = min(map(list, differences), key=len)
    return ", ".join(nearest) + " changed"


def _differing(one: Any, other: Any, prefix: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = dict.fromkeys([*one, *other])
        return [d for key in keys for d in _differing(one.get(key), other.get(key), f"{prefix}{key}.")]
    return [] if one == other else [prefix.rstrip(".")]
