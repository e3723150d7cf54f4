"""Options that several commands have, and how they speak."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trainable.errors import UserError

Config = Annotated[Path, typer.Option(help="The experiment, a YAML file.")]
Data = Annotated[Path | None, typer.Option(help="The data set; without it the embedded data.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
]
Cell = Annotated[
    str | None,
    typer.Option(
        help="Row/column, such as sigmoid/top_k. Without: the best on private test clips, or on cv."
    ),
]
Ensemble = Annotated[str | None, typer.Option(help="An ensemble of the configuration instead of a cell.")]
RunFolder = Annotated[str, typer.Argument(help="Folder of a run.")]
console = Console(highlight=False)
"""Without rich's colours for numbers and paths: they take minutes for a word of a megabyte."""


def say(text: str) -> None:
    """Print a line as it is, without rich's markup and without breaking it."""
    console.print(text, markup=False, soft_wrap=True)


def one_name(cell: str | None, ensemble: str | None) -> str | None:
    """What was named: one of the two, or nothing.

    Raises:
        UserError: both are.
    """
    if cell is not None and ensemble is not None:
        raise UserError("name a --cell or an --ensemble, not both")
    return ensemble if cell is None else cell
