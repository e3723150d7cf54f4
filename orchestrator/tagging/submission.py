"""A submission to the Kaggle competition Freesound Audio Tagging 2019.

Its form is sample_submission.csv: the rows and columns that a submission has, in that order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from orchestrator.data.layouts import SUBMISSION, kaggle_test_folder, read_submission
from orchestrator.data.tables import Problems
from orchestrator.tagging.outputs import csv_bytes, file_place
from orchestrator.tagging.predict import Predictions
from trainable.errors import UserError

SHOWN = 5
"""Names listed in one message."""
ROWS = {
    1120: " (the public test clips)",
    3361: " (the private test clips)",
    4481: " (all test clips)",
}
"""Sizes that the competition's form has had."""


@dataclass(frozen=True)
class Form:
    """What a submission has to fill in."""

    fnames: tuple[str, ...]
    """Rows."""
    classes: tuple[str, ...]
    """Columns after the first."""
    folder: Path
    """Of the clips."""

    @property
    def paths(self) -> list[str]:
        """Of the clips, row by row."""
        return [str(self.folder / fname) for fname in self.fnames]

    @property
    def which(self) -> str:
        """Which form of the competition this is, where it is one."""
        return ROWS.get(len(self.fnames), "")


def read_form(data: Path, vocabulary: Sequence[str]) -> Form:
    """The form in the folder of Kaggle's data, for a model of these classes.

    Raises:
        UserError: it is missing or malformed, its classes are not the model's, or a clip is not there.
    """
    path = data / SUBMISSION
    classes, fnames = read_submission(path, Problems())
    _check_classes(path, classes, vocabulary)
    _check_rows(path, fnames)
    form = Form(fnames, classes, kaggle_test_folder(data))
    missing = [clip for clip in form.paths if not Path(clip).is_file()]
    if missing:
        raise UserError(f"{len(missing)} clips of {path} are missing: {_some(missing)}")
    return form


def _check_classes(path: Path, classes: Sequence[str], vocabulary: Sequence[str]) -> None:
    """The model's order may differ: columns are found by name."""
    unknown = [name for name in classes if name not in set(vocabulary)]
    absent = [name for name in vocabulary if name not in set(classes)]
    if unknown or absent:
        lacks = f"the model does not know {_some(unknown)}" if unknown else ""
        extra = f"the form has no column for {_some(absent)}" if absent else ""
        why = "; ".join(filter(None, (lacks, extra)))
        raise UserError(f"{path}: its classes are not the model's: {why}: train on the competition's data")


def _check_rows(path: Path, fnames: Sequence[str]) -> None:
    if not fnames:
        raise UserError(f"{path}: names no clip")
    if wrong := [name for name in fnames if not name.strip() or "/" in name or "\\" in name]:
        raise UserError(f"{path}: {_some(wrong)} is no name of a clip")
    if len(set(fnames)) < len(fnames):
        twice = [name for name in dict.fromkeys(fnames) if fnames.count(name) > 1]
        raise UserError(f"{path}: names clips twice: {_some(twice)}")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(name[:100] or "an empty one" for name in names[:SHOWN])
    return shown + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def write_submission(place: str, form: Form, vocabulary: Sequence[str], done: Predictions) -> None:
    """Fill in the form."""
    scores = {one.path: one.scores_C for one in done.tagged}
    columns = [vocabulary.index(name) for name in form.classes]
    rows = [scores[path][columns] for path in form.paths]
    assert np.isfinite(rows).all(), "bad recordings are told before"
    store, name = file_place(place)
    lines = (([fname], row) for fname, row in zip(form.fnames, rows, strict=True))
    store.write(name, csv_bytes(["fname", *form.classes], lines))
