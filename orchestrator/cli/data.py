"""Commands about data sets."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import Assignments, Config, DataFolder, console, say
from trainable.errors import UserError


def check(
    config: Config,
    data: DataFolder,
    out: Annotated[
        Path | None, typer.Option(help="Folder for check.json, outside the data set; without it this one.")
    ] = None,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes that read at a time; without it one for each CPU.")
    ] = None,
    assignments: Assignments = None,
) -> None:
    """Look at a whole data set: every fault with file, line and what to do. Exit code 1 where there is one.

    Reads every table, decodes every sound file, and changes none. Shown, and written whole to check.json, are
    faults, odd clips, lengths, rates, labels by class and fold, and what the features will take.
    """
    from orchestrator.cli.check_view import check_view, progress_bar
    from orchestrator.files.addresses import folder_beside
    from orchestrator.files.store import Store
    from orchestrator.own_data.check import Request, check_dataset
    from orchestrator.own_data.findings import FILE
    from orchestrator.settings.loading import load_experiment

    experiment = load_experiment(config, assignments or ())
    folder = folder_beside(out, data)
    with progress_bar(console) as progress:
        checked = check_dataset(Request(str(config), experiment, data, processes), progress)
    console.print(check_view(checked))
    if folder:
        Store.open(folder).write_model(FILE, checked)
    remarks = len(checked.findings) - len(checked.faults)
    where = f"all in {folder / FILE}" if folder else "--out FOLDER writes all of them to check.json there"
    counts = f"{_counted(len(checked.faults), 'fault')}, {_counted(remarks, 'remark')}"
    say(f"{counts} in {checked.seconds:.1f} s; {where}")
    if checked.faults:
        raise SystemExit(1)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def init(
    folder: Annotated[Path, typer.Argument(help="Folder of recordings and tables.")] = Path(),
    demo: Annotated[bool, typer.Option("--demo", help="Write the demo's configuration instead.")] = False,
    paper: Annotated[bool, typer.Option("--paper", help="Write the paper's, with all settings.")] = False,
) -> None:
    """Look at a folder of recordings and tables, and write a configuration for it: stagegrid.yaml.

    It is written into the folder, commented, and can be run as it stands; one that is there is never
    overwritten.
    """
    from orchestrator.own_data.configuration import configuration_text, shipped_text, write_new
    from orchestrator.own_data.survey import survey

    if demo and paper:
        raise UserError("--demo and --paper are two configurations: choose one")
    if demo or paper:
        say(f"written: {write_new(folder, shipped_text('demo' if demo else 'paper'))}")
        return
    found = survey(folder)
    written = write_new(folder, configuration_text(found, folder))
    clips = ", ".join(f"{count} {part}" for part, count in found.clips.items())
    say(f"found:   {clips} clips ({found.layout} layout)")
    say(f"written: {written}")
    for part in sorted(found.guessed):
        say(f"a guess: {found.tables[part].csv} is the table of {part} clips")
    say(f"next:    stagegrid check --config {written} --data {folder}")


def synth(
    folder: Annotated[Path, typer.Argument(help="New folder for the data set.")],
    classes: Annotated[int, typer.Option(help="Classes of the vocabulary.")] = 12,
    verified: Annotated[int, typer.Option(help="Clips with right labels.")] = 96,
    unverified: Annotated[int, typer.Option(help="Clips of which some have wrong labels.")] = 800,
    test: Annotated[int, typer.Option(help="Test clips, with right labels.")] = 400,
    wrong_rate: Annotated[float, typer.Option(help="Share of unverified clips with wrong labels.")] = 0.4,
    longest: Annotated[float, typer.Option(help="Seconds of the longest clip.")] = 3.0,
    seed: Annotated[int, typer.Option(help="Seed of everything drawn: the same one, the same bytes.")] = 0,
) -> None:
    """Write a synthetic look-alike of FSDKaggle2019 with known label errors."""
    from orchestrator.data.synth.synthesize import synthesize
    from orchestrator.settings.loading import synth_settings

    settings = synth_settings(
        classes=classes, verified=verified, unverified=unverified, test=test, wrong_rate=wrong_rate,
        longest=longest, seed=seed,
    )  # fmt: skip
    with console.status("writing clips"):
        synthesize(folder, settings)
    say(f"{verified + unverified + test} clips of {classes} classes in {folder}")
