"""Commands about data sets."""

from pathlib import Path
from typing import Annotated

import typer

from orchestrator.commands.shared import console, say


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
