"""The sound of clips on the report's page: links to local files, or short pieces in the page itself."""

import base64
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import soundfile

from orchestrator.data.layouts import find_layout
from orchestrator.features.audio import read_audio
from orchestrator.legs.artifacts import REPORT
from orchestrator.legs.run import Run
from trainable.errors import UserError

RATE, SECONDS = 16_000, 5
"""Hz and length of what is put into the page: some 100 kB a clip."""


def sounds(run: Run, names: Iterable[str]) -> dict[str, str]:
    """Where a browser finds unverified clips, by file name; those whose files are not here are left out."""
    found = _files(run, names)
    if run.experiment.report.embed_clips:
        return dict(_embedded(found))
    if not run.store.is_local:
        return {}
    page = Path((run.store / REPORT).base)
    return {name: _link(path, page, Path(run.store.base)) for name, path in found.items()}


def _files(run: Run, names: Iterable[str]) -> dict[str, Path]:
    """The unverified clips' files on this machine."""
    try:
        layout = find_layout(Path(run.manifest.data_folder), run.experiment.data)
    except (UserError, OSError):
        return {}
    folders = [source.folder for source in layout.sources if source.part == "unverified"]
    paths = {name: folder / name for folder in folders for name in names if Path(name).name == name}
    return {name: path for name, path in paths.items() if path.is_file()}


def _link(path: Path, page: Path, run: Path) -> str:
    """Relative within the run's folder, so that both can be moved together; else as a whole."""
    path = path.absolute()
    if path.is_relative_to(run.absolute()):
        return quote(os.path.relpath(path, page.absolute()))
    return path.as_uri()


def _embedded(paths: dict[str, Path]) -> Iterator[tuple[str, str]]:
    """The first SECONDS of each clip, as data in the page."""
    for name, path in paths.items():
        try:
            samples = read_audio(path, RATE)[: RATE * SECONDS]
        except UserError:
            continue
        stream = io.BytesIO()
        soundfile.write(stream, samples, RATE, format="FLAC", subtype="PCM_16")
        yield name, f"data:audio/flac;base64,{base64.b64encode(stream.getvalue()).decode()}"
