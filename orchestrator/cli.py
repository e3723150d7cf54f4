"""The command line."""

import sys
import traceback
import warnings
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from orchestrator import signals
from trainable.errors import UserError

if TYPE_CHECKING:
    from orchestrator.artifacts.run import Run

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Fill the results grid of staged training for audio tagging with noisy labels.",
)
console = Console()


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
    from pydantic import ValidationError

    from orchestrator.experiment.messages import explain
    from orchestrator.synth.synthesize import SynthSettings, synthesize

    try:
        settings = SynthSettings(
            classes=classes,
            verified=verified,
            unverified=unverified,
            test=test,
            wrong_rate=wrong_rate,
            longest=longest,
            seed=seed,
        )
    except ValidationError as error:
        raise UserError("\n".join(explain(problem, SynthSettings) for problem in error.errors())) from None
    with console.status("writing clips"):
        synthesize(folder, settings)
    console.print(f"{verified + unverified + test} clips of {classes} classes in {folder}")


@app.command()
def run(
    config: Annotated[Path, typer.Option(help="The experiment, a YAML file.")],
    out: Annotated[str, typer.Option(help="Folder of the run: a path, or s3://... or gs://...")],
    data: Annotated[Path | None, typer.Option(help="The data set; without it the embedded data.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
    ] = None,
) -> None:
    """Fill the grid. The same command continues what was interrupted."""
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
    config: Annotated[Path, typer.Option(help="The experiment, a YAML file.")],
    out: Annotated[str | None, typer.Option(help="Folder of its run, where there is one.")] = None,
    data: Annotated[Path | None, typer.Option(help="The data set; without it the embedded data.")] = None,
    like: Annotated[str | None, typer.Option(help="A run on this hardware to take the speed from.")] = None,
    speed: Annotated[float | None, typer.Option(help="Iterations per second of a fold on a device.")] = None,
    start: Annotated[float, typer.Option(help="Seconds that a run's start and end cost.")] = 20.0,
    devices: Annotated[str, typer.Option(help="Sizes of clusters, in GPUs or CPUs.")] = "1,4,8,36,144",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
    ] = None,
) -> None:
    """Show the tree of legs, what is done, and what the rest costs on clusters of several sizes."""
    from orchestrator.artifacts.files import RUN
    from orchestrator.artifacts.run import Run
    from orchestrator.artifacts.speed import measured_speed
    from orchestrator.experiment.loading import load_experiment
    from orchestrator.monitoring.plan_preview import preview
    from orchestrator.monitoring.plan_tree import cost_table, plan_tree
    from orchestrator.plan.forecast import Speed
    from orchestrator.storage.store import Store

    experiment = load_experiment(config, assignments or ())
    store = Store.open(out) if out else None
    planned = preview(experiment, store, data)
    console.print(plan_tree(planned))
    if store and store.exists(RUN):
        _name_damages(Run.open(store))
    source = like or (out if speed is None and store and store.exists(RUN) else None)
    if source is None and speed is None:
        console.print("for times name a run on this hardware with --like, or state a --speed")
        return
    pace = measured_speed(Run.open(Store.open(source))) if source else Speed(speed or 0.0, start)
    subtree = experiment.resources.legs_per_run == "subtree"
    sizes = [int(size) for size in devices.split(",")]
    console.print(cost_table(planned.plan, planned.todo, experiment.folds, subtree, pace, sizes))


@app.command()
def report(out: Annotated[str, typer.Argument(help="Folder of a run.")]) -> None:
    """Make the report again, from the run's files alone."""
    from orchestrator.artifacts.run import Run
    from orchestrator.report.build import write_report
    from orchestrator.storage.store import Store

    reported = Run.open(Store.open(out))
    console.print(write_report(reported))
    _name_damages(reported)


def _name_damages(run: "Run") -> None:
    """End with exit code 1 where a finished result is damaged."""
    damages = [damage for damages in run.damages.values() for damage in damages]
    for damage in damages:
        _complain(f"damaged: {damage}")
    if damages:
        raise SystemExit("the same `stagegrid run` sets it aside and makes it again")


