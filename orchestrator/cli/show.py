"""Commands that look closer: at two runs, or at one cell."""

from typing import Annotated

import typer

from orchestrator.cli.options import RunFolder, console


def diff(
    old: Annotated[str, typer.Argument(help="Folder of a run.")],
    new: Annotated[str, typer.Argument(help="Folder of another run.")],
) -> None:
    """Show what sets two runs apart: settings, data, scores (paired on the same clips), claim by claim."""
    from orchestrator.files.store import Store
    from orchestrator.legs.run import Run
    from orchestrator.report.diff.comparison import compare

    before, after = (Run.open(Store.open(folder)) for folder in (old, new))
    with console.status("scoring both"):
        comparison = compare(before, after)
    console.print(comparison)


def show(
    out: RunFolder,
    cell: Annotated[
        str | None, typer.Option(help="Such as sigmoid/top_k; without it the best in cross-validation.")
    ] = None,
) -> None:
    """Show one cell: curves, scores, its best and worst classes, and the clips that it masks most."""
    from orchestrator.files.store import Store
    from orchestrator.legs.run import Run
    from orchestrator.report.show import show_cell

    with console.status("reading the cell"):
        shown = show_cell(Run.open(Store.open(out)), cell)
    console.print(shown)
