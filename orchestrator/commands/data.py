"""Commands about data sets."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.commands.shared import Assignments, Config, DataFolder, console, say


def check(
    config: Config,
    data: DataFolder,
    out: Annotated[Path, typer.Option(help="Folder for check.json, outside the data set.")] = Path(),
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that read at a time; without it one for each CPU.")
    ] = None,
    assignments: Assignments = None,
) -> None:
    """Look at a whole data set: every fault with file, line and what to do. Exit code 1 where there is one.

    Reads every table and decodes every sound file, and changes none. What it finds is shown and written to
    check.json: faults, odd clips, lengths, rates, labels by class and fold, and what the features will take.
    """
    from orchestrator.check.check import Request, check_dataset
    from orchestrator.check.findings import FILE
    from orchestrator.check.view import check_view, progress_bar
    from orchestrator.experiment.loading import load_experiment
    from orchestrator.storage.place import check_place, refuse_inside
    from orchestrator.storage.store import Store

    experiment = load_experiment(config, assignments or ())
    check_place(str(out))
    refuse_inside(out, data)
    with progress_bar(console) as progress:
        checked = check_dataset(Request(str(config), experiment, data, processes), progress)
    console.print(check_view(checked))
    Store.open(out).write_model(FILE, checked)
    remarks = len(checked.findings) - len(checked.faults)
    say(f"{len(checked.faults)} faults, {remarks} remarks in {checked.seconds:.1f} s; all in {out / FILE}")
    if checked.faults:
        raise SystemExit(1)


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
    say(f"{verified + unverified + test} clips of {classes} classes in {folder}")
