"""Options that several commands have, and how they speak."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from trainable.errors import UserError


def _complete_config(begun: str) -> list[str]:
    """For the shell: the shipped names, and the YAML files that begin so."""
    from orchestrator.settings.config_files import shipped_names

    names = [name for name in shipped_names() if name.startswith(begun)]
    folder = Path(begun) if begun.endswith("/") else Path(begun).parent
    return names + [str(path) for path in sorted(folder.glob("*.y*ml")) if str(path).startswith(begun)]


Config = Annotated[
    Path,
    typer.Option(
        autocompletion=_complete_config,
        help="The experiment: a YAML file, or demo, paper, smoke, extended, claims.",
    ),
]


def _folder(data: Path | None) -> Path | None:
    """The folder as every machine and every process understands it, wherever it was started.

    Raises:
        UserError: it is object storage, which recordings are not read from.
    """
    if data is not None and re.match(r"[a-z0-9]{2,}:/", str(data)):
        raise UserError(f"--data {data}: recordings are read from a folder: copy or mount it, and name that")
    return None if data is None else data.expanduser().absolute()


Data = Annotated[
    Path | None, typer.Option(callback=_folder, help="The data set's folder; without it the embedded data.")
]
DataFolder = Annotated[Path, typer.Option("--data", callback=_folder, help="The data set's folder.")]
Assignments = Annotated[
    list[str] | None, typer.Option("--set", help="Change a setting: a.b=c. May be repeated.")
]
Seeds = Annotated[
    int | None,
    typer.Option(
        min=1, max=10_000, help="Train every cell with seeds 0 to N-1; a finished run trains what is new."
    ),
]
CellName = Annotated[
    str | None,
    typer.Option(help="Row/column, such as sigmoid/top_k. Without: the best in cross-validation."),
]
EnsembleName = Annotated[str | None, typer.Option(help="An ensemble of the configuration instead of a cell.")]
RunFolder = Annotated[str, typer.Argument(help="Folder of a run.")]
console = Console(highlight=False)
"""Without rich's colours for numbers and paths: they take minutes for a word of a megabyte."""


def say(text: str) -> None:
    """Print a line as it is, without rich's markup and without breaking it."""
    console.print(text, markup=False, soft_wrap=True)


def with_seeds(assignments: Sequence[str] | None, seeds: int | None) -> list[str]:
    """--set's assignments, after which --seeds comes last."""
    return [*(assignments or ()), *([] if seeds is None else [f"seeds={seeds}"])]


def system_name(cell: str | None, ensemble: str | None) -> str | None:
    """The cell or the ensemble that was named, or nothing.

    Raises:
        UserError: both are.
    """
    if cell is not None and ensemble is not None:
        raise UserError("name a --cell or an --ensemble, not both")
    return ensemble if cell is None else cell
