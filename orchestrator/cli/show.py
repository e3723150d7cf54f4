"""`show` and `diff`, which look closer: at a cell, or at two runs."""

from typing import Annotated

import typer

from orchestrator.cli.options import RunFolder, console
from orchestrator.files.store import Store
from orchestrator.legs.run import Run


def show(
    out: RunFolder,
    cell: Annotated[
        str | None, typer.Option(help="Such as sigmoid/top_k; without it the best in cross-validation.")
    ] = None,
) -> None:
    """Show one cell: curves, scores, its best and worst classes, and the clips that it masks most."""
    from orchestrator.report.show import show_cell

    with console.status("reading the cell"):
        text = show_cell(Run.open(Store.open(out)), cell)
    console.print(text)


def diff(
    old: Annotated[str, typer.Argument(help="Folder of a run.")],
    new: Annotated[str, typer.Argument(help="Folder of another run.")],
) -> None:
    """Show what sets two runs apart: settings, data, scores (paired on the same clips), claim by claim."""
    from orchestrator.report.diff.comparison import compare

    before, after = (Run.open(Store.open(folder)) for folder in (old, new))
    with console.status("scoring both"):
        comparison = compare(before, after)
    console.print(comparison)
