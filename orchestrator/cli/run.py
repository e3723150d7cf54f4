"""`run`, which fills the grid here, and `submit`, which has a cluster do it."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import Assignments, Config, Data, Seeds, console, say, with_seeds
from orchestrator.files.addresses import check_writable
from orchestrator.legs.run import Run
from orchestrator.legs.status import StatusReader
from orchestrator.report.tables.terminal import PrintedReport
from orchestrator.report.unchanged import unchanged_report
from orchestrator.watch.live_page import write_live_page
from orchestrator.watch.terminal import Display


def run(
    config: Config,
    out: Annotated[str, typer.Option(help="Folder of the run: a path, or s3://... or gs://...")],
    data: Data = None,
    assignments: Assignments = None,
    seeds: Seeds = None,
    verbose: Annotated[bool, typer.Option(help="Show Ray Tune's own table in place of ours.")] = False,
    wandb: Annotated[
        str | None, typer.Option(help="Project of Weights & Biases that hears of every evaluation.")
    ] = None,
) -> None:
    """Fill the grid. The same command continues what was interrupted."""
    from orchestrator.training.fill import Order, fill_grid

    check_writable(out)
    display = Display(console, plain=verbose)
    words = tuple(with_seeds(assignments, seeds))
    order = Order(config, data, out, words, verbose, wandb)
    done = fill_grid(order, display)
    console.print(_report(done, display))
    if holes := [cell for cell in done.cells if done.hole(cell)]:
        display.failures(done)
        raise SystemExit(
            f"{len(holes)} cells have no result: see the reasons above; the same command tries again"
        )


def _report(done: Run, display: Display) -> PrintedReport:
    """The report that is there, where nothing that it is made from has changed; else a new one."""
    with display.busy("looking at the report"):
        printed = unchanged_report(done)
    if printed:
        display.say("the report is kept: nothing that it was made from has changed")
    else:
        from orchestrator.report.build import write_report

        with display.busy("writing the report"):
            printed = write_report(done).printed
    write_live_page(done, StatusReader(done).read())  # it tells of the run, and is no part of the report
    return printed


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
