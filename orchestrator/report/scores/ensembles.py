"""Ensembles of cells, named in the configuration: the geometric mean of their scores (section 2.3, table 3).

report/ensembles/<name>/predictions.parquet has the columns of a cell's predictions: validation clips by the
members' models of their own fold, test clips by the models of all folds.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.plan.legs import Cell, Entry
from orchestrator.report.scores.predictions import CellTables, Scored, read_tables, together
from orchestrator.report.scores.scoring import CellSums, Pools, Score, What, cell_sums
from orchestrator.storage.store import Store
from trainable.errors import UserError

Members = Mapping[str, Sequence[str]]
"""Names of ensembles and their members, each as activation/selection (all seeds) or with a /seed after it."""


@dataclass(frozen=True)
class Ensemble:
    """Some cells as one system."""

    members: tuple[Cell, ...]
    raw: CellTables
    """Members' raw scores together; one table of test clips."""
    normalised: CellTables
    """Members' scores, normalised first."""


def check_members(ensembles: Members, run: Run) -> None:
    """Refuse members that the grid does not have, and names that are no folder's.

    Raises:
        UserError: names the ensemble, and what is wrong with it or the grid's entries.
    """
    entries = dict.fromkeys(str(Entry(cell.activation, cell.selection)) for cell in run.cells)
    known = {name for cell in run.cells for name in _names(cell)}
    for name, members in ensembles.items():
        if not re.fullmatch(r"\w[\w.-]*", name):
            raise UserError(f"ensembles.{name}: it names a folder, use letters, digits and ._- alone")
        if not members:
            raise UserError(f"ensembles.{name} has no members")
        for member in members:
            if member not in known:
                raise UserError(f"ensembles.{name}: no cell {member!r}: choose from {', '.join(entries)}")


def make_ensembles(
    run: Run, ensembles: Members, settings: ReportSettings
) -> tuple[dict[str, Ensemble], dict[str, str]]:
    """Those whose members all have results, over all seeds; and the others, with the reason.

    Raises:
        UserError: as `check_members`.
    """
    check_members(ensembles, run)
    made, holes = {}, {}
    for name, members in ensembles.items():
        cells = tuple(cell for cell in run.cells if not _names(cell).isdisjoint(members))
        reasons = [
            f"{cell.activation}/{cell.selection}: {hole}" for cell in cells if (hole := run.hole(cell))
        ]
        if reasons:
            holes[name] = "incomplete: " + "; ".join(dict.fromkeys(reasons))
            continue
        tables = [table for cell in cells for table in read_tables(run, cell)]
        normalised = _combine([table.normalised(settings.clip_sigma) for table in tables])
        made[name] = Ensemble(cells, _rounded(_combine(tables)), normalised)
    return made, holes


def _names(cell: Cell) -> set[str]:
    """What a configuration may call this cell: with all other seeds, or alone."""
    entry = str(Entry(cell.activation, cell.selection))
    return {entry, f"{entry}/{cell.seed}"}


def _combine(members: Sequence[CellTables]) -> CellTables:
    """Fold by fold over members, and for test clips over folds too."""
    validation = tuple(together(folds) for folds in zip(*(m.validation for m in members), strict=True))
    test = [table for member in members for table in member.test]
    return CellTables(validation, (together(test),) if test else ())


def _rounded(tables: CellTables) -> CellTables:
    """As they are written, so that the files give the very scores of the table."""

    def single(table: Scored) -> Scored:
        return Scored(table.rows, table.scores.astype(np.float32))

    return CellTables(tuple(map(single, tables.validation)), tuple(map(single, tables.test)))


@dataclass(frozen=True)
class ScoredEnsembles:
    """All ensembles of a configuration."""

    members: Members
    made: Mapping[str, Ensemble]
    scores: Mapping[str, Mapping[What, Score]]
    """Of those made: blends alone."""
    holes: Mapping[str, str]
    """The others, with the reason."""


def ensemble_sums(made: Ensemble, pools: Pools, settings: ReportSettings) -> CellSums:
    """What the scores of an ensemble need: of one system, not of folds."""
    sums = cell_sums({"raw": made.raw, "normalised": made.normalised}, {}, pools, settings)
    return {what: found for what, found in sums.items() if what.score == "blend"}


def write_ensembles(run: Run, ensembles: Mapping[str, Ensemble], store: Store) -> None:
    """Write predictions.parquet of each into report/ensembles of the run's folder `store`."""
    stage = len(run.experiment.stages) - 1
    names = run.clips["fname"].to_numpy()
    for name, made in ensembles.items():
        tables = [("validation", table) for table in made.raw.validation]
        tables += [("test", table) for table in made.raw.test]
        parts = [_predictions(names[table.rows].tolist(), part, stage, table) for part, table in tables]
        store.write_table(f"report/ensembles/{name}/predictions.parquet", pa.concat_tables(parts))


def _predictions(names: list[str], part: str, stage: int, table: Scored) -> pa.Table:
    values = pa.array(table.scores.astype(np.float32).ravel())
    return pa.table(
        {
            "fname": pa.array(names, pa.string()),
            "scores": pa.FixedSizeListArray.from_arrays(values, table.scores.shape[1]),
            "part": pa.array([part] * len(names), pa.string()),
            "stage": pa.array([stage] * len(names), pa.int32()),
        }
    )
