"""Where the tables and files of a data set are: the layouts that we can read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from orchestrator.data.tables import Problem, Problems, read_lines
from trainable.config import OURS, Settings
from trainable.errors import UserError

PARTS = ("verified", "unverified", "test")
SUBMISSION = "sample_submission.csv"
"""Kaggle's example of what it wants; it names the test clips."""


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
    bad_clips: Annotated[Literal["stop", "skip"], OURS] = "stop"
    """Where sound files are damaged, cut, longer than ten minutes or no sound at all: stop and name them, or
    skip them, which the run's manifest and its page list. Silent clips are not bad."""
    plain: PlainSettings | None = None
    """What the plain layout needs."""


@dataclass(frozen=True)
class PartFiles:
    """One part's table and folder."""

    part: str
    table: Path
    folder: Path
    labelled: bool = True
    expected: frozenset[str] | None = None
    """Clips of a table that lists more than this copy of the data set may hold; None: all of the table."""


@dataclass(frozen=True)
class Layout:
    """A folder's tables, and the classes in their order."""

    name: str
    sources: tuple[PartFiles, ...]
    vocabulary: tuple[str, ...] | None
    """None: the labels of the verified clips. Empty: the file that lists them cannot be read."""


def find_layout(folder: Path, settings: DataSettings, problems: Problems | None = None) -> Layout:
    """The layout of `folder`; without `problems` whatever is wrong with it is raised.

    Raises:
        UserError: it has none that we know, or a table is missing or malformed.
    """
    problems = problems or Problems()
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    if settings.layout == "plain" or (settings.layout == "auto" and settings.plain):
        if settings.plain is None:
            raise UserError("data.layout is plain: name its tables and folders in data.plain")
        return _plain(folder, settings.plain, problems)
    kind = settings.layout if settings.layout != "auto" else _recognise(folder)
    return _zenodo(folder, problems) if kind == "zenodo" else _kaggle(folder, problems)


def _recognise(folder: Path) -> str:
    """Kaggle's tables come first: the folder of Zenodo's tables may lie beside them for its test labels."""
    if (folder / "train_curated.csv").is_file():
        return "kaggle"
    if (folder / "FSDKaggle2019.meta").is_dir():
        return "zenodo"
    raise UserError(
        f"{folder}: neither FSDKaggle2019.meta/ (Zenodo) nor train_curated.csv (Kaggle) is here; for another "
        "data set set data.layout to plain and name its files in data.plain"
    )


def _zenodo(folder: Path, problems: Problems) -> Layout:
    meta = folder / "FSDKaggle2019.meta"
    parts = (("verified", "train_curated"), ("unverified", "train_noisy"), ("test", "test"))
    sources = tuple(
        PartFiles(
            part, meta / f"{name}_post_competition.csv", _nested(folder / f"FSDKaggle2019.audio_{name}")
        )
        for part, name in parts
    )
    return Layout("zenodo", sources, _read_vocabulary(meta / "vocabulary.csv", problems))


def _kaggle(folder: Path, problems: Problems) -> Layout:
    train = tuple(
        PartFiles(part, folder / f"{name}.csv", _nested(folder / name))
        for part, name in (("verified", "train_curated"), ("unverified", "train_noisy"))
    )
    vocabulary, clips = read_submission(folder / SUBMISSION, problems)
    return Layout("kaggle", (*train, _kaggle_test(folder, frozenset(clips))), vocabulary)


def _kaggle_test(folder: Path, clips: frozenset[str]) -> PartFiles:
    """Kaggle gives no test labels; the table that was published later may lie beside, and names more clips
    than some copies have."""
    name, audio = "test_post_competition.csv", kaggle_test_folder(folder)
    for table in (folder / name, folder / "FSDKaggle2019.meta" / name):
        if table.is_file():
            return PartFiles("test", table, audio, expected=clips)
    return PartFiles("test", folder / SUBMISSION, audio, labelled=False)


def kaggle_test_folder(folder: Path) -> Path:
    """The folder of Kaggle's test clips."""
    return _nested(folder / "test")


def read_submission(path: Path, problems: Problems) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Classes and clips of Kaggle's sample submission, in its order; nothing where it cannot be read.

    Raises:
        UserError: strict, and there is none, or its first line is not fname and the classes.
    """
    if problems.attempt("vocabulary", path, lambda: need(path)) is None:
        return (), ()
    header, *lines = [line.values for line in read_lines(path, problems, "vocabulary")] or [[]]
    if header[:1] != ["fname"] or len(header) == 1:
        fault = "the columns must be fname and the classes"
        problems.stop(Problem.at("vocabulary", path, 1, fault))
        return (), ()
    classes = _check_classes(path, header[1:], lambda index: 1, problems)
    return classes, tuple(line[0] for line in lines)


def _nested(folder: Path) -> Path:
    """Some copies unpack as train_curated/train_curated/: the folder that holds the files."""
    inner = folder / folder.name
    if inner.is_dir() and not any(path.suffix == ".wav" for path in folder.iterdir()):
        return inner
    return folder


def _plain(folder: Path, settings: PlainSettings, problems: Problems) -> Layout:
    sources = []
    for part in PARTS:
        table, files = getattr(settings, f"{part}_csv"), getattr(settings, f"{part}_folder")
        if (table is None) != (files is None):
            raise UserError(f"data.plain: name both {part}_csv and {part}_folder, or neither")
        if table is not None:
            sources.append(PartFiles(part, folder / table, folder / files))
    listed = settings.vocabulary_csv
    return Layout("plain", tuple(sources), _read_vocabulary(folder / listed, problems) if listed else None)


def need(path: Path) -> Path:
    """Refuse a file or folder that is missing.

    Raises:
        UserError: names it.
    """
    try:
        there = path.exists()
    except (OSError, ValueError) as error:  # a name that is too long, or has a null byte
        raise UserError(f"{str(path)[:200]!r} is no name of a file ({error.args[-1]})") from None
    if not there:
        raise UserError(f"{path} is missing: is the data set complete?")
    return path


def _read_vocabulary(path: Path, problems: Problems) -> tuple[str, ...]:
    if problems.attempt("vocabulary", path, lambda: need(path)) is None:
        return ()
    before = len(problems.gathered)
    lines = read_lines(path, problems, "vocabulary")
    if not lines and len(problems.gathered) > before:  # it is known why there are none
        return ()
    for index, line in enumerate(lines):
        if len(line.values) != 2 or line.values[0] != str(index):
            problems.stop(Problem.at("vocabulary", path, line.number, f"must be {index},class"))
            return ()
    names = [line.values[1] for line in lines]
    return _check_classes(path, names, lambda index: lines[index].number, problems)


def _check_classes(
    path: Path, names: Sequence[str], line_of: Callable[[int], int], problems: Problems
) -> tuple[str, ...]:
    """The classes; a vocabulary is refused that is empty, or that has an empty class or one twice."""
    if not names:
        problems.stop(Problem.of("vocabulary", path, f"{path}: names no class"))
    seen: dict[str, None] = {}
    for index, name in enumerate(names):
        if not name or name in seen:
            fault = f"class {name} is there twice" if name else "a class has no name"
            problems.stop(Problem.at("vocabulary", path, line_of(index), fault))
        seen[name] = None
    return tuple(name for name in seen if name)
