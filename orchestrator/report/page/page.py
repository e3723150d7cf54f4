"""The report's page: one file without scripts or anything from the network."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.figures.style import Picture
from orchestrator.report.page.rendering import render, sounds
from orchestrator.report.page.run_facts import numbered, run_facts, settings_of, summary
from orchestrator.report.tables.claim_tables import claims_table, verdict_grids, when_judged
from orchestrator.report.tables.files import Tables
from orchestrator.report.tables.mask_tables import mask_tables, suspect_table
from orchestrator.report.tables.table import Row, Table
from orchestrator.report.unchanged import PAGE
from orchestrator.stats.assessment import ClaimResult, whole_grid
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.paper import Published
from orchestrator.stats.predictions import SPLIT_NAMES
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey
from orchestrator.stats.verdicts import counted

DIAGNOSTIC_FIGURES = ("masks", "suspects", "masked-classes")
"""Shown with the diagnostics; the others come before the tables."""
GRID = "grid"
"""The heat map: the page has its numbers as a table."""
SUSPECTS_SHOWN = 3
"""Rows of the worklist that are not folded."""


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
        "verdicts": verdict_grids(claims),
        "when_judged": when_judged(claims),
        "tables": [*_other_numbers(run, tables), _other_claims(findings)],
        "table_files": _table_files(tables),
        "figures": _captioned(findings.figures, lambda name: name not in (*DIAGNOSTIC_FIGURES, GRID)),
        "mask_figures": _captioned(findings.figures, DIAGNOSTIC_FIGURES.__contains__),
        "drawn": [picture.name for picture in findings.figures],
        "mask_tables": mask_tables(findings.diagnostics),
        "diagnostic_files": list(findings.diagnostics.tables),
        "suspects": _folded(suspects) if suspects else [],
        "sounds": sounds(run, [row.label for row in suspects.rows]) if suspects else {},
        "facts": run_facts(run),
        "settings": settings_of(run.experiment),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    report.write(PAGE, render(content).encode())


@dataclass(frozen=True)
class ScoreCell:
    """An entry of the grid on one split."""

    score: Score | Hole
    rank: float = 0.0
    """0 for the lowest score of the split, 1 for the highest."""
    best: bool = False
    published: float | None = None


@dataclass(frozen=True)
class ScoreGrid:
    """All entries on one split."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[ScoreCell, ...]], ...]


def grids(run: Run, scores: RunScores, published: Published) -> list[ScoreGrid]:
    """The grid on cv and on the held-out clips, as far as they can be scored."""
    ties = scores.settings.ties
    return [_grid(run, scores, ScoreKey(split, ties=ties), published) for split in scores.splits_shown]


def _grid(run: Run, scores: RunScores, key: ScoreKey, published: Published) -> ScoreGrid:
    columns = tuple(run.experiment.selections)
    known = {entry: scores.find(entry, key) for entry in run.entries}
    values = [score.value for score in known.values() if isinstance(score, Score)]
    low, high = min(values, default=0.0), max(values, default=0.0)

    def cell(entry: Entry, score: Score | Hole) -> ScoreCell:
        if isinstance(score, Hole):
            return ScoreCell(score)
        rank = (score.value - low) / (high - low) if high > low else 1.0
        return ScoreCell(score, rank, score.value == high, published.table1(entry, key.split))

    cells = {entry: cell(entry, score) for entry, score in known.items()}
    rows = tuple((row, tuple(cells[Entry(row, c)] for c in columns)) for row in run.experiment.activations)
    return ScoreGrid(SPLIT_NAMES[key.split], columns, rows)


def verdict_counts(claims: Sequence[ClaimResult]) -> str:
    """How often each verdict was given, in words."""
    counts = counted((result.verdict, result.words) for result in whole_grid(claims))
    told = ", ".join(f"{count} {words}" for words, count in counts.items())
    return f"Of {numbered(sum(counts.values()), 'verdict')}: {told}" if counts else ""


def _other_numbers(run: Run, tables: Tables) -> list[Table]:
    """Those of numbers, without what stands in the grid already: means of folds at the last stage's end."""
    last = f"stage {len(run.experiment.stages)}"
    cut = (_without(tables.readings, "folds"), _without(tables.stages, last))
    return [tables.table2, tables.table3, *(table for table in cut if table.columns)]


def _without(table: Table, name: str) -> Table:
    """The table without the columns of that name."""
    others = [i for i, column in enumerate(table.columns) if column.name != name]
    rows = tuple(Row(row.label, tuple(row.cells[i] for i in others)) for row in table.rows)
    return replace(table, columns=tuple(table.columns[i] for i in others), rows=rows)


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


def _captioned(figures: Sequence[Picture], chosen: Callable[[str], bool]) -> list[tuple[Picture, str]]:
    """Figures with their captions; a caption that the one before has too is not told again."""
    pictures = [picture for picture in figures if chosen(picture.name)]
    before = [None, *(picture.caption for picture in pictures)]
    return [(p, "" if p.caption == last else p.caption) for p, last in zip(pictures, before, strict=False)]


def _folded(table: Table) -> list[Table]:
    """The first rows, and the others without title and notes."""
    first, others = table.rows[:SUSPECTS_SHOWN], table.rows[SUSPECTS_SHOWN:]
    return [replace(table, rows=first), *([replace(table, rows=others, notes=())] if others else [])]
