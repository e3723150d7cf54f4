"""A data set as an experiment sees it: clips that can be used, their labels and folds, known label errors.

Bad files are told by their headers, before anything long begins, and refused or left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestrator.data.clip_table import ClipTable, read_dataset
from orchestrator.data.folds import assign_folds
from orchestrator.data.fsdkaggle2019 import NOISE_TRUTH
from orchestrator.data.groups import FoldGroup, group_clips
from orchestrator.data.layouts import PARTS, DataSettings
from orchestrator.data.sound_files import check_sound
from orchestrator.data.tables import Kind, Problem, Problems, read_columns
from orchestrator.files.integrity import digest
from trainable.arrays import Ints
from trainable.errors import UserError
from trainable.sampling import TrainingClips

THREADS = 16
"""Files looked at once: on a network's disk that is where the time goes."""
SHOWN = 10
"""Bad files or classes listed in one message."""
COLUMNS = ("fname", "given", "true", "kind")
KIND: Kind = "list of label errors"


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

    def rows_of(self, fold: int) -> FoldRows:
        """Fold `fold`: every unverified clip trains, the verified ones train but for the fold's own."""
        part = self.table.clips["part"]
        rows = {name: np.flatnonzero(part == name) for name in PARTS}
        own = self.fold_of == fold
        training = TrainingClips(rows["verified"][~own], rows["unverified"])
        return FoldRows(training, rows["verified"][own], rows["test"])


@dataclass(frozen=True)
class FoldRows:
    """Rows that a fold trains on, validates on and predicts."""

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


class BadClips(UserError):
    """Clips that cannot be used, all of one pass over the data set."""

    def __init__(self, reasons: Mapping[str, str], total: int) -> None:
        self.reasons = dict(reasons)
        shown = "\n  ".join(list(self.reasons.values())[:SHOWN])
        more = f"\n  and {len(reasons) - SHOWN} more" if len(reasons) > SHOWN else ""
        super().__init__(
            f"{len(reasons)} of {total} clips cannot be used:\n  {shown}{more}\n"
            "with --set data.bad_clips=skip they are left out"
        )


def without_bad(table: ClipTable, settings: DataSettings) -> ClipTable:
    """The clips whose files are sound by their headers.

    Raises:
        BadClips: some are not, and the settings say to stop.
    """
    names, paths = table.clips["fname"], table.clips["path"]
    with ThreadPoolExecutor(THREADS) as pool:
        told = pool.map(_reason, paths, chunksize=1)
    reasons = {fname: reason for fname, reason in zip(names, told, strict=True) if reason}
    if reasons and settings.bad_clips == "stop":
        raise BadClips(reasons, len(names))
    return table.without(reasons)


def _reason(path: str) -> str:
    """Why a file cannot be used; empty where its header is in order."""
    try:
        check_sound(path)
    except UserError as error:
        return str(error)
    return ""


def read_noise_truth(folder: Path, table: ClipTable, problems: Problems | None = None) -> pd.DataFrame | None:
    """Known label errors of the unverified clips of `table`: COLUMNS; None where the data set knows none.

    Raises:
        UserError: the file is malformed, or names a clip twice or one that is not unverified; names the line.
    """
    path = folder / NOISE_TRUTH
    if not path.exists():
        return None
    problems = problems or Problems()
    lines = read_columns(path, COLUMNS, problems, KIND)
    unverified = set(table.clips["fname"][table.clips["part"] == "unverified"])
    seen: set[str] = set()
    for number, values in lines:
        fname = values["fname"]
        if fname not in unverified and fname not in table.skipped:
            problems.stop(Problem.at(KIND, path, number, f"{fname} is no unverified clip of this data set"))
        if fname in seen:
            problems.stop(Problem.at(KIND, path, number, f"{fname} is there twice"))
        seen.add(fname)
    kept = [values for _, values in lines if values["fname"] in unverified]
    return pd.DataFrame(kept, columns=list(COLUMNS), dtype=str)
