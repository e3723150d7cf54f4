"""A run's data set without the clips that are known to be bad: noted when they could not be decoded.

    features/bad-<id>.json    what could not be decoded of the files that <id> names

Without the note every command would decode all clips again, to find the same ones.
"""

from collections import Counter
from pathlib import Path

from pydantic import BaseModel

from orchestrator.data.folded import FoldedDataset, fold_dataset, open_dataset
from orchestrator.features.feature_set import features_id, sets_of
from orchestrator.files.store import Store
from orchestrator.settings.tree import Experiment
from trainable.errors import UserError


class BadNote(BaseModel):
    """bad-<id>.json."""

    reasons: dict[str, str]
    """What is wrong with each bad clip, by its file's name."""


def note_bad_clips(
    out: Store, dataset: FoldedDataset, experiment: Experiment, reasons: dict[str, str]
) -> None:
    """Remember which clips of the data set could not be decoded."""
    sets_of(out).write_model(_name(dataset, experiment), BadNote(reasons=reasons))


def open_readable(folder: Path, experiment: Experiment, out: Store) -> FoldedDataset:
    """The data set without the clips that are known to be bad, where the settings say to skip them.

    Raises:
        UserError: as `open_dataset`.
    """
    dataset = open_dataset(
        folder, experiment.data, experiment.folds, experiment.fold_seed, experiment.fold_group
    )
    _check_parts(dataset, experiment)
    if experiment.data.bad_clips == "stop":
        return dataset
    try:
        note = sets_of(out).read_model(_name(dataset, experiment), BadNote)
    except (FileNotFoundError, UserError):  # a damaged note is found anew
        return dataset
    return left_out(dataset, experiment, note.reasons)


def left_out(dataset: FoldedDataset, experiment: Experiment, reasons: dict[str, str]) -> FoldedDataset:
    """The data set without these clips, its folds dealt anew."""
    left = fold_dataset(
        dataset.table.without(reasons), experiment.folds, experiment.fold_seed, experiment.fold_group
    )
    _check_parts(left, experiment)
    return left


def _check_parts(dataset: FoldedDataset, experiment: Experiment) -> None:
    try:
        experiment.check_parts(Counter(dataset.table.clips["part"]))
    except ValueError as error:
        raise UserError(str(error)) from None


def _name(dataset: FoldedDataset, experiment: Experiment) -> str:
    return f"bad-{features_id(dataset.table, experiment.audio)}.json"
