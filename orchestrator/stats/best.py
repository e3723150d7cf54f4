"""Which cell is best: the one rule of `report`, `show`, `predict` and `export`.

The highest lwlrap of the validation clips when training ended, mean of folds and seeds, as each fold's result
has it: test clips choose nothing, so that a score on them stays honest. Entries without a result of every
seed come after all others.
"""

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Entry


def ranked(run: Run) -> dict[Entry, float]:
    """Entries with a result and their lwlrap in cross-validation, the best first."""
    done = {entry: [cell for cell in cells if run.hole(cell) is None] for entry, cells in run.entries.items()}
    scores = {
        entry: sum(run.leg_of(cell).result().lwlrap for cell in cells) / len(cells)
        for entry, cells in done.items()
        if cells
    }
    order = sorted(scores, key=lambda entry: (len(done[entry]) < len(run.entries[entry]), -scores[entry]))
    return {entry: scores[entry] for entry in order}
