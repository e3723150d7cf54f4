"""The command line."""

import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from orchestrator import signals
from orchestrator.monitoring.complaints import explain_failure
from trainable.errors import UserError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fill the results grid of staged training for audio tagging with noisy labels.",
)
Config = Annotated[Path, typer.Option(help="The experiment, a YAML file.")]
Data = Annotated[Path | None, typer.Option(help="The data set; without it the embedded data.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
]
RunFolder = Annotated[str, typer.Argument(help="Folder of a run.")]
console = Console(highlight=False)
"""Without rich's colours for numbers and paths: they take minutes for a word of a megabyte."""


@app.command()
def synth(
    folder: Annotated[Path, typer.Argument(help="New folder for the data set.")],
    classes: int = 12,
    verified: int = 96,
    unverified: int = 800,
    test: int = 400,
    wrong_rate: float = 0.4,
    longest: Annotated[float, typer.Option(help="Seconds of the longest clip.")] = 3.0,
    seed: int = 0,
) -> None:
    """Write a synthetic look-alike of FSDKaggle2019 with known label errors."""
    from orchestrator.experiment.loading import synth_settings
    from orchestrator.synth.synthesize import synthesize

    settings = synth_settings(
        classes=classes, verified=verified, unverified=unverified, test=test, wrong_rate=wrong_rate,
        longest=longest, seed=seed,
    )  # fmt: skip
    with console.status("writing clips"):
        synthesize(folder, settings)
    _say(f"{verified + unverified + test} clips of {classes} classes in {folder}")


@app.command()
def run(
    config: Config,
    out: Annotated[str, typer.Option(help="Folder of the run: a path, or s3://... or gs://...")],
    data: Data = None,
    assignments: Assignments = None,
) -> None:
    """Fill the grid. The same command continues what was interrupted."""
    from orchestrator.storage.place import check_place

    check_place(out)
    from orchestrator.fill import Order, fill_grid
    from orchestrator.monitoring.terminal import Display
    from orchestrator.report.build import write_report
    from orchestrator.storage.room import waits_told

    display = Display(console)
    with waits_told(out, display.say):
        done = fill_grid(Order(config, data, out, tuple(assignments or ())), display)
        with display.busy("writing the report"):
            report = write_report(done)
    console.print(report)
    if holes := [cell for cell in done.cells if done.hole(cell)]:
        display.failures(done)
        raise SystemExit(
            f"{len(holes)} cells have no result: see the reasons above; the same command tries again"
        )


@app.command()
def plan(
    config: Config,
    out: Annotated[str | None, typer.Option(help="Folder of its run, where there is one.")] = None,
    data: Data = None,
    like: Annotated[str | None, typer.Option(help="A run on this hardware to take the speed from.")] = None,
    speed: Annotated[float | None, typer.Option(help="Iterations per second of a fold on a device.")] = None,
    start: Annotated[float, typer.Option(help="Seconds that a run's start and end cost.")] = 20.0,
    devices: Annotated[str, typer.Option(help="Sizes of clusters, in GPUs or CPUs.")] = "1,4,8,36,144",
    assignments: Assignments = None,
) -> None:
    """Show the tree of legs, what is done, and what the rest costs on clusters of several sizes."""
    from orchestrator.artifacts.files import RUN
    from orchestrator.artifacts.run import Run
    from orchestrator.artifacts.speed import measured_speed
    from orchestrator.experiment.loading import load_experiment
    from orchestrator.monitoring.plan_options import cluster_sizes, known_speed
    from orchestrator.monitoring.plan_preview import preview
    from orchestrator.monitoring.plan_tree import cost_table, plan_tree
    from orchestrator.monitoring.verify import refuse_damaged
    from orchestrator.storage.store import Store

    sizes, stated = cluster_sizes(devices), known_speed(like, speed, start)
    experiment = load_experiment(config, assignments or ())
    store = Store.open(out) if out else None
    planned = preview(experiment, store, data)
    console.print(plan_tree(planned))
    if store and store.exists(RUN):
        refuse_damaged(Run.open(store))
    own = Run.open(store) if store and store.exists(RUN) else None
    pace = stated or (measured_speed(own) if own else None)
    if pace is None:
        _say("for times name a run on this hardware with --like, or state a --speed")
        return
    subtree = experiment.resources.legs_per_run == "subtree"
    console.print(cost_table(planned.plan, planned.todo, experiment.folds, subtree, pace, sizes))


@app.command()
def report(out: RunFolder) -> None:
    """Make the report again, from the run's files alone."""
    from orchestrator.artifacts.run import Run
    from orchestrator.monitoring.verify import refuse_damaged
    from orchestrator.report.build import write_report
    from orchestrator.storage.store import Store

    reported = Run.open(Store.open(out))
    console.print(write_report(reported))
    refuse_damaged(reported)


@app.command()
def verify(out: RunFolder) -> None:
    """Hold every file of a run against its checksum; changes nothing. Exit code 1 where one is damaged."""
    from orchestrator.artifacts.run import Run
    from orchestrator.monitoring.verify import verify as verify_run
    from orchestrator.storage.store import Store

    with console.status("reading every file"):
        checked = verify_run(Run.open(Store.open(out)))
    for damage in checked.damages:
        _say(f"damaged: {damage}")
    console.print(f"{checked.files} files checked, {len(checked.damages)} damaged")
    if checked.damages:
        raise SystemExit("the same `stagegrid run` sets them aside and makes them again")


@app.command()
def drill(
    config: Annotated[Path, typer.Option(help="The experiment, a small one.")] = Path("configs/smoke.yaml"),
    data: Data = None,
    faults: Annotated[str, typer.Option(help="all, or names of faults separated by commas.")] = "all",
    folder: Annotated[Path | None, typer.Option(help="Keeps its runs; else they are removed.")] = None,
    assignments: Assignments = None,
) -> None:
    """Inject faults into real runs on this machine, and show what recovers, how fast, and whether equal."""
    from orchestrator.drill.drill import choose_faults, drill_in, drill_table

    words = ["--config", str(config), *(["--data", str(data)] if data else [])]
    words += [word for assignment in assignments or () for word in ("--set", assignment)]
    outcomes = drill_in(folder, words, choose_faults(faults), _say)
    console.print(drill_table(outcomes))
    if not all(outcome.passed for outcome in outcomes):
        raise SystemExit("not every run with a fault ended in equal tables")


@app.command()
def status(
    out: RunFolder,
    watch: Annotated[bool, typer.Option(help="Wait for it to begin, and go on until it is done.")] = False,
) -> None:
    """Show how far a run is, running or not."""
    from orchestrator.artifacts.run import Run
    from orchestrator.monitoring.live_page import write_live_page
    from orchestrator.monitoring.status import StatusReader
    from orchestrator.monitoring.terminal import wait_for_run, watch_run
    from orchestrator.monitoring.verify import refuse_damaged
    from orchestrator.storage.store import Store

    store = Store.open(out)
    if watch:
        wait_for_run(store, console)
    watched = Run.open(store)
    watch_run(watched, console, watch)
    with suppress(OSError):  # whoever may only read may ask too
        write_live_page(watched, StatusReader(watched).read())
    refuse_damaged(watched)


@app.command()
def export(
    out: RunFolder,
    tensorboard: Annotated[Path | None, typer.Option(help="Folder for TensorBoard's event files.")] = None,
    mlflow: Annotated[str | None, typer.Option(help="MLflow tracking server, such as http://...")] = None,
) -> None:
    """Give the curves of finished cells to TensorBoard or MLflow."""
    from orchestrator.artifacts.run import Run
    from orchestrator.monitoring.export import to_mlflow, to_tensorboard
    from orchestrator.storage.store import Store

    if tensorboard is None and mlflow is None:
        raise UserError("say where to: --tensorboard FOLDER or --mlflow URI")
    exported = Run.open(Store.open(out))
    if tensorboard is not None:
        _say(f"{to_tensorboard(exported, tensorboard)} new cells in {tensorboard}")
    if mlflow is not None:
        name = exported.experiment.name
        _say(f"{to_mlflow(exported, mlflow)} new cells in MLflow experiment {name}")


@app.command()
def submit(
    cluster: Annotated[Path, typer.Argument(help="Cluster file of ray up, such as cluster/gpu.yaml.")],
    config: Config,
    out: Annotated[str, typer.Option(help="Folder of the run, as the cluster sees it: s3://... or gs://...")],
    data: Annotated[str | None, typer.Option(help="The data set's folder on the cluster.")] = None,
    assignments: Assignments = None,
) -> None:
    """Run the grid on a cluster: check its file, bring the program there, start it, say how to watch."""
    from orchestrator.cluster.submit import submit_run

    _say(submit_run(cluster, config, out, data, assignments or ()))


def main(prefix: list[str] | None = None) -> NoReturn:
    """Run the command line; `prefix` are arguments that stand before the given ones."""
    with signals.caught():
        _run_command(prefix or [])


def _run_command(prefix: list[str]) -> NoReturn:
    warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
    try:
        app([*prefix, *sys.argv[1:]])
    except Exception as error:
        raise SystemExit(explain_failure(error)) from error
    raise SystemExit


def _say(text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
