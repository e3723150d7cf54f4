"""Where the tables and files of a data set are: the layouts that we can read."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from trainable.config import OURS, Settings

PARTS = ("verified", "unverified", "test")


class PlainSettings(Settings):
    """Tables (columns fname, labels and perhaps usage) and folders of a data set of another kind."""

    verified_csv: Annotated[str, OURS]
    """Path of the table, as all others from the data set's folder."""
    verified_folder: Annotated[str, OURS]
    """Folder of its files."""
    unverified_csv: Annotated[str | None, OURS] = None
    """The same for unverified clips; null: none."""
    unverified_folder: Annotated[str | None, OURS] = None
    """Folder of its files."""
    test_csv: Annotated[str | None, OURS] = None
    """The same for test clips; null: none."""
    test_folder: Annotated[str | None, OURS] = None
    """Folder of its files."""
    vocabulary_csv: Annotated[str | None, OURS] = None
    """Lines `index,class` without a header; null: the verified clips' labels in alphabetical order."""


class DataSettings(Settings):
    """Where clips and labels are in the data set's folder."""

    layout: Annotated[Literal["auto", "zenodo", "kaggle", "plain"], OURS] = "auto"
    """Layout of the folder; auto: by the files in it."""
    keep_bad: Annotated[bool, OURS] = False
    """Keep the six officially bad curated clips."""
    plain: PlainSettings | None = None
    """What the plain layout needs."""


@dataclass(frozen=True)
class Source:
    """One part's table and folder."""

    part: str
    table: Path
    folder: Path
    labelled: bool = True


@dataclass(frozen=True)
class Layout:
    """A folder's tables, and the classes in their order."""

    name: str
    sources: tuple[Source, ...]
    vocabulary: tuple[str, ...] | None
    """None: the labels of the verified clips."""


def find_layout(folder: Path, settings: DataSettings) -> Layout:
    """The layout of `folder`.

    Raises:
        ValueError: it has none that we know, or a table is missing or malformed.
    """
    if not folder.is_dir():
        raise ValueError(f"{folder}: no such folder")
    if settings.layout == "plain" or (settings.layout == "auto" and settings.plain):
        if settings.plain is None:
            raise ValueError("data.layout is plain: name its tables and folders in data.plain")
        return _plain(folder, settings.plain)
    if settings.layout == "zenodo" or (folder / "FSDKaggle2019.meta").is_dir():
        return _zenodo(folder)
    if settings.layout == "kaggle" or (folder / "train_curated.csv").is_file():
        return _kaggle(folder)
    raise ValueError(
        f"{folder}: neither FSDKaggle2019.meta/ (Zenodo) nor train_curated.csv (Kaggle) is here; for another "
        "data set set data.layout to plain and name its files in data.plain"
    )


def _zenodo(folder: Path) -> Layout:
    meta = folder / "FSDKaggle2019.meta"
    parts = (("verified", "train_curated"), ("unverified", "train_noisy"), ("test", "test"))
    sources = tuple(
        Source(part, meta / f"{name}_post_competition.csv", folder / f"FSDKaggle2019.audio_{name}")
        for part, name in parts
    )
    return Layout("zenodo", sources, _read_vocabulary(meta / "vocabulary.csv"))


def _kaggle(folder: Path) -> Layout:
    """Kaggle gives no test labels; the table that was published later may lie beside."""
    submission = folder / "sample_submission.csv"
    need(submission)
    with submission.open(newline="", encoding="utf-8") as file:
        vocabulary = tuple(next(csv.reader(file))[1:])
    name = "test_post_competition.csv"
    found = [path for path in (folder / name, folder / "FSDKaggle2019.meta" / name) if path.is_file()]
    train = tuple(
        Source(part, folder / f"{name}.csv", _nested(folder / name))
        for part, name in (("verified", "train_curated"), ("unverified", "train_noisy"))
    )
    test = Source("test", found[0] if found else submission, _nested(folder / "test"), bool(found))
    return Layout("kaggle", (*train, test), vocabulary)


def _nested(folder: Path) -> Path:
    """Some copies unpack as train_curated/train_curated/."""
    return folder / folder.name if (folder / folder.name).is_dir() else folder


def _plain(folder: Path, settings: PlainSettings) -> Layout:
    sources = []
    for part in PARTS:
        table, files = getattr(settings, f"{part}_csv"), getattr(settings, f"{part}_folder")
        if (table is None) != (files is None):
            raise ValueError(f"data.plain: name both {part}_csv and {part}_folder, or neither")
        if table is not None:
            sources.append(Source(part, folder / table, folder / files))
    vocabulary = settings.vocabulary_csv
    return Layout("plain", tuple(sources), _read_vocabulary(folder / vocabulary) if vocabulary else None)


def need(path: Path) -> None:
    """Refuse a file or folder that is missing.

    Raises:
        ValueError: names it.
    """
    if not path.exists():
        raise ValueError(f"{path} is missing: is the data set complete?")


def _read_vocabulary(path: Path) -> tuple[str, ...]:
    need(path)
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line for line in csv.reader(file) if line]
    for number, line in enumerate(lines):
        if len(line) != 2 or line[0] != str(number):
            raise ValueError(f"{path}, line {number + 1}: must be {number},class")
    return tuple(line[1] for line in lines)
