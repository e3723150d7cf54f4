"""`plan`: the tree of legs before it is trained, what is there of it, and what the rest costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from orchestrator.cli.options import Assignments, Config, Data, Seeds, console, say, with_seeds
from orchestrator.cli.verify import refuse_damaged
from orchestrator.features.feature_set import features_id, open_features, sets_of
from orchestrator.features.recordings import Recordings
from orchestrator.files.printable import clock
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import DATA, RUN
from orchestrator.legs.folders import LegFolders, WorkLeft
from orchestrator.legs.forecast import (
    Forecast,
    Speed,
    forecast,
    measured_speed,
    runs_at_once,
    shared_levels,
    unshared_levels,
)
from orchestrator.legs.plan import Leg, Plan, make_plan
from orchestrator.legs.run import Run
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from orchestrator.training.readable_data import open_readable
from orchestrator.watch.status_table import stale_line
from trainable.errors import UserError

MOST_DEVICES = 1_000_000
STYLES: dict[WorkLeft, str] = {"done": "green", "continue": "yellow", "new": "cyan"}


def plan(
    config: Config,
    out: Annotated[str | None, typer.Option(help="Folder of its run, where there is one.")] = None,
    data: Data = None,
    like: Annotated[str | None, typer.Option(help="A run on this hardware to take the speed from.")] = None,
    speed: Annotated[float | None, typer.Option(help="Iterations per second of a fold on a device.")] = None,
    start: Annotated[float, typer.Option(help="Seconds that a run's start and end cost.")] = 20.0,
    devices: Annotated[str, typer.Option(help="Sizes of clusters, in GPUs or CPUs.")] = "1,4,8,36,144",
    detect: Annotated[
        float | None,
        typer.Option(help="Size of a difference: how many seeds find it, by the run in --out."),
    ] = None,
    assignments: Assignments = None,
    seeds: Seeds = None,
) -> None:
    """Show the tree of legs, what is done, and what the rest costs on clusters of several sizes."""
    sizes, stated = cluster_sizes(devices), _stated_speed(like, speed, start)
    measured = None if detect is None else _run_to_detect_in(out, detect)
    experiment = load_experiment(config, with_seeds(assignments, seeds))
    store = Store.open(out) if out else None
    planned = preview(experiment, store, data)
    console.print(plan_tree(planned))
    begun = Run.open(store) if store and store.exists(RUN) else None
    if begun:
        refuse_damaged(begun)
    if measured and detect:
        _print_power(measured, detect)
    known = stated or (measured_speed(begun) if begun else None)
    if known is None:
        say("for times name a run on this hardware with --like, or state a --speed")
    else:
        console.print(cost_table(planned, known, sizes))


# --- options --------------------------------------------------------------------------------------------


def cluster_sizes(devices: str) -> list[int]:
    """The numbers in --devices.

    Raises:
        UserError: one is none.
    """
    sizes = [size.strip() for size in devices.split(",")]
    for size in sizes:
        if not (size.isascii() and size.isdigit() and len(size) < 8 and 1 <= int(size) <= MOST_DEVICES):
            raise UserError(
                f"--devices {devices[:200]}: {size[:50]!r} is no number of devices: write it as 1,4,8"
            )
    return [int(size) for size in sizes]


def _stated_speed(like: str | None, speed: float | None, start: float) -> Speed | None:
    """The speed that --like or --speed gives; None where neither is there."""
    if speed is not None and not (math.isfinite(speed) and speed > 0):
        raise UserError(f"--speed {speed}: must be more than 0 iterations per second")
    if not (math.isfinite(start) and start >= 0):
        raise UserError(f"--start {start}: must be 0 seconds or more")
    if like is not None:
        try:
            return measured_speed(Run.open(Store.open(like)))
        except (UserError, OSError) as error:
            raise UserError(f"--like {like[:200]}: {error}") from error
    return Speed(speed, start) if speed is not None else None


def _run_to_detect_in(out: str | None, difference: float) -> Run:
    """The run whose measured components --detect goes by."""
    if not (math.isfinite(difference) and difference > 0):
        raise UserError(f"--detect {difference}: must be a difference of lwlrap above 0, such as .005")
    if out is None:
        raise UserError("--detect: name the finished run that it goes by with --out")
    return Run.open(Store.open(out))


# --- the plan -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Preview:
    """A plan and what is there of it."""

    plan: Plan
    work_left: dict[str, WorkLeft]
    """Of each leg by its id."""
    stale: dict[str, str]
    """Legs on disk that nothing needs, with what sets them apart."""

    @property
    def todo(self) -> set[str]:
        """Ids of the legs that are not done."""
        return {leg for leg, left in self.work_left.items() if left != "done"}


def preview(experiment: Experiment, out: Store | None, data: Path | None) -> Preview:
    """The plan of `experiment`; with final ids if its features are computed in `out` already.

    Raises:
        UserError: the data set is not in order.
    """
    plan = make_plan(experiment, _data_id(experiment, out, data))
    if out is None:
        return Preview(plan, {leg.id: "new" for leg in plan.legs}, {})
    legs = LegFolders.of(out)
    return Preview(plan, legs.work_left(plan), legs.stale(plan))


def _data_id(experiment: Experiment, out: Store | None, data: Path | None) -> str:
    folder = data or (Path(out.base) / DATA if out and out.is_local else None)
    if out is None or folder is None or not folder.is_dir():
        return "data are not there yet"
    dataset = open_readable(folder, experiment, out)
    recordings = Recordings.read(sets_of(out))
    features = open_features(out, features_id(dataset.table, experiment.audio, recordings))
    return dataset.data_id(features.content_hash) if features else "no features yet"


# --- printing -------------------------------------------------------------------------------------------


def plan_tree(preview: Preview) -> Group:
    """The tree of legs with their states, iterations of one fold, and what is stale and why."""
    plan = preview.plan
    tree = Tree(f"{len(plan.ends)} cells from {len(plan.legs)} legs")
    branches: dict[str | None, Tree] = {None: tree}
    for leg in plan.legs:  # what a leg grows from stands before it
        text = _leg_line(leg, len(leg.stages(plan.experiment)), preview.work_left[leg.id])
        branches[leg.id] = branches[leg.parent].add(text)
    shared, alone = plan.iterations()
    saved = f"{shared} iterations in each fold; without shared stems {alone} ({1 - shared / alone:.0%} saved)"
    stale = [Text(line, style="dim")] if (line := stale_line(preview.stale)) else []
    return Group(tree, *stale, Text(saved))


def _leg_line(leg: Leg, last: int, state: WorkLeft) -> Text:
    stages = f"stage {last}" if last == leg.first + 1 else f"stages {leg.first + 1}-{last}"
    text = f"{leg.label}: {stages}, {leg.iterations} iterations, "
    return Text.assemble(text, (state, STYLES[state]), (f" [{leg.id}]", "dim"))


def cost_table(planned: Preview, speed: Speed, devices: Sequence[int]) -> Table:
    """Time, device-hours and efficiency of what is left, with and without shared stems."""
    title = (
        f"{speed.iterations_per_second:.3g} it/s on a device, "
        f"{speed.start_seconds:.0f} s for the start and end of a run"
    )
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("devices", "time", "device-hours", "efficiency", "unshared", "device-hours", "efficiency"):
        table.add_column(name, justify="right")
    plan, experiment = planned.plan, planned.plan.experiment
    folds, per_run, every_cell = experiment.folds, experiment.resources.legs_per_run, unshared_levels(plan)
    for count in devices:
        left = shared_levels(plan, planned.todo, per_run, runs_at_once(folds, count))
        shared, alone = (forecast(levels, folds, count, speed) for levels in (left, every_cell))
        table.add_row(str(count), *_figures(shared), *_figures(alone))
    return table


def _figures(cost: Forecast) -> tuple[str, str, str]:
    return clock(cost.seconds), f"{cost.device_hours:.2f}", f"{cost.efficiency:.0%}"


def _print_power(run: Run, detect: float) -> None:
    """How many seeds find the difference."""
    from orchestrator.report.tables.power_table import power_table
    from orchestrator.report.tables.terminal import to_rich

    console.print(to_rich(power_table(run, detect), console.width))
