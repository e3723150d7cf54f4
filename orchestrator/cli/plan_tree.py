"""The plan for people: a tree of legs, and what the grid costs on clusters of any size."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.segment import Segment
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from orchestrator.cli.plan_preview import Preview
from orchestrator.files.printable import clock
from orchestrator.legs.folders import WorkLeft
from orchestrator.legs.forecast import Forecast, Speed, forecast, runs_at_once, shared_levels, unshared_levels
from orchestrator.legs.plan import Leg, Plan
from orchestrator.settings.tree import LegsPerRun
from orchestrator.watch.status_table import stale_line

STYLES: dict[WorkLeft, str] = {"done": "green", "continue": "yellow", "new": "cyan"}


def plan_tree(preview: Preview) -> RenderableType:
    """The tree of legs with their states, iterations of one fold, and what is stale and why."""
    plan = preview.plan
    shared, alone = plan.iterations()
    saved = f"{shared} iterations in each fold; without shared stems {alone} ({1 - shared / alone:.0%} saved)"
    lines = [Text(line, style="dim")] if (line := stale_line(preview.stale)) else []
    return Group(_LegTree(preview), *lines, Text(saved))


Spans = tuple[tuple[str, str], ...]
"""Pieces of a line with their styles."""


@dataclass(frozen=True)
class _LegTree:
    """Looks as rich's Tree does; that one lays out each line on its own, a second for 3000."""

    preview: Preview

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        plan, states = self.preview.plan, self.preview.work_left
        yield Text(f"{len(plan.ends)} cells from {len(plan.legs)} legs")
        guides = Tree.ASCII_GUIDES if options.ascii_only else Tree.TREE_GUIDES[0]
        for before, below, leg in _placed(plan, guides):
            spans = _leg_line(leg, len(leg.stages(plan.experiment)), states[leg.id])
            if len(before) + sum(len(text) for text, _ in spans) <= options.max_width:
                yield from (Segment(text, console.get_style(style)) for text, style in ((before, ""), *spans))
                yield Segment.line()
            else:
                yield from _folded(console, options, (before, below), spans)


def _placed(plan: Plan, guides: Sequence[str]) -> Iterator[tuple[str, str, Leg]]:
    """Legs in the order of the tree, each with what stands before its first line and before further ones."""
    space, on, fork, end = guides
    children: dict[str | None, list[Leg]] = {}
    for leg in plan.legs:
        children.setdefault(leg.parent, []).append(leg)

    def below(parent: str | None, indent: str) -> Iterator[tuple[str, str, Leg]]:
        legs = children.get(parent, [])
        for leg in legs:
            first, further = (end, space) if leg is legs[-1] else (fork, on)
            yield indent + first, indent + further, leg
            yield from below(leg.id, indent + further)

    return below(None, "")


def _folded(
    console: Console, options: ConsoleOptions, guides: tuple[str, str], spans: Spans
) -> Iterator[Segment]:
    """A line that is too long for the terminal, as several."""
    before, below = guides
    room = options.update(width=max(1, options.max_width - len(before)), height=None)
    for number, line in enumerate(console.render_lines(Text.assemble(*spans), room, pad=False)):
        yield from (Segment(below if number else before), *line, Segment.line())


def _leg_line(leg: Leg, last: int, state: WorkLeft) -> Spans:
    stages = last - leg.first
    span = f"stage {leg.first + 1}" if stages == 1 else f"stages {leg.first + 1}-{last}"
    text = f"{leg.label}: {span}, {leg.iterations} iterations, "
    return (text, ""), (state, STYLES[state]), (f" [{leg.id}]", "dim")


def cost_table(
    plan: Plan,
    todo: Collection[str],
    folds: int,
    legs_per_run: LegsPerRun,
    speed: Speed,
    devices: Sequence[int],
) -> Table:
    """Time, device-hours and efficiency of what is left, with and without shared stems."""
    title = (
        f"{speed.iterations_per_second:.3g} it/s on a device, "
        f"{speed.start_seconds:.0f} s for the start and end of a run"
    )
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("devices", "time", "device-hours", "efficiency", "unshared", "device-hours", "efficiency"):
        table.add_column(name, justify="right")
    every_cell = unshared_levels(plan)
    for count in devices:
        kinds = (shared_levels(plan, todo, legs_per_run, runs_at_once(folds, count)), every_cell)
        shared, alone = (forecast(levels, folds, count, speed) for levels in kinds)
        table.add_row(str(count), *_figures(shared), *_figures(alone))
    return table


def _figures(found: Forecast) -> tuple[str, str, str]:
    return clock(found.seconds), f"{found.device_hours:.2f}", f"{found.efficiency:.0%}"
