"""A data set as an experiment sees it: clips in the order of the features, their labels, their folds."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from orchestrator.dataset.clip_table import ClipTable, read_dataset
from orchestrator.dataset.folds import assign_folds
from orchestrator.experiment.settings import Experiment
from orchestrator.plan.legs import digest
from trainable.sampling import Ints, Pools


@dataclass(frozen=True)
class Study:
    """Clips with labels and folds; a clip's row is the same in the features, the targets and here."""

    table: ClipTable
    fold_of: Ints
    """Fold of every verified clip: (verified,)."""

    @cached_property
    def targets(self) -> NDArray[np.uint8]:
        """Labels of all clips: (clips, classes)."""
        return self.table.targets()

    def data_id(self, features_hash: str) -> str:
        """Names features, labels and folds: all that training takes from the data set."""
        labels = hashlib.sha256(self.targets.tobytes()).hexdigest()
        folds = hashlib.sha256(self.fold_of.tobytes()).hexdigest()
        names = digest(self.table.clips["fname"].tolist())
        return digest([features_hash, labels, folds, names, list(self.table.vocabulary)])

    def to_arrow(self) -> pa.Table:
        """Columns fname, part, labels, usage, fold (-1: not verified)."""
        clips = self.table.clips
        fold = np.full(len(clips), -1, np.int32)
        fold[: len(self.fold_of)] = self.fold_of
        return pa.table(
            {
                "fname": pa.array(clips["fname"].tolist(), pa.string()),
                "part": pa.array(clips["part"].tolist(), pa.string()),
                "labels": pa.array(map(list, clips["labels"]), pa.list_(pa.string())),
                "usage": pa.array(clips["usage"].tolist(), pa.string()),
                "fold": fold,
            }
        )


def open_study(experiment: Experiment, folder: Path) -> Study:
    """Read the data set in `folder` and split its verified clips into folds.

    Raises:
        ValueError: anything is wrong with the data set; the message names file and line.
    """
    table = read_dataset(folder, experiment.data)
    verified = (table.clips["part"] == "verified").to_numpy()
    assert verified[: verified.sum()].all(), "verified clips come first"
    fold_of = assign_folds(table.targets()[verified], experiment.folds, experiment.fold_seed)
    return Study(table, fold_of)


@dataclass(frozen=True)
class Split:
    """Which rows a fold trains on, validates on and predicts."""

    pools: Pools
    validation: Ints
    test: Ints


def split(part: "pd.Series[str]", fold_of: Ints, fold: int) -> Split:
    """Fold `fold`: every unverified clip trains, the verified ones train but for the fold's own."""
    rows = {name: np.flatnonzero(part == name) for name in ("verified", "unverified", "test")}
    own = fold_of == fold
    return Split(Pools(rows["verified"][~own], rows["unverified"]), rows["verified"][own], rows["test"])
