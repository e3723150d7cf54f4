"""Which cell of a run is meant, and a run of that cell alone."""

from orchestrator.legs.run import Run
from orchestrator.settings.messages import shortened
from orchestrator.stats.best import ranked
from orchestrator.stats.grid import Cell
from trainable.errors import UserError, did_you_mean


def find_cells(run: Run, name: str | None) -> list[Cell]:
    """The cells with a result by a name such as sigmoid/top_k (all seeds) or sigmoid/top_k/1; None: the best.

    Raises:
        UserError: there is no such cell, or none of them has a result.
    """
    cells = _named(run, name) if name is not None else _best(run)
    holes = {cell: run.hole(cell) for cell in cells}
    done = [cell for cell in cells if holes[cell] is None]
    if not done:
        raise UserError(f"{name or run.store}: no result: {next(iter(holes.values()), 'the grid is empty')}")
    return done


def _named(run: Run, name: str) -> list[Cell]:
    names = {str(entry): cells for entry, cells in run.entries.items()}
    names |= {f"{cell.entry}/{cell.seed}": [cell] for cells in run.entries.values() for cell in cells}
    if name not in names:
        hint = did_you_mean(name, names, least=0)
        raise UserError(f"--cell {shortened(name)}: there is no such cell{hint}")
    return names[name]


def _best(run: Run) -> list[Cell]:
    return run.entries[next(iter(order))] if (order := ranked(run)) else list(run.cells)


def alone(run: Run, cells: list[Cell]) -> Run:
    """The run as if its grid had this entry only, so that nothing else is read."""
    entry, config = cells[0].entry, run.manifest.config
    config = config | {
        "activations": {entry.activation: config["activations"][entry.activation]},
        "selections": {entry.selection: config["selections"][entry.selection]},
        "seeds": [cell.seed for cell in cells],
        "ensembles": {},
    }
    planned = {cell: leg for cell, leg in run.cells.items() if cell in cells}
    return Run(run.store, run.manifest.model_copy(update={"config": config, "cells": planned}))
