"""A folder of recordings surveyed: which tables name which of them, rates and lengths. Nothing is asked."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import soundfile

from orchestrator.data.clip_table import Reading, read_tables
from orchestrator.data.layouts import PARTS, DataSettings, PlainSettings
from orchestrator.data.tables import Problems, read_columns, read_lines
from orchestrator.own_data.sounds import AUDIO
from trainable.errors import UserError

DEEPEST = 3
"""Folders inside one another that are looked into."""
SAMPLE = 200
"""Sound files whose headers are read."""
WORDS = {
    "unverified": ("unverified", "noisy", "noise", "weak", "web", "crowd", "raw"),
    "test": ("test", "eval", "held"),
    "verified": ("verified", "curated", "clean", "good", "gold", "train"),
}
"""What tables and folders of each part are called, the first that fits."""
TABLE = 'fname,labels\n  first.wav,Bark\n  second.wav,"Bark,Meow"'


@dataclass(frozen=True)
class ClipsTable:
    """A table and the folder of the files that it names, as paths from the data set's folder."""

    csv: str
    folder: str
    clips: int

    @property
    def part(self) -> str:
        """Part that its name, or else its folder's, tells; empty where they tell none."""
        for name in (Path(self.csv).stem, self.folder):
            for part, words in WORDS.items():
                if any(word in name.lower() for word in words):
                    return part
        return ""


@dataclass(frozen=True)
class Survey:
    """Tables, clips and sounds of a folder."""

    layout: Literal["zenodo", "kaggle", "plain"]
    tables: Mapping[str, ClipsTable]
    """Tables of the plain layout by part."""
    guessed: frozenset[str]
    """Parts whose table says nothing of them in its name."""
    ignored: tuple[str, ...]
    """Tables that would have been a part too many."""
    clips: Mapping[str, int]
    """Number of clips of each part."""
    rarest: int
    """Verified clips of the rarest class that has some."""
    rate: int
    """Hz that most recordings have."""
    longest: float
    """Seconds of the longest recording, of those looked at."""


def survey(folder: Path) -> Survey:
    """The tables and recordings of `folder`.

    Raises:
        UserError: there are no recordings, or no table names them; says what is needed.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    tables: dict[str, ClipsTable] = {}
    guessed, ignored = frozenset[str](), list[str]()
    layout = _known_layout(folder)
    settings = DataSettings(layout=layout)
    if layout == "plain":
        tables, guessed, ignored = _parts(_tables(folder))
        settings = DataSettings(layout="plain", plain=plain_settings(tables))
    reading = read_tables(folder, settings, Problems(strict=False))
    clips = Counter(row.part for row in reading.rows)
    if not clips["verified"]:
        raise UserError(f"{folder}: the table of verified clips names none: write lines such as\n  {TABLE}")
    rate, longest = _recordings(reading)
    return Survey(layout, tables, guessed, tuple(ignored), clips, _rarest(reading), rate, longest)


def plain_settings(tables: Mapping[str, ClipsTable]) -> PlainSettings:
    """The tables as the settings name them."""
    named = {f"{part}_csv": table.csv for part, table in tables.items()}
    folders = {f"{part}_folder": table.folder for part, table in tables.items()}
    return PlainSettings.model_validate(named | folders)


def _known_layout(folder: Path) -> Literal["zenodo", "kaggle", "plain"]:
    if (folder / "train_curated.csv").is_file() and (folder / "sample_submission.csv").is_file():
        return "kaggle"
    return "zenodo" if (folder / "FSDKaggle2019.meta").is_dir() else "plain"


def _tables(folder: Path) -> list[ClipsTable]:
    """The tables that name recordings of the folder, with where those are."""
    files = sorted(_walk(folder, DEEPEST))
    sounds: dict[Path, set[str]] = {}
    for path in files:
        if path.suffix.lower() in AUDIO:
            sounds.setdefault(path.parent, set()).add(path.name)
    if not sounds:
        raise UserError(f"{folder}: no sound files are here (--demo needs none: it makes its own data)")
    tables = [path for path in files if path.suffix.lower() == ".csv"]
    of_clips = [table for path in tables if (table := _table(folder, path, sounds))]
    if not of_clips:
        raise UserError(_no_table(folder, tables))
    return of_clips


def _walk(folder: Path, depth: int) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith("."):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and depth:
            yield from _walk(path, depth - 1)


def _table(folder: Path, path: Path, sounds: Mapping[Path, set[str]]) -> ClipsTable | None:
    """The file `path` as a table of clips; None where it is none, or its files are nowhere."""
    lines = read_columns(path, ("fname", "labels"), Problems(strict=False))
    names = {fields["fname"].strip() for _, fields in lines}
    clips = max(sounds, key=lambda parent: len(names & sounds[parent]))
    if not names & sounds[clips]:
        return None
    return ClipsTable(str(path.relative_to(folder)), str(clips.relative_to(folder)), len(lines))


def _no_table(folder: Path, tables: Iterable[Path]) -> str:
    message = f"{folder}: no table says what is to be heard in its sound files: write one, such as\n  {TABLE}"
    for path in tables:
        lines = read_lines(path, Problems(strict=False))
        if lines and not {"fname", "labels"} <= set(lines[0].values):
            given = ",".join(lines[0].values)[:100]
            message += f"\n{path} begins with {given}: the columns must be called fname and labels"
    return message


def _parts(tables: list[ClipsTable]) -> tuple[dict[str, ClipsTable], frozenset[str], list[str]]:
    """The tables by part, the parts that were guessed, and the tables that are left.

    What no name tells, size does: few clips are verified, many are not.
    """
    by_size = sorted(tables, key=lambda table: table.clips)
    parts: dict[str, ClipsTable] = {}
    for table in by_size:
        if table.part:
            parts.setdefault(table.part, table)
    left = [table for table in by_size if table not in parts.values()]
    guessed = [part for part in ("verified", "unverified") if part not in parts]
    if not left and "verified" in guessed:
        left, parts, guessed = by_size, {}, ["verified", "unverified"]
    chosen = dict(zip(guessed, [table for table in left if not table.part or not parts], strict=False))
    parts |= chosen
    ignored = [table.csv for table in by_size if table not in parts.values()]
    return {part: parts[part] for part in PARTS if part in parts}, frozenset(chosen), ignored


def _recordings(reading: Reading) -> tuple[int, float]:
    """The rate that most recordings have, and the length of the longest, of a sample of them."""
    paths = sorted(reading.present)
    rates, longest = Counter[int](), 0.0
    for path in paths[:: -(-len(paths) // SAMPLE) or 1]:
        try:
            info = soundfile.info(path)
        except (OSError, soundfile.SoundFileError, TypeError):
            continue  # `check` says what is wrong with it
        rates[info.samplerate] += 1
        longest = max(longest, info.frames / info.samplerate)
    if not rates:
        raise UserError("none of the recordings can be read: `stagegrid check` says why, of each")
    return rates.most_common(1)[0][0], longest


def _rarest(reading: Reading) -> int:
    counts = Counter(label for row in reading.rows if row.part == "verified" for label in row.labels)
    return min(counts.values())
