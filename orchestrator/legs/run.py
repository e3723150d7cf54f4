"""A run's folder from the outside: what was planned, what is there. Reports need nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from orchestrator.data.clip_table import multi_hot
from orchestrator.files.integrity import Damage, read_intact
from orchestrator.files.store import Store, table_of
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import RunManifest
from orchestrator.legs.folders import LegFolder, LegFolders
from orchestrator.legs.plan import Leg
from orchestrator.settings.loading import parse_experiment
from orchestrator.settings.tree import Experiment
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.inputs import ClipScores
from trainable.arrays import Ints
from trainable.errors import UserError, did_you_mean

Part = Literal["validation", "test"]


@dataclass(frozen=True)
class Predictions:
    """All that a fold has predicted."""

    scores: ClipScores
    part: NDArray[np.str_]
    """Of each row: validation or test."""
    stage: Ints
    """Of each row: the stage at whose end it was scored."""

    def of(self, part: Part, stage: int | None = None) -> ClipScores:
        """Scores of one part when `stage` ended (None: the last)."""
        wanted = (self.stage == (self.stage.max() if stage is None else stage)) & (self.part == part)
        return ClipScores(self.scores.rows[wanted], self.scores.scores[wanted])


@dataclass(frozen=True)
class Run:
    """The folder of a run of the whole grid, finished or not (no run of Ray Train or MLflow)."""

    store: Store
    manifest: RunManifest

    @classmethod
    def open(cls, store: Store) -> Run:
        """The run in this folder.

        Raises:
            UserError: there is none, or its manifest is not one of ours.
        """
        try:
            return cls(store, store.read_model(artifacts.RUN, RunManifest))
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"{store}: no run is here ({artifacts.RUN} is missing): "
                + (_run_beside(store) or "start one with stagegrid run")
            ) from None

    @cached_property
    def experiment(self) -> Experiment:
        """The run's settings."""
        return parse_experiment(self.manifest.config, f"{self.store}/{artifacts.RUN}")

    @cached_property
    def clips(self) -> pd.DataFrame:
        """All clips in the order of the features: fname, part, labels, usage, fold."""
        return self._own_table(artifacts.CLIPS)

    def _own_table(self, name: str) -> pd.DataFrame:
        content = read_intact(self.store, name, self.manifest.files[name])
        frame: pd.DataFrame = table_of(content).to_pandas()
        return frame

    @cached_property
    def targets(self) -> NDArray[np.uint8]:
        """Labels of all clips: (clips, classes); a row without labels: unknown."""
        return multi_hot(self.clips["labels"], self.manifest.vocabulary)

    def rows_of(self, names: Sequence[str]) -> Ints:
        """Rows of `clips` by file names: (n,)."""
        rows = self._index.get_indexer(pd.Index(names, dtype=str))
        assert (rows >= 0).all(), "a clip that the run does not have"
        return rows.astype(np.int64)

    @cached_property
    def _index(self) -> pd.Index[str]:
        index: pd.Index[str] = pd.Index(self.clips["fname"], dtype=str)
        return index

    @property
    def noise_truth(self) -> pd.DataFrame | None:
        """Known label errors of unverified clips: fname, given, true, kind; None where nobody knows."""
        return (
            self._own_table(artifacts.NOISE_TRUTH) if artifacts.NOISE_TRUTH in self.manifest.files else None
        )

    @property
    def cells(self) -> dict[Cell, str]:
        """All cells of the grid in the order of the configuration, with their last legs."""
        return self.manifest.cells

    @cached_property
    def entries(self) -> dict[Entry, list[Cell]]:
        """All entries, row by row, with the cells of their seeds."""
        experiment = self.experiment
        return {
            Entry(row, column): [Cell(row, column, seed) for seed in experiment.seeds]
            for row in experiment.activations
            for column in experiment.selections
        }

    @cached_property
    def legs(self) -> LegFolders:
        """The folders of the legs."""
        return LegFolders.of(self.store)

    def leg_of(self, cell: Cell) -> LegFolder:
        """Folder of the leg at whose end the cell's model is."""
        return self.legs[self.cells[cell]]

    def hole(self, cell: Cell) -> Hole | None:
        """Why this cell has no result; None where it has one."""
        if damages := self.damages.get(self.cells[cell]):
            return Hole("damaged", str(damages[0]))
        if self.leg_of(cell).is_done:
            return None
        for leg in self.way(self.cells[cell]):
            if failure := self.legs[leg.id].failure():
                return Hole("failed", failure.reason)
        return Hole("not run")

    @cached_property
    def damages(self) -> dict[str, list[Damage]]:
        """What is wrong with the files of trained legs, by the leg's id: read once, all of it."""
        return self.legs.damages(leg.id for leg in self.manifest.legs)

    def way(self, end: str) -> list[Leg]:
        """A leg and those it grows from, up to the root."""
        by_id = {leg.id: leg for leg in self.manifest.legs}
        way = [by_id[end]]
        while way[-1].parent:
            way.append(by_id[way[-1].parent])
        return way

    def predictions(self, cell: Cell, fold: int) -> Predictions:
        """What a fold of a cell has predicted at the end of each stage."""
        table = self._read(cell, fold, artifacts.PREDICTIONS)
        part, stage = (np.asarray(table[name].to_pylist()) for name in ("part", "stage"))
        return Predictions(self._scores(table), part, stage)

    def unverified_scores(self, cell: Cell, fold: int) -> ClipScores:
        """Scores of all unverified clips by a fold's final model.

        Raises:
            FileNotFoundError: no selection of this cell has judged unverified clips.
        """
        return self._scores(self._read(cell, fold, artifacts.UNVERIFIED))

    def _scores(self, table: pa.Table) -> ClipScores:
        scores = table["scores"].combine_chunks().flatten().to_numpy()
        rows = self.rows_of(table["fname"].to_pylist())
        return ClipScores(rows, scores.reshape(len(rows), len(self.manifest.vocabulary)))

    def curves(self, cell: Cell, fold: int) -> pd.DataFrame:
        """The curves of a fold of a cell, a row for each iteration: `legs.tables.CURVE_COLUMNS`."""
        frame: pd.DataFrame = self._read(cell, fold, artifacts.CURVES).to_pandas()
        return frame

    def judgements(self, cell: Cell, fold: int) -> pd.DataFrame:
        """What the selection made of every unverified clip: `legs.tables.JUDGEMENT_COLUMNS`."""
        frame: pd.DataFrame = self._read(cell, fold, artifacts.JUDGEMENTS).to_pandas()
        return frame

    def _read(self, cell: Cell, fold: int, name: str) -> pa.Table:
        return table_of(self.leg_of(cell).fold(fold).read(name))


def _run_beside(store: Store) -> str:
    """The question whether the run beside this folder of the most similar name is meant; empty: none is."""
    folder = Path(store.base)
    if not store.is_local or not folder.parent.is_dir():
        return ""
    runs = {path.parent.name: str(path.parent) for path in folder.parent.glob(f"*/{artifacts.RUN}")}
    return did_you_mean(folder.name, runs, before="", shown=runs)
