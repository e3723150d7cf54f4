"""Scores as files: a CSV or JSON file for people and other programs."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from orchestrator.files.store import Store, json_bytes
from orchestrator.tagging.parts import Parts, TaggingJob
from orchestrator.tagging.predict import Predictions
from orchestrator.tagging.tag import Hearing, Tagged
from trainable.arrays import Array
from trainable.errors import UserError
from trainable.tagger import Tagger


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class WindowTags(_Written):
    """A window of a long recording."""

    start: float
    """Seconds."""
    end: float
    """Seconds."""
    scores: dict[str, float]
    """Of every class."""


class RecordingTags(_Written):
    """A recording."""

    path: str
    seconds: float
    scores: dict[str, float]
    """Of every class; of a long recording each class's highest."""
    windows: tuple[WindowTags, ...]
    """Of a recording that is longer than one clip."""


class TagsFile(_Written):
    """The file of `stagegrid predict --json`."""

    system: str
    """Name of the cell or ensemble."""
    recordings: tuple[RecordingTags, ...]
    bad: dict[str, str]
    """Recordings that could not be tagged, with the reason."""


def write_json(place: str, system: str, vocabulary: Sequence[str], done: Predictions) -> None:
    """Write all scores with their classes' names."""
    recordings = tuple(_recording(one, vocabulary) for one in done.tagged)
    bad = {one.path: one.reason for one in done.bad}
    store, name = file_place(place)
    store.write(name, json_bytes(TagsFile(system=system, recordings=recordings, bad=bad)))


def _recording(one: Tagged, vocabulary: Sequence[str]) -> RecordingTags:
    def by_class(scores: Sequence[float]) -> dict[str, float]:
        return dict(zip(vocabulary, scores, strict=True))

    rows = zip(one.spans, one.scores_WC.tolist(), strict=True) if len(one.spans) > 1 else ()
    windows = tuple(WindowTags(start=span[0], end=span[1], scores=by_class(row)) for span, row in rows)
    scores = by_class(one.scores_C.tolist())
    return RecordingTags(path=one.path, seconds=one.seconds, scores=scores, windows=windows)


def write_csv(place: str, vocabulary: Sequence[str], done: Predictions, windows: bool = False) -> None:
    """Write path and a column for each class; `windows`: a line for each window, with start and end."""
    store, name = file_place(place)
    if windows:
        titles = ["path", "start", "end"]
        spans = [
            ([one.path, *span], scores_C)
            for one in done.tagged
            for span, scores_C in zip(one.spans, one.scores_WC, strict=True)
        ]
    else:
        titles, spans = ["path"], [([one.path], one.scores_C) for one in done.tagged]
    store.write(name, csv_bytes([*titles, *vocabulary], spans))


def csv_bytes(titles: Sequence[str], lines: Iterable[tuple[Sequence[object], Array]]) -> bytes:
    """A CSV file: a line begins with the given values, then come scores, with as many digits as they need."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(titles)
    writer.writerows([*values, *scores_C.astype(np.float32).astype(str)] for values, scores_C in lines)
    return buffer.getvalue().encode("utf-8", "surrogateescape")


def file_place(place: str) -> tuple[Store, str]:
    """Folder and name of a file that the user has named: a path, or s3://...

    Raises:
        UserError: it names no file.
    """
    folder, _, name = place.rpartition("/")
    is_address = "://" in place
    if not name or folder.endswith(":/") or (not is_address and Path(place).is_dir()):
        raise UserError(f"{place!r} is no name of a file")
    return Store.open(folder if is_address else Path(place).parent), name


def parts_in(folder: str, tagger: Tagger, hearing: Hearing) -> Parts:
    """Scores are kept in this folder, and stay there.

    Raises:
        UserError: the folder holds something else.
    """
    return Parts.open(Store.open(folder), TaggingJob.of(tagger.file, hearing))


def parts_beside(place: str, tagger: Tagger, hearing: Hearing) -> Parts:
    """Scores are kept in `<place>.parts` until the file is written."""
    store, name = file_place(place)
    return Parts.open(store / f"{name}.parts", TaggingJob.of(tagger.file, hearing), replace=True)
