"""From the grid's cells to the legs that train them: what is shared, and what is trained together."""

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from orchestrator.files.integrity import digest
from orchestrator.files.store import Artifact
from orchestrator.settings.tree import Experiment, LegsPerRun
from orchestrator.stats.grid import Cell
from trainable.config import identity
from trainable.stages import Stage, boundaries

NUMERICS = 2
"""Raise it when the same settings begin to give other numbers: every leg is then trained anew.

2: each stage draws its clips from a stretch of its own (trainable.sampling); a step sums in another order.
"""


DOT = " · "


class Leg(Artifact):
    """The longest run of stages that the same cells share: an edge of the tree of their stage lists."""

    id: str
    """Name of its folder: 16 hex digits of a hash over everything that can change its outcome."""
    label: str
    """Name for people: row, columns, seed."""
    parent: str | None
    """Id of the leg it grows from."""
    first: int
    """Index of its first own stage."""
    iterations: int
    """Its own, without its parents'."""
    last_iteration: int
    """Iterations from the root of the tree to its end."""
    cells: tuple[Cell, ...] = Field((), exclude_if=lambda cells: not cells)
    """The cells that it is a part of; older files do not name them."""

    @property
    def seed(self) -> int:
        """Seed of training."""
        return self.cells[0].seed

    def stages(self, experiment: Experiment) -> tuple[Stage, ...]:
        """All stages from the root of the tree to the leg's end."""
        stages = experiment.cell(self.cells[0].selection)
        return stages[: boundaries(stages).index(self.last_iteration)]

    def name(self, experiment: Experiment) -> str:
        """Name in the reader's words: `sigmoid · top_k`, `sigmoid · shared stem`, `sigmoid · top_k · s0`."""
        if not self.cells:
            return self.label
        rows = dict.fromkeys(cell.activation for cell in self.cells)
        columns = list(dict.fromkeys(cell.selection for cell in self.cells))
        if len(columns) == 1:
            share = columns[0]
        elif len(columns) == len(experiment.selections):
            share = "shared stem"
        else:
            share = f"stem of {', '.join(columns)}"
        seed = [f"s{self.seed}"] if len(experiment.seeds) > 1 else []
        return DOT.join([" = ".join(rows), share, *seed])


@dataclass(frozen=True)
class Plan:
    """All legs, parents first, and where each cell ends."""

    experiment: Experiment
    legs: tuple[Leg, ...]
    ends: dict[Cell, str]
    """Of each cell the id of the leg at whose end its model is."""
    identities: dict[str, dict[str, Any]] = field(repr=False)
    """Of each leg all that can change its outcome: its id is a hash of it."""

    @property
    def levels(self) -> list[list[Leg]]:
        """Legs by their distance from the root."""
        levels: dict[int, list[Leg]] = {}
        depth: dict[str | None, int] = {None: -1}
        for leg in self.legs:
            depth[leg.id] = depth[leg.parent] + 1
            levels.setdefault(depth[leg.id], []).append(leg)
        return list(levels.values())

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
        alone = {leg.id: leg.last_iteration for leg in self.legs}
        return sum(leg.iterations for leg in self.legs), sum(alone[end] for end in self.ends.values())

    def runs(
        self, legs_per_run: LegsPerRun, todo: Collection[str], at_once: int
    ) -> list[list[tuple[Leg, ...]]]:
        """The runs of Ray Train, level by level: legs that the same workers train, parents first.

        A level begins when the one before it has ended. Of a forest only what `todo` (ids of legs) needs,
        divided by `at_once`.
        """
        if legs_per_run == "one":
            return [[(leg,) for leg in level] for level in self.levels]
        if legs_per_run == "subtree":
            return [[tuple(tree) for tree in self.subtrees]]
        return [_dealt(self.subtrees, todo, at_once)]


def _dealt(trees: Sequence[Sequence[Leg]], todo: Collection[str], at_once: int) -> list[tuple[Leg, ...]]:
    """Trees laid together to `at_once` runs of about equal length: the longest first, to the shortest."""
    left = [sum(leg.iterations for leg in tree if leg.id in todo) for tree in trees]
    needed = sorted((number for number, length in enumerate(left) if length), key=lambda n: -left[n])
    runs: list[list[int]] = [[] for _ in range(min(at_once, len(needed)))]
    shortest = [(0, run) for run in range(len(runs))]
    for number in needed:
        length, run = heapq.heappop(shortest)
        runs[run].append(number)
        heapq.heappush(shortest, (length + left[number], run))
    return [tuple(leg for number in sorted(run) for leg in trees[number]) for run in runs]


def make_plan(experiment: Experiment, data_id: str) -> Plan:
    """The legs of `experiment` on data whose features, labels and folds hash to `data_id`."""
    tree = _Tree()
    stages = {name: experiment.cell(name) for name in experiment.selections}
    common = {"numerics": NUMERICS, "data": data_id, **identity(experiment)}
    for activation, structure in experiment.activations.items():
        row = common | {"activation": structure.describe()}
        for seed in experiment.seeds:
            cells = {Cell(activation, name, seed): stages[name] for name in experiment.selections}
            tree.grow(row | {"seed": seed}, cells, 0, None)
    return Plan(experiment, tuple(tree.legs.values()), tree.ends, tree.identities)


@dataclass(frozen=True)
class _Tree:
    """The legs of a plan while they are being found."""

    legs: dict[str, Leg] = field(default_factory=dict)
    ends: dict[Cell, str] = field(default_factory=dict)
    identities: dict[str, dict[str, Any]] = field(default_factory=dict)

    def grow(
        self, row: dict[str, Any], cells: Mapping[Cell, Sequence[Stage]], first: int, parent: str | None
    ) -> None:
        """Add the legs of `cells`, which agree on `row` and on the stages before `first`."""
        groups: dict[str, dict[Cell, Sequence[Stage]]] = {}
        for cell, stages in cells.items():
            groups.setdefault(stages[first].text, {})[cell] = stages
        for group in groups.values():
            lists = list(group.values())
            end = _shared(lists, first)
            leg = self._add(row, tuple(group), lists[0][:end], first, parent)
            if end < len(lists[0]):
                self.grow(row, group, end, leg)
            else:
                self.ends.update(dict.fromkeys(group, leg))

    def _add(
        self,
        row: dict[str, Any],
        cells: tuple[Cell, ...],
        stages: Sequence[Stage],
        first: int,
        parent: str | None,
    ) -> str:
        """Enter a leg; two rows with equal settings train the same one: it is entered once, for both."""
        whole = row | {"stages": [stage.describe() for stage in stages]}
        leg_id = digest(whole)
        if leg_id in self.legs:
            cells = self.legs[leg_id].cells + cells
        self.legs[leg_id] = Leg(
            id=leg_id,
            label=_label(cells),
            parent=parent,
            first=first,
            iterations=sum(stage.iterations for stage in stages[first:]),
            last_iteration=sum(stage.iterations for stage in stages),
            cells=cells,
        )
        self.identities[leg_id] = whole
        return leg_id


def _label(cells: Sequence[Cell]) -> str:
    names = list(dict.fromkeys(cell.selection for cell in cells))
    columns = "+".join(names) if len(names) < 3 else f"{len(names)}_columns"
    return f"{cells[0].activation}.{columns}.s{cells[0].seed}"


def _shared(lists: Sequence[Sequence[Stage]], first: int) -> int:
    """Where these stage lists, equal up to `first` included, part or end.

    Equal names of columns do not make stages equal, nor different names different: what they do counts.
    """
    end = first + 1
    while end < len(lists[0]) and len({stages[end].text for stages in lists}) == 1:
        end += 1
    return end
