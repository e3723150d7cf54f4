"""A report is made again only where what it was made from has changed, or its files are not what was made.

report/made.json says what it was made from, which files it has, and what the terminal showed of it.
"""

from importlib.metadata import version

from orchestrator import PROJECT
from orchestrator.files.integrity import Sealed, StoredFile, digest, find_damage
from orchestrator.files.store import Artifact, Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.tables.table import Table
from orchestrator.report.tables.terminal import PrintedReport
from trainable.errors import UserError

PAGE = "index.html"
"""In the report's folder."""
OF_A_START = {"seal", "started", "seconds"}
"""In run.json, what every start writes anew: an unchanged page tells of the start that it was made after."""


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
    """Names all that a report is made from: the run's files and settings, and the program's version."""
    made_from = {
        "version": version(PROJECT),
        "folder": str(run.store),
        "run": run.manifest.model_dump(mode="json", exclude=OF_A_START),
        "results": {leg.id: _checksums(run.legs[leg.id].store) for leg in run.manifest.legs},
        "damages": {leg: list(map(str, damages)) for leg, damages in run.damages.items()},
    }
    return digest(made_from)


def _checksums(leg: Store) -> dict[str, str]:
    """Of a leg's result, which has the checksums of all its files, and of the note on why there is none."""
    names = [name for name in (artifacts.RESULT, artifacts.FAILURE) if leg.exists(name)]
    return {name: StoredFile.of(leg.read(name)).sha256 for name in names}


def note_report(run: Run, made_from: str, printed: PrintedReport) -> None:
    """Note what a report that has been written was made from: `made_from`, found before anything was read."""
    folder = run.store / artifacts.REPORT
    note = ReportNote(
        made_from=made_from,
        files={name: StoredFile.of(folder.read(name)) for name in _names(folder)},
        headline=tuple(printed.headline),
        tables=tuple(printed.tables),
    )
    folder.write_model(artifacts.MADE, note.sealed())


def _names(folder: Store) -> list[str]:
    """Every file of a report that has been made, but the one that tells how far a run is."""
    sizes = folder.sizes()
    folders = {name.rpartition("/")[0] for name in sizes}
    return sorted(sizes.keys() - folders - {artifacts.LIVE_PAGE, artifacts.MADE})


def unchanged_report(run: Run) -> PrintedReport | None:
    """What the terminal shows of the report that is there; None where it is to be made (again)."""
    folder = run.store / artifacts.REPORT
    try:
        note = folder.read_model(artifacts.MADE, ReportNote)
    except (FileNotFoundError, UserError):
        return None
    if note.made_from != fingerprint(run) or not _is_whole(folder, note):
        return None
    return PrintedReport(note.headline, note.tables, f"{folder}/{PAGE}")


def _is_whole(folder: Store, note: ReportNote) -> bool:
    """Whether every file is what was written; where all bytes would come through a network, by its size."""
    if folder.is_local:
        return not any(find_damage(folder, name, written) for name, written in note.files.items())
    sizes = folder.sizes()
    return all(sizes.get(name) == written.size for name, written in note.files.items())
