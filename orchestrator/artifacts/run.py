"""A run's folder from the outside: what was planned, what is there. Reports need nothing else.

OUT/run.json            Manifest
    clips.parquet       fname, part, labels, usage, fold (see Study.to_arrow)
    noise_truth.parquet fname, given, true, kind; only where the data set knows its label errors
    features/<id>/      see feature_set
    legs/<leg id>/      see results
    report/             see report
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from orchestrator.artifacts.fold_files import fold_folder
from orchestrator.experiment.settings import Experiment, parse_experiment
from orchestrator.plan.legs import Cell, is_done
from orchestrator.storage.store import Store


class PlannedLeg(BaseModel):
    """A leg as the manifest lists it."""

    id: str
    label: str
    parent: str | None
    first: int
    """Index of its first own stage."""
    iterations: int
    """Its own, without its parents'."""
    last_iteration: int
    """Iterations from the root of the tree to its end."""


class PlannedCell(BaseModel):
    """An entry of the grid and the leg at whose end its model is."""

    activation: str
    selection: str
    seed: int
    leg: str

    @property
    def cell(self) -> Cell:
        """The cell that this is about."""
        return Cell(self.activation, self.selection, self.seed)


class Timing(BaseModel):
    """How long the training of a whole grid took."""

    seconds: float
    runs: int
    """Ray Train runs."""
    runs_at_once: int
    share: float
    """Of a device (a GPU, or a CPU where there are none) for each fold."""


class Manifest(BaseModel):
    """What a run is: enough to tell what its numbers mean, and to do it again."""

    config: dict[str, Any]
    """All settings, as parsed."""
    source: str
    """The configuration file."""
    assignments: list[str]
    """What --set changed in it."""
    vocabulary: list[str]
    layout: str
    dropped: list[str]
    """Officially bad clips that were left out."""
    data_folder: str
    features: str
    """Content hash of the features."""
    data_id: str
    """Features, labels and folds."""
    legs: list[PlannedLeg]
    cells: list[PlannedCell]
    iterations: int
    """Iterations of one fold of the whole grid with shared stems."""
    iterations_alone: int
    """The same with every cell trained on its own."""
    environment: dict[str, str]
    """Versions, hardware, git commit."""
    started: str
    """UTC, ISO 8601; of the last time that the command ran."""
    seconds: float | None = None
    """How long that took; None while it runs or where it was killed."""
    timing: Timing | None = None
    """Of the training, where one command has done all of it."""


@dataclass(frozen=True)
class FoldScores:
    """A fold's predictions of one kind of clips at the end of one stage."""

    rows: NDArray[np.int64]
    """Rows of `Run.clips`: (n,)."""
    scores: NDArray[np.float32]
    """Raw fused scores: (n, classes)."""


@dataclass(frozen=True)
class Run:
    """The folder of a run, finished or not."""

    store: Store
    manifest: Manifest

    @classmethod
    def open(cls, store: Store) -> "Run":
        """The run in this folder.

        Raises:
            ValueError: there is none, or its manifest is not one of ours.
        """
        if not store.exists("run.json"):
            raise ValueError(f"{store}: no run is here (run.json is missing): start one with stagegrid run")
        try:
            return cls(store, Manifest.model_validate(store.read_json("run.json")))
        except ValidationError as error:
            raise ValueError(f"{store}/run.json is not a manifest of this version: {error}") from error

    @cached_property
    def experiment(self) -> Experiment:
        """The run's settings."""
        return parse_experiment(self.manifest.config, f"{self.store}/run.json")

    @cached_property
    def clips(self) -> pd.DataFrame:
        """All clips in the order of the features: fname, part, labels, usage, fold."""
        frame: pd.DataFrame = self.store.read_table("clips.parquet").to_pandas()
        return frame

    @cached_property
    def targets(self) -> NDArray[np.uint8]:
        """Labels of all clips: (clips, classes); a row without labels: unknown."""
        index = {name: column for column, name in enumerate(self.manifest.vocabulary)}
        targets = np.zeros((len(self.clips), len(index)), np.uint8)
        for row, labels in enumerate(self.clips["labels"]):
            targets[row, [index[label] for label in labels]] = 1
        return targets

    @property
    def noise_truth(self) -> pd.DataFrame | None:
        """Known label errors of unverified clips: fname, given, true, kind; None where nobody knows."""
        if not self.store.exists("noise_truth.parquet"):
            return None
        frame: pd.DataFrame = self.store.read_table("noise_truth.parquet").to_pandas()
        return frame

    @property
    def cells(self) -> dict[Cell, str]:
        """All cells of the grid in the order of the configuration, with their last legs."""
        return {planned.cell: planned.leg for planned in self.manifest.cells}

    def leg(self, leg: str) -> Store:
        """A leg's folder."""
        return self.store / "legs" / leg

    def hole(self, cell: Cell) -> str | None:
        """Why this cell has no result: `failed: ...` or `not run`; None where it has one."""
        by_id = {leg.id: leg for leg in self.manifest.legs}
        leg: str | None = self.cells[cell]
        if leg and is_done(self.leg(leg)):
            return None
        while leg:
            if self.leg(leg).exists("failure.json"):
                return f"failed: {self.leg(leg).read_json('failure.json')['reason']}"
            leg = by_id[leg].parent
        return "not run"

    def predictions(self, cell: Cell, fold: int, part: str, stage: int | None = None) -> FoldScores:
        """Scores of `part` (validation | test) by a fold of a cell, when `stage` ended (None: the last)."""
        table = self._read(cell, fold, "predictions.parquet")
        stages = table["stage"].to_numpy()
        wanted = (stages == (stages.max() if stage is None else stage)) & (
            np.asarray(table["part"].to_pylist()) == part
        )
        return self._scores(table.filter(pa.array(wanted)))

    def unverified_scores(self, cell: Cell, fold: int) -> FoldScores:
        """Scores of all unverified clips by a fold's final model.

        Raises:
            FileNotFoundError: no selection of this cell has judged unverified clips.
        """
        return self._scores(self._read(cell, fold, "unverified.parquet"))

    def _scores(self, table: pa.Table) -> FoldScores:
        scores = table["scores"].combine_chunks().flatten().to_numpy()
        rows = [self._row_of[name] for name in table["fname"].to_pylist()]
        return FoldScores(np.array(rows, np.int64), scores.reshape(len(rows), len(self.manifest.vocabulary)))

    def curves(self, cell: Cell, fold: int) -> pd.DataFrame:
        """One row an iteration: iteration, stage and the columns of trainable.record.CURVES."""
        frame: pd.DataFrame = self._read(cell, fold, "curves.parquet").to_pandas()
        return frame

    def judgements(self, cell: Cell, fold: int) -> pd.DataFrame:
        """What the selection made of every unverified clip: iteration, stage, fname, loss, keep."""
        frame: pd.DataFrame = self._read(cell, fold, "judgements.parquet").to_pandas()
        return frame

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {name: row for row, name in enumerate(self.clips["fname"])}

    def _read(self, cell: Cell, fold: int, name: str) -> pa.Table:
        return fold_folder(self.leg(self.cells[cell]), fold).read_table(name)
