"""Scores as files: CSV or JSON, and a submission to the Kaggle competition Freesound Audio Tagging 2019.

The form of a submission is the competition's sample_submission.csv: the rows and columns that it wants.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from orchestrator.data.layouts import SUBMISSION, kaggle_test_folder, read_submission
from orchestrator.data.tables import Problems
from orchestrator.files.store import Store, json_bytes
from orchestrator.tagging.predict import ScoreFolder, TaggedWith, TaggingResults
from orchestrator.tagging.tag import Hearing, Tagged
from trainable.arrays import Array
from trainable.errors import UserError
from trainable.tagger import Tagger

SHOWN = 5
"""Names listed in a message."""
ROWS = {
    1120: " (the public test clips)",
    3361: " (the private test clips)",
    4481: " (all test clips)",
}
"""Sizes that the competition's form has had."""


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class WindowTags(_Written):
    """Scores of a window of a long recording."""

    start: float
    """Seconds from the recording's start."""
    end: float
    scores: dict[str, float]
    """Score of every class."""


class RecordingTags(_Written):
    """Scores of a recording."""

    path: str
    seconds: float
    scores: dict[str, float]
    """Score of every class; of a long recording the highest of its windows."""
    windows: tuple[WindowTags, ...]
    """Windows of a recording that is longer than one clip."""


class TagsFile(_Written):
    """The file of `stagegrid predict --json`."""

    system: str
    """Name of the cell or ensemble."""
    recordings: tuple[RecordingTags, ...]
    bad: dict[str, str]
    """Recordings that could not be tagged, with the reason."""


def write_json(path: str, system: str, vocabulary: Sequence[str], done: TaggingResults) -> None:
    """Write all scores with their classes' names to the JSON file `path`."""
    recordings = tuple(_recording(tagged, vocabulary) for tagged in done.tagged)
    reasons = {bad.path: bad.reason for bad in done.bad}
    store, name = store_and_name(path)
    store.write(name, json_bytes(TagsFile(system=system, recordings=recordings, bad=reasons)))


def _recording(tagged: Tagged, vocabulary: Sequence[str]) -> RecordingTags:
    def by_class(scores_C: Array) -> dict[str, float]:
        return dict(zip(vocabulary, scores_C.tolist(), strict=True))

    windows = tuple(
        WindowTags(start=start, end=end, scores=by_class(scores_C))
        for (start, end), scores_C in zip(tagged.spans, tagged.scores_WC, strict=True)
    )
    return RecordingTags(
        path=tagged.path,
        seconds=tagged.seconds,
        scores=by_class(tagged.scores_C),
        windows=windows if len(windows) > 1 else (),
    )


def write_csv(path: str, vocabulary: Sequence[str], done: TaggingResults, windows: bool = False) -> None:
    """Write a CSV file: path and a column for each class; `windows`: a line for each, with start and end."""
    store, name = store_and_name(path)
    if windows:
        titles = ["path", "start", "end"]
        lines = [
            ([tagged.path, *span], scores_C)
            for tagged in done.tagged
            for span, scores_C in zip(tagged.spans, tagged.scores_WC, strict=True)
        ]
    else:
        titles, lines = ["path"], [([tagged.path], tagged.scores_C) for tagged in done.tagged]
    store.write(name, csv_bytes([*titles, *vocabulary], lines))


def csv_bytes(titles: Sequence[str], lines: Iterable[tuple[Sequence[object], Array]]) -> bytes:
    """A CSV file: a line begins with the given values, then come scores, with as many digits as they need."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([*values, *scores_C.astype(np.float32).astype(str)] for values, scores_C in lines)
    return buffer.getvalue().encode("utf-8", "surrogateescape")


def store_and_name(path: str) -> tuple[Store, str]:
    """Folder and name of a file that the user has named: a path, or s3://...

    Raises:
        UserError: it names no file.
    """
    folder, _, name = path.rpartition("/")
    is_address = "://" in path
    if not name or folder.endswith(":/") or (not is_address and Path(path).is_dir()):
        raise UserError(f"{path!r} is no name of a file")
    return Store.open(folder if is_address else Path(path).parent), name


def scores_in(folder: str, tagger: Tagger, hearing: Hearing) -> ScoreFolder:
    """A folder that the user has named for the scores, which stay there.

    Raises:
        UserError: the folder holds something else.
    """
    return ScoreFolder.open(Store.open(folder), TaggedWith.of(tagger.file, hearing))


def scores_beside(path: str, tagger: Tagger, hearing: Hearing) -> ScoreFolder:
    """The folder `<path>.parts`, which keeps the scores until the file `path` is written."""
    store, name = store_and_name(path)
    return ScoreFolder.open(store / f"{name}.parts", TaggedWith.of(tagger.file, hearing), replace=True)


@dataclass(frozen=True)
class Form:
    """The form of a submission: the clips and classes that it has to score."""

    fnames: tuple[str, ...]
    """Names of the clips, row by row."""
    classes: tuple[str, ...]
    """Columns after the first."""
    folder: Path
    """Folder of the clips' files."""

    @property
    def paths(self) -> list[str]:
        """Paths of the clips, row by row."""
        return [str(self.folder / fname) for fname in self.fnames]

    @property
    def which(self) -> str:
        """Which of the competition's forms this is, in words; empty where it is none."""
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


def write_submission(path: str, form: Form, vocabulary: Sequence[str], done: TaggingResults) -> None:
    """Write the form, filled in with these scores, to the file `path`."""
    scores = {tagged.path: tagged.scores_C for tagged in done.tagged}
    columns = [vocabulary.index(name) for name in form.classes]
    rows = [scores[clip][columns] for clip in form.paths]
    assert np.isfinite(rows).all(), "bad recordings are told before"
    store, name = store_and_name(path)
    lines = (([fname], row) for fname, row in zip(form.fnames, rows, strict=True))
    store.write(name, csv_bytes(["fname", *form.classes], lines))
