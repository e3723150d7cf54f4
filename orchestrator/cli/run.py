"""Commands that plan a grid, fill it, and test how it is filled."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestrator.cli.options import Assignments, Config, Data, Seeds, console, say, with_seeds

if TYPE_CHECKING:
    from orchestrator.legs.run import Run

if TYPE_CHECKING:
    from orchestrator.legs.run import Run
    from orchestrator.report.tables.shown import Shown
    from orchestrator.watch.terminal import Display


def run(
    config: Config,
    out: Annotated[str, typer.Option(help="Folder of the run: a path, or s3://... or gs://...")],
    data: Data = None,
    assignments: Assignments = None,
    seeds: Seeds = None,
    verbose: Annotated[bool, typer.Option(help="Show Ray Tune's own table in place of ours.")] = False,
    mlflow: Annotated[str | None, typer.Option(help="MLflow server that hears of every evaluation.")] = None,
    wandb: Annotated[str | None, typer.Option(help="Project of Weights & Biases that does too.")] = None,
) -> None:
    """Fill the grid. The same command continues what was interrupted."""
    from orchestrator.files.addresses import check_writable

    check_writable(out)
    from orchestrator.training.driver.watchers import Watchers
    from orchestrator.training.fill import Order, fill_grid
    from orchestrator.watch.terminal import Display

    display = Display(console, plain=verbose)
    words = tuple(with_seeds(assignments, seeds))
    order = Order(config, data, out, words, Watchers(verbose, mlflow, wandb))
    done = fill_grid(order, display)
    console.print(_report(done, display))
    if holes := [cell for cell in done.cells if done.hole(cell)]:
        display.failures(done)
        raise SystemExit(
            f"{len(holes)} cells have no result: see the reasons above; the same command tries again"
        )


def _report(done: "Run", display: "Display") -> "Shown":
    """The report that is there, where nothing that it is made from has changed; else a new one."""
    from orchestrator.legs.status import StatusReader
    from orchestrator.report.kept import kept_report
    from orchestrator.watch.live_page import write_live_page

    with display.busy("looking at the report"):
        kept = kept_report(done)
    if kept:
        write_live_page(done, StatusReader(done).read())  # it tells of the run, and is no part of the report
        display.say("the report is kept: nothing that it was made from has changed")
        return kept
    from orchestrator.report.build import write_report

    with display.busy("writing the report"):
        return write_report(done).shown


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
    from orchestrator.cli.plan_options import cluster_sizes, detect_in, known_speed
    from orchestrator.cli.plan_preview import preview
    from orchestrator.cli.plan_tree import cost_table, plan_tree
    from orchestrator.cli.verify import refuse_damaged
    from orchestrator.files.store import Store
    from orchestrator.legs.artifacts import RUN
    from orchestrator.legs.forecast import measured_speed
    from orchestrator.legs.run import Run
    from orchestrator.settings.loading import load_experiment

    sizes, stated = cluster_sizes(devices), known_speed(like, speed, start)
    measured = None if detect is None else detect_in(out, detect)
    experiment = load_experiment(config, with_seeds(assignments, seeds))
    store = Store.open(out) if out else None
    planned = preview(experiment, store, data)
    console.print(plan_tree(planned))
    if store and store.exists(RUN):
        refuse_damaged(Run.open(store))
    own = Run.open(store) if store and store.exists(RUN) else None
    if measured and detect:
        _say_power(measured, detect)
    pace = stated or (measured_speed(own) if own else None)
    if pace is None:
        say("for times name a run on this hardware with --like, or state a --speed")
        return
    per_run = experiment.resources.legs_per_run
    console.print(cost_table(planned.plan, planned.todo, experiment.folds, per_run, pace, sizes))


def _say_power(run: "Run", detect: float) -> None:
    from orchestrator.report.tables.power_table import power_table
    from orchestrator.report.tables.terminal import to_rich

    console.print(to_rich(power_table(run, detect), console.width))


def submit(
    cluster: Annotated[Path, typer.Argument(help="Cluster file of ray up, such as cluster/gpu.yaml.")],
    config: Config,
    out: Annotated[str, typer.Option(help="Folder of the run, as the cluster sees it: s3://... or gs://...")],
    data: Annotated[str | None, typer.Option(help="The data set's folder on the cluster.")] = None,
    assignments: Assignments = None,
    seeds: Seeds = None,
) -> None:
    """Run the grid on a cluster: check its file, bring the program there, start it, say how to watch."""
    from orchestrator.training.driver.submit import submit_run

    say(submit_run(cluster, config, out, data, with_seeds(assignments, seeds)))
