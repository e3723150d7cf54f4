"""The report's page: one file without scripts or anything from the network."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.figures.style import BACKGROUND, INK, Picture
from orchestrator.report.kept import PAGE
from orchestrator.report.page.overview import grids, summary, verdict_counts, verdicts
from orchestrator.report.page.run_facts import run_facts, settings_of
from orchestrator.report.page.sounds import sounds
from orchestrator.report.tables.all_tables import Tables
from orchestrator.report.tables.held_open import held_open
from orchestrator.report.tables.mask_tables import mask_tables, suspect_table
from orchestrator.report.tables.paper_tables import claims_table
from orchestrator.report.tables.table import Row, Table, Value, number, signed
from orchestrator.stats.assessment import ClaimResult, whole_grid
from orchestrator.stats.grid import Hole
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.verdicts import Verdict

DIAGNOSTIC_FIGURES = ("masks", "suspects", "masked-classes")
"""Shown with the diagnostics; the others come before the tables."""
GRID = "grid"
"""The heat map: the page has its numbers as a table."""
OPEN_FIGURES = ("curves",)
"""Those that are not folded."""
ENLARGED = 1.25
"""Largest size of a figure on a screen, of that in print."""
SUSPECTS_SHOWN = 3
"""Rows of the worklist that are not folded."""
COLOURS = {
    Verdict.HIGHER: "good",
    Verdict.UNCLEAR: "open",
    Verdict.LOWER: "bad",
    Verdict.EXPLORATORY: "open",
    Verdict.NOT_JUDGED: "open",
}
"""Class of a verdict in the style sheet."""


@dataclass(frozen=True)
class Findings:
    """What was found out about a run: all that its page shows."""

    headline: Sequence[str]
    scores: RunScores
    claims: Sequence[ClaimResult]
    published: Published
    tables: Tables
    diagnostics: Diagnostics
    figures: Sequence[Picture]


def write_page(run: Run, findings: Findings, report: Store) -> None:
    """Write index.html into the report's folder; one line of it, in the footer, tells the time of writing."""
    scores, claims, tables = findings.scores, findings.claims, findings.tables
    suspects = suspect_table(findings.diagnostics)
    content = {
        "headline": findings.headline,
        "summary": summary(run, scores),
        "grids": grids(run, scores, findings.published),
        "grid_notes": tables.table1.notes,
        "level": f"{scores.settings.level:.0%}",
        "counts": verdict_counts(claims),
        "verdicts": verdicts(claims),
        "held_open": held_open(claims),
        "tables": [*_other_numbers(run, tables), _other_claims(findings)],
        "table_files": _table_files(tables),
        "figures": _shown(findings.figures, lambda name: name not in (*DIAGNOSTIC_FIGURES, GRID)),
        "mask_figures": _shown(findings.figures, DIAGNOSTIC_FIGURES.__contains__),
        "drawn": [picture.name for picture in findings.figures],
        "mask_tables": mask_tables(findings.diagnostics),
        "diagnostic_files": list(findings.diagnostics.tables),
        "suspects": _parts(suspects) if suspects else [],
        "sounds": sounds(run, [row.label for row in suspects.rows]) if suspects else {},
        "facts": run_facts(run),
        "settings": settings_of(run.experiment),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    report.write(PAGE, render(content).encode())


def _other_numbers(run: Run, tables: Tables) -> list[Table]:
    """Those of numbers, without what stands in the grid already: means of folds at the last stage's end."""
    last = f"stage {len(run.experiment.stages)}"
    cut = (_without(tables.readings, "folds"), _without(tables.stages, last))
    return [tables.table2, tables.table3, *(table for table in cut if table.columns)]


def _without(table: Table, name: str) -> Table:
    """The table without the columns of that name."""
    kept = [place for place, column in enumerate(table.columns) if column.name != name]
    rows = tuple(Row(row.label, tuple(row.cells[place] for place in kept)) for row in table.rows)
    return replace(table, columns=tuple(table.columns[place] for place in kept), rows=rows)


def _table_files(tables: Tables) -> dict[str, tuple[str, ...]]:
    """Endings of the tables' files by name; those of Table 1 are linked below the grid."""
    numbers = dict.fromkeys(tables.of_numbers, ("csv", "md", "tex"))
    files = numbers | dict.fromkeys(tables.of_claims, ("csv", "md"))
    return {name: endings for name, endings in files.items() if name != "table1"}


def _other_claims(findings: Findings) -> Table:
    """Those that the verdicts do not show: about single rows and columns."""
    shown = whole_grid(findings.claims)
    others = [result for result in findings.claims if result not in shown]
    return claims_table(findings.scores, others, findings.published)


def _shown(figures: Sequence[Picture], chosen: Callable[[str], bool]) -> list[tuple[Picture, str]]:
    """Figures with their captions; a caption that the one before has too is not told again."""
    pictures = [picture for picture in figures if chosen(picture.name)]
    before = [None, *(picture.caption for picture in pictures)]
    return [(p, "" if p.caption == last else p.caption) for p, last in zip(pictures, before, strict=False)]


def _parts(table: Table) -> list[Table]:
    """The first rows, and the others without title and notes."""
    first, others = table.rows[:SUSPECTS_SHOWN], table.rows[SUSPECTS_SHOWN:]
    return [replace(table, rows=first), *([replace(table, rows=others, notes=())] if others else [])]


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
        "colour": COLOURS.__getitem__,
    }
    environment.globals["open_figures"] = OPEN_FIGURES
    environment.tests |= {"value": lambda c: isinstance(c, Value), "hole": lambda c: isinstance(c, Hole)}
    return environment.get_template("index.html.j2").render(content)


def groups(table: Table) -> list[tuple[str, int]]:
    """Titles of neighbouring columns that belong together, and how many they are."""
    widths: list[tuple[str, int]] = []
    for column in table.columns:
        if widths and widths[-1][0] == column.group and column.name:
            widths[-1] = (column.group, widths[-1][1] + 1)
        else:
            widths.append((column.group, 1))
    return widths


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
