"""The plan for people: a tree of legs, and what the grid costs on clusters of any size."""

from collections.abc import Collection, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from orchestrator.artifacts.folders import WorkLeft
from orchestrator.monitoring.plan_preview import Preview
from orchestrator.monitoring.stale_legs import stale_line
from orchestrator.monitoring.status import clock
from orchestrator.plan.forecast import Forecast, Speed, forecast, shared_levels, unshared_levels
from orchestrator.plan.legs import Leg, Plan

STYLES: dict[WorkLeft, str] = {"done": "green", "continue": "yellow", "new": "cyan"}


def plan_tree(preview: Preview) -> RenderableType:
    """The tree of legs with their states, iterations of one fold, and what is stale and why."""
    plan = preview.plan
    shared, alone = plan.iterations()
    tree = Tree(f"{len(plan.ends)} cells from {len(plan.legs)} legs")
    branches: dict[str, Tree] = {}
    for leg in plan.legs:
        parent = branches[leg.parent] if leg.parent else tree
        branches[leg.id] = parent.add(_leg_line(leg, preview.work_left[leg.id]))
    saved = f"{shared} iterations in each fold; without shared stems {alone} ({1 - shared / alone:.0%} saved)"
    lines = [Text(line, style="dim")] if (line := stale_line(preview.stale)) else []
    return Group(tree, *lines, Text(saved))


def _leg_line(leg: Leg, state: WorkLeft) -> Text:
    stages = len(leg.stages) - leg.first
    span = f"stage {leg.first + 1}" if stages == 1 else f"stages {leg.first + 1}-{len(leg.stages)}"
    line = Text(f"{leg.label}: {span}, {leg.own_iterations} iterations, ")
    return line.append(state, STYLES[state]).append(f" [{leg.id}]", "dim")


def cost_table(
    plan: Plan, todo: Collection[str], folds: int, subtree: bool, speed: Speed, devices: Sequence[int]
) -> Table:
    """Time, device-hours and efficiency of what is left, with and without shared stems."""
    title = (
        f"{speed.iterations_per_second:.3g} it/s on a device, "
        f"{speed.start_seconds:.0f} s for the start and end of a run"
    )
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("devices", "time", "device-hours", "efficiency", "unshared", "device-hours", "efficiency"):
        table.add_column(name, justify="right")
    for count in devices:
        shared = forecast(shared_levels(plan, todo, subtree), folds, count, speed)
        alone = forecast(unshared_levels(plan), folds, count, speed)
        table.add_row(str(count), *_figures(shared), *_figures(alone))
    return table


def _figures(found: Forecast) -> tuple[str, str, str]:
    return clock(found.seconds), f"{found.device_hours:.2f}", f"{found.efficiency:.0%}"
