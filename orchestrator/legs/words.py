"""Legs in the reader's words: their row, and their column or what they are shared by."""

from orchestrator.legs.artifacts import PlannedCell, PlannedLeg
from orchestrator.legs.run import Run

DOT = " · "


def leg_names(run: Run) -> dict[str, str]:
    """A name for each leg, by its id: `sigmoid · top_k`, `sigmoid · shared stem`, `sigmoid · top_k · s0`."""
    grown = _cells_of_legs(run)
    columns, several = len(run.experiment.selections), len(run.experiment.seeds) > 1
    return {leg.id: _name(leg, grown[leg.id], columns, several) for leg in run.manifest.legs}


def _cells_of_legs(run: Run) -> dict[str, list[PlannedCell]]:
    """The cells that each leg is a part of."""
    grown: dict[str, list[PlannedCell]] = {leg.id: [] for leg in run.manifest.legs}
    for cell in run.manifest.cells:
        for leg in run.way(cell.leg):
            grown[leg.id].append(cell)
    return grown


def _name(leg: PlannedLeg, cells: list[PlannedCell], columns: int, several_seeds: bool) -> str:
    if not cells:
        return leg.label
    rows = dict.fromkeys(cell.activation for cell in cells)
    parts = [" = ".join(rows), _share(list(dict.fromkeys(cell.selection for cell in cells)), columns)]
    return DOT.join(parts + ([f"s{cells[0].seed}"] if several_seeds else []))


def _share(selections: list[str], columns: int) -> str:
    if len(selections) == 1:
        return selections[0]
    return "shared stem" if len(selections) == columns else f"stem of {', '.join(selections)}"