@app.command()
def verify(out: Annotated[str, typer.Argument(help="Folder of a run.")]) -> None:
    """Hold every file of a run against its checksum; changes nothing. Exit code 1 where one is damaged."""
    from orchestrator.artifacts.run import Run
    from orchestrator.monitoring.verify import verify as verify_run
    from orchestrator.storage.store import Store

    with console.status("reading every file"):
        checked = verify_run(Run.open(Store.open(out)))
    for damage in checked.damages:
        console.print(f"damaged: {damage}", soft_wrap=True, markup=False)
    console.print(f"{checked.files} files checked, {len(checked.damages)} damaged")
    if checked.damages:
        raise SystemExit("the same `stagegrid run` sets them aside and makes them again")


@app.command()
def status(
    out: Annotated[str, typer.Argument(help="Folder of a run.")],
    watch: Annotated[bool, typer.Option(help="Wait for it to begin, and go on until it is done.")] = False,
) -> None:
    """Show how far a run is, running or not."""
    from orchestrator.artifacts.run import Run
    from orchestrator.monitoring.live_page import write_live_page
    from orchestrator.monitoring.status import StatusReader
    from orchestrator.monitoring.terminal import wait_for_run, watch_run
    from orchestrator.storage.store import Store

    store = Store.open(out)
    if watch:
        wait_for_run(store, console)
    watched = Run.open(store)
    watch_run(watched, console, watch)
    with suppress(OSError):  # whoever may only read may ask too
        write_live_page(watched, StatusReader(watched).read())
    _name_damages(watched)


@app.command()
def export(
    out: Annotated[str, typer.Argument(help="Folder of a run.")],
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
        console.print(f"{to_tensorboard(exported, tensorboard)} new cells in {tensorboard}", soft_wrap=True)
    if mlflow is not None:
        name = exported.experiment.name
        console.print(f"{to_mlflow(exported, mlflow)} new cells in MLflow experiment {name}")


@app.command()
def submit(
    cluster: Annotated[Path, typer.Argument(help="Cluster file of ray up, such as cluster/gpu.yaml.")],
    config: Annotated[Path, typer.Option(help="The experiment, a YAML file.")],
    out: Annotated[str, typer.Option(help="Folder of the run, as the cluster sees it: s3://... or gs://...")],
    data: Annotated[str | None, typer.Option(help="The data set's folder on the cluster.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
    ] = None,
) -> None:
    """Run the grid on a cluster: check its file, bring the program there, start it, say how to watch."""
    from orchestrator.cluster.submit import submit_run

    console.print(submit_run(cluster, config, out, data, assignments or ()), soft_wrap=True, markup=False)


def main(prefix: list[str] | None = None) -> NoReturn:
    """Run the command line; `prefix` are arguments that stand before the given ones."""
    with signals.caught():
        _run_command(prefix or [])


def _run_command(prefix: list[str]) -> NoReturn:
    warnings.filterwarnings("ignore", category=FutureWarning, module="ray")
    try:
        app([*prefix, *sys.argv[1:]])
    except UserError as error:
        _complain(str(error))
    except OSError as error:
        if error.errno != ENOSPC and error.filename is None:
            _own_fault(error)
        _complain(f"{error.filename or 'a file that is being written'}: {error.strerror}")
    except Exception as error:
        _own_fault(error)
    raise SystemExit(2)


def _complain(text: str) -> None:
    Console(stderr=True, style="red").print(
        f"stagegrid: {text}", markup=False, highlight=False, soft_wrap=True
    )


def _own_fault(error: Exception) -> NoReturn:
    """Say that this program is to blame, and where the traceback is."""
    with NamedTemporaryFile("w", prefix="stagegrid-", suffix=".log", delete=False) as log:
        log.writelines(traceback.format_exception(error))
    _complain(
        f"a fault of this program, not of what you asked for ({type(error).__name__}: {error}); its "
        f"traceback is in {log.name}. Finished work is kept."
    )
    raise SystemExit(70) from error


if __name__ == "__main__":
    main()
