"""A report is made again only where what it is made from has changed, or its files are not what was made.

report/made.json says what it was made from, which files it has, and what the terminal showed of it.
"""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

import orchestrator
import trainable
from orchestrator.files.integrity import Sealed, StoredFile, digest, find_damage
from orchestrator.files.store import Artifact, Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.tables.shown import Shown
from orchestrator.report.tables.table import Table
from trainable.errors import UserError

PAGE = "index.html"
"""In the report's folder."""
SOURCES = ("*.py", "*.j2")
"""Files of the program that may change a report: all of them."""
LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "matplotlib", "jinja2", "soundfile")
"""Draw, count and write."""
OF_A_START = {"seal", "started", "seconds"}
"""In run.json, what every start writes anew: a kept page tells of the start that it was made after."""


class ReportNote(Artifact, Sealed):
    """made.json: what the report was made from, and which files it has."""

    made_from: str
    """Hash of all that it was made from."""
    files: dict[str, StoredFile]
    """Every file of it, by its path in the report's folder; not live.html."""
    headline: tuple[str, ...]
    """Its first sentences."""
    tables: tuple[Table, ...]
    """Those that the terminal shows."""


def fingerprint(run: Run) -> str:
    """Names all that a report is made from: the run's files and settings, and this program."""
    return digest(
        {
            "program": _program(),
            "libraries": {name: version(name) for name in LIBRARIES},
            "place": str(run.store),
            "run": run.manifest.model_dump(mode="json", exclude=OF_A_START),
            "results": {leg.id: _outcome(run, leg.id) for leg in run.manifest.legs},
            "damages": {leg: list(map(str, damages)) for leg, damages in run.damages.items()},
        }
    )


@cache
def _program() -> str:
    """Names the program by its sources: a version stays the same while it is worked on."""
    sources = hashlib.sha256()
    for package in (orchestrator, trainable):
        folder = Path(package.__path__[0])
        for path in sorted(path for pattern in SOURCES for path in folder.rglob(pattern)):
            sources.update(f"{path.relative_to(folder)}\n".encode() + path.read_bytes())
    return sources.hexdigest()


def _outcome(run: Run, leg: str) -> list[str]:
    """Names a leg's result, which has the checksums of all its files, or why there is none."""
    folder = run.legs[leg].store
    return [StoredFile.of(content).sha256 for content in _contents(folder)]


def _contents(folder: Store) -> Iterator[bytes]:
    for name in (artifacts.RESULT, artifacts.FAILURE):
        try:
            yield folder.read(name)
        except FileNotFoundError:
            yield b""


def keep(run: Run, made_from: str, shown: Shown) -> None:
    """Note a report that has been written; `made_from` was found before anything was read for it."""
    folder = run.store / artifacts.REPORT
    content = {name: folder.read(name) for name in _names(folder)}
    note = ReportNote(
        made_from=made_from,
        files={name: StoredFile.of(data) for name, data in content.items()},
        headline=tuple(shown.headline),
        tables=tuple(shown.tables),
    )
    folder.write_model(artifacts.MADE, note.sealed())


def _names(folder: Store) -> list[str]:
    """Every file of a report that has been made, but the one that tells how far a run is."""
    sizes = folder.sizes()
    folders = {name.rpartition("/")[0] for name in sizes}
    return sorted(sizes.keys() - folders - {artifacts.LIVE_PAGE, artifacts.MADE})


def kept_report(run: Run) -> Shown | None:
    """What the terminal shows of the report that is there; None where it is to be made (again)."""
    folder = run.store / artifacts.REPORT
    try:
        note = folder.read_model(artifacts.MADE, ReportNote)
    except (FileNotFoundError, UserError):
        return None
    if note.made_from != fingerprint(run) or not _is_whole(folder, note):
        return None
    return Shown(note.headline, note.tables, f"{folder}/{PAGE}")


def _is_whole(folder: Store, note: ReportNote) -> bool:
    """Whether every file is what was written; where all bytes would come through a network, by its size."""
    if folder.is_local:
        return not any(find_damage(folder, name, written) for name, written in note.files.items())
    sizes = folder.sizes()
    return all(sizes.get(name) == written.size for name, written in note.files.items())
