"""Options that several commands have, and how they speak."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

Config = Annotated[Path, typer.Option(help="The experiment, a YAML file.")]
Data = Annotated[Path | None, typer.Option(help="The data set; without it the embedded data.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
]
RunFolder = Annotated[str, typer.Argument(help="Folder of a run.")]
console = Console(highlight=False)
"""Without rich's colours for numbers and paths: they take minutes for a word of a megabyte."""


def say(text: str) -> None:
    """Print a line as it is, without rich's markup and without breaking it."""
    console.print(text, markup=False, soft_wrap=True)
