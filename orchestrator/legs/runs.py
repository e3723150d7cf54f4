"""Which legs are one run of Ray Train, and which runs have to be over before others begin."""

import heapq
from collections.abc import Collection, Sequence

from orchestrator.legs.plan import Leg, Plan
from orchestrator.settings.tree import LegsPerRun

Run = tuple[Leg, ...]
"""Legs that the same workers train one after another, parents first."""


def levels_of_runs(
    plan: Plan, legs_per_run: LegsPerRun, todo: Collection[str], at_once: int
) -> list[list[Run]]:
    """The runs of each level; of a forest only what `todo` (ids of legs) needs, divided by `at_once`."""
    if legs_per_run == "one":
        return [[(leg,) for leg in level] for level in plan.levels]
    if legs_per_run == "subtree":
        return [[tuple(tree) for tree in plan.subtrees]]
    return [_dealt(plan.subtrees, todo, at_once)]


def _dealt(trees: Sequence[Sequence[Leg]], todo: Collection[str], at_once: int) -> list[Run]:
    """Trees laid together to `at_once` runs of about equal length: the longest first, to the shortest."""
    left = [sum(leg.own_iterations for leg in tree if leg.id in todo) for tree in trees]
    needed = sorted((number for number, length in enumerate(left) if length), key=lambda n: -left[n])
    runs: list[list[int]] = [[] for _ in range(min(at_once, len(needed)))]
    shortest = [(0, place) for place in range(len(runs))]
    for number in needed:
        length, place = heapq.heappop(shortest)
        runs[place].append(number)
        heapq.heappush(shortest, (length + left[number], place))
    return [tuple(leg for number in sorted(run) for leg in trees[number]) for run in runs]
