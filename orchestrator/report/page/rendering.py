"""Content of the report's page as HTML: its template, figures as SVG within it, sounds as links or data."""

import base64
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

import soundfile
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.data.layouts import find_layout
from orchestrator.data.sound_files import read_audio
from orchestrator.legs.artifacts import REPORT
from orchestrator.legs.run import Run
from orchestrator.report.figures.style import BACKGROUND, INK, Picture
from orchestrator.report.tables.table import Table, Value, number, signed
from orchestrator.stats.grid import Hole
from orchestrator.stats.predictions import SPLIT_NAMES
from orchestrator.stats.verdicts import Verdict
from trainable.errors import UserError

OPEN_FIGURES = ("curves",)
"""Those that are not folded."""
ENLARGED = 1.25
"""Largest size of a figure on a screen, of that in print."""
COLOURS = {Verdict.HIGHER: "good", Verdict.LOWER: "bad"}
"""Class of a verdict in the style sheet; the others are open."""


def render(content: Mapping[str, Any]) -> str:
    """The page with this content; everything in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "number": number,
        "signed": signed,
        "inline": inline_svg,
        "groups": groups,
        "textual": textual,
        "breakable": breakable,
        "colour": lambda verdict: COLOURS.get(verdict, "open"),
        "evidence": lambda e: SPLIT_NAMES[e.split] if e.split else "verdict",
    }
    environment.globals["open_figures"] = OPEN_FIGURES
    environment.tests |= {"value": lambda c: isinstance(c, Value), "hole": lambda c: isinstance(c, Hole)}
    return environment.get_template("index.html.j2").render(content)


def groups(table: Table) -> list[tuple[str, int]]:
    """Titles of neighbouring columns that belong together, and how many they are."""
    keys = ((column.group, -1 if column.name else i) for i, column in enumerate(table.columns))
    return [(group, len(list(same))) for (group, _), same in groupby(keys)]


def textual(table: Table) -> list[bool]:
    """For each column, whether it is to be read as text: some cell is neither a number nor a hole."""
    columns = zip(*(row.cells for row in table.rows), strict=True)
    return [any(isinstance(c, str) and not _NUMBER.fullmatch(c) for c in column) for column in columns]


_NUMBER = re.compile(r"[+-]?[\d,]*\.?\d+|\*+|")


def breakable(name: str) -> Markup:
    """A name that may be broken after its underscores."""
    return Markup("_<wbr>").join(name.split("_"))


def inline_svg(picture: Picture) -> Markup:
    """A figure's SVG as a part of the page: its ids made unique, its ink the page's, its paper gone.

    `picture` is ours: matplotlib has escaped all text in it.
    """
    text = picture.svg.decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    text = re.sub(r' xmlns(:\w+)?="[^"]*"', "", text).replace("xlink:href", "href")
    prefix = f"{re.sub(r'[^a-zA-Z0-9]', '-', picture.name)}-"
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r'href="#', f'href="#{prefix}', text)
    text = text.replace("url(#", f"url(#{prefix}")
    text = text.replace(INK, "currentColor").replace(f"fill: {BACKGROUND}", "fill: none")
    width = re.search(r' width="([\d.]+)pt" height="[\d.]+pt"', text)
    assert width, "matplotlib gives sizes in points"
    label = Markup.escape(picture.alt)
    size = f' role="img" aria-label="{label}" style="max-width:{float(width[1]) / 72 * 96 * ENLARGED:.0f}px"'
    return Markup(text.replace(width[0], size, 1).strip())


RATE, SECONDS = 16_000, 5
"""Hz and length of what is put into the page: some 100 kB a clip."""


def sounds(run: Run, names: Iterable[str]) -> dict[str, str]:
    """Where a browser finds unverified clips, by file name; those whose files are not here are left out."""
    files = _files(run, names)
    if run.experiment.report.embed_clips:
        return dict(_embedded(files))
    if not run.store.is_local:
        return {}
    page = Path((run.store / REPORT).base)
    return {name: _link(path, page, Path(run.store.base)) for name, path in files.items()}


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
