"""`init` and `synth`, which write what a run begins with: a configuration, or a data set."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.cli.options import console, say
from trainable.errors import UserError


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
    seen = survey(folder)
    written = write_new(folder, configuration_text(seen, folder))
    clips = ", ".join(f"{count} {part}" for part, count in seen.clips.items())
    say(f"found:   {clips} clips ({seen.layout} layout)")
    say(f"written: {written}")
    for part in sorted(seen.guessed):
        say(f"a guess: {seen.tables[part].csv} is the table of {part} clips")
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
