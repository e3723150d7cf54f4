"""Ensembles of cells, named in the configuration: the geometric mean of their scores (section 2.3, table 3).

report/ensembles/<name>/predictions.parquet has the columns of a cell's predictions: validation clips by the
members' models of their own fold, test clips by the models of all folds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.legs.tables import predictions_table
from orchestrator.settings.report_settings import ReportSettings
from orchestrator.stats.grid import Cell, Hole
from orchestrator.stats.predictions import CellPredictions, ClipScores, together
from orchestrator.stats.scoring import CellSums, Pools, Score, ScoreKey, cell_sums

ENSEMBLES = "ensembles"
"""Folder in the report's."""


@dataclass(frozen=True)
class Ensemble:
    """Some cells as one system."""

    members: tuple[Cell, ...]
    raw: CellPredictions
    """Members' raw scores together; all folds as one model of the test clips."""
    normalised: CellPredictions
    """Members' scores, normalised first."""


@dataclass(frozen=True)
class ScoredEnsembles:
    """All ensembles of a configuration."""

    complete: Mapping[str, Ensemble]
    """Those whose members all have results."""
    scores: Mapping[str, Mapping[ScoreKey, Score]]
    """Of the complete ones: blends alone."""
    holes: Mapping[str, Hole]
    """The others, with the reason."""


def members_of(run: Run) -> dict[str, tuple[Cell, ...]]:
    """The cells of each ensemble; a member that names no seed stands for its cells of all seeds."""
    return {
        name: tuple(cell for cell in run.cells if not _names(cell).isdisjoint(members))
        for name, members in run.experiment.ensembles.items()
    }


def _names(cell: Cell) -> set[str]:
    """What a configuration may call this cell: with all other seeds, or alone."""
    return {str(cell.entry), f"{cell.entry}/{cell.seed}"}


def ensemble_hole(members: Sequence[Cell], holes: Mapping[Cell, Hole]) -> Hole | None:
    """Why cells cannot be an ensemble, given those without a result; None where they can."""
    reasons = [f"{cell.entry}: {holes[cell]}" for cell in members if cell in holes]
    return Hole("incomplete", "; ".join(dict.fromkeys(reasons))) if reasons else None


def make_ensemble(
    members: Sequence[Cell], predictions: Mapping[Cell, CellPredictions], settings: ReportSettings
) -> Ensemble:
    """The ensemble of `members`, given what each predicts at the end of its last stage."""
    raw = [predictions[cell] for cell in members]
    normalised = [member.normalised(settings.clip_sigma) for member in raw]
    return Ensemble(tuple(members), _rounded(_combine(raw)), _combine(normalised))


def _combine(members: Sequence[CellPredictions]) -> CellPredictions:
    """Fold by fold over members, and for test clips over folds too."""
    validation = tuple(together(folds) for folds in zip(*(m.validation for m in members), strict=True))
    test = [model for member in members for model in member.test]
    return CellPredictions(validation, (together(test),) if test else ())


def _rounded(predictions: CellPredictions) -> CellPredictions:
    """As they are written, so that the files give the very scores of the table."""

    def single(model: ClipScores) -> ClipScores:
        return ClipScores(model.rows, model.scores.astype(np.float32))

    return CellPredictions(tuple(map(single, predictions.validation)), tuple(map(single, predictions.test)))


def ensemble_sums(ensemble: Ensemble, pools: Pools, settings: ReportSettings) -> CellSums:
    """What the scores of an ensemble need: of one system, not of folds."""
    sums = cell_sums({"raw": ensemble.raw, "normalised": ensemble.normalised}, {}, pools, settings)
    return {key: clip_sums for key, clip_sums in sums.items() if key.average == "blend"}


def write_ensembles(run: Run, ensembles: Mapping[str, Ensemble], report: Store) -> None:
    """Write ensembles/<name>/predictions.parquet into the report's folder."""
    stage = len(run.experiment.stages) - 1
    names = run.clips["fname"].tolist()
    for name, ensemble in ensembles.items():
        models = [("validation", model) for model in ensemble.raw.validation]
        models += [("test", model) for model in ensemble.raw.test]
        table = pa.concat_tables(
            predictions_table(model.rows, model.scores, names, part, stage) for part, model in models
        )
        report.write_table(f"{ENSEMBLES}/{name}/{artifacts.PREDICTIONS}", table)
