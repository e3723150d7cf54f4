"""A data set as an experiment sees it: clips in the order of the features, their labels, their folds."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from orchestrator.data.bad_clips import without_bad
from orchestrator.data.clip_table import ClipTable, read_dataset
from orchestrator.data.folds import assign_folds
from orchestrator.data.groups import FoldGroup, group_clips
from orchestrator.data.layouts import PARTS, DataSettings
from orchestrator.data.noise_truth import read_noise_truth
from orchestrator.files.integrity import digest
from trainable.arrays import Ints
from trainable.errors import UserError
from trainable.sampling import TrainingClips

SHOWN = 10
"""Classes listed in one message."""


@dataclass(frozen=True)
class FoldedDataset:
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

    @property
    def thin_classes(self) -> dict[str, int]:
        """Classes with fewer verified clips than folds, with their counts: some folds validate without."""
        folds = int(self.fold_of.max()) + 1
        counts = self.targets[: len(self.fold_of)].sum(0, dtype=int).tolist()
        return {name: n for name, n in zip(self.table.vocabulary, counts, strict=True) if n < folds}

    def rows_of(self, fold: int) -> "FoldRows":
        """Fold `fold`: every unverified clip trains, the verified ones train but for the fold's own."""
        part = self.table.clips["part"]
        rows = {name: np.flatnonzero(part == name) for name in PARTS}
        own = self.fold_of == fold
        training = TrainingClips(rows["verified"][~own], rows["unverified"])
        return FoldRows(training, rows["verified"][own], rows["test"])


@dataclass(frozen=True)
class FoldRows:
    """Which rows a fold trains on, validates on and predicts."""

    training: TrainingClips
    validation: Ints
    test: Ints


def open_dataset(
    folder: Path, settings: DataSettings, folds: int, fold_seed: int, group: FoldGroup = "none"
) -> FoldedDataset:
    """Read the data set in `folder` and split its verified clips into folds, which keep groups together.

    Raises:
        UserError: anything is wrong with the data set; the message names file and line.
    """
    table = without_bad(read_dataset(folder, settings), settings)
    read_noise_truth(folder, table)  # refused here, not after the features
    return fold_dataset(table, folds, fold_seed, group)


class ClassesMissing(UserError):
    """Classes without a verified clip."""


def fold_dataset(table: ClipTable, folds: int, fold_seed: int, group: FoldGroup = "none") -> FoldedDataset:
    """Split the verified clips of `table` into folds, which keep groups together.

    Raises:
        UserError: there are fewer groups than folds, or no groups, or a class has no clip.
    """
    verified = (table.clips["part"] == "verified").to_numpy()
    assert verified[: verified.sum()].all(), "verified clips come first"
    targets = table.targets()[verified]
    missing = [name for name, count in zip(table.vocabulary, targets.sum(0), strict=True) if not count]
    if missing:
        shown = ", ".join(missing[:SHOWN]) + (" ..." if len(missing) > SHOWN else "")
        raise ClassesMissing(
            f"{len(missing)} of {len(table.vocabulary)} classes have no verified clip, so nothing can be "
            f"learned or validated of them: {shown}: add clips or take them out of the vocabulary"
        )
    group_of = group_clips(table.clips[verified], group)
    return FoldedDataset(table, assign_folds(targets, folds, fold_seed, group_of))
