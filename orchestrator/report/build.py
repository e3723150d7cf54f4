"""The report of a run, finished or not, from its files alone.

OUT/report/index.html        the page: everything below in one file
           tables/           see tables.files
           ensembles/        see scores.ensembles
           figures/          <name>.svg and .png
           suspects.csv      the relabelling worklist: see selection.suspects
           diagnostics/      tables about masks: see selection.diagnostics
           made.json         what it was made from: see kept
           live.html         how far the run is: see orchestrator.watch.live_page
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.legs.status import StatusReader
from orchestrator.report.figures.all_figures import make_figures, write_figures
from orchestrator.report.kept import PAGE, fingerprint, keep
from orchestrator.report.page.page import Findings, write_page
from orchestrator.report.tables.all_tables import Tables, make_tables
from orchestrator.report.tables.files import write_tables
from orchestrator.report.tables.glance import glance_tables
from orchestrator.report.tables.shown import Shown
from orchestrator.stats.assessment import ClaimResult, assess_claims
from orchestrator.stats.diagnostics import Diagnostics, diagnose
from orchestrator.stats.ensembles import write_ensembles
from orchestrator.stats.headline import headline
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.watch.live_page import write_live_page


@dataclass(frozen=True)
class Report:
    """What was measured and written; printed by rich it is the result in two sentences, the grid, the
    verdicts and where the page is."""

    folder: Store
    headline: Sequence[str]
    scores: RunScores
    claims: Sequence[ClaimResult]
    diagnostics: Diagnostics
    tables: Tables

    @property
    def shown(self) -> Shown:
        """What the terminal shows."""
        tables = (self.tables.table1, *glance_tables(self.claims))
        return Shown(self.headline, tables, f"{self.folder}/{PAGE}")

    def __rich__(self) -> Shown:
        return self.shown


def write_report(run: Run) -> Report:
    """Write OUT/report anew: the same files of a run give the same report, but for its time of writing.

    Raises:
        UserError: the run's configuration is none of this version.
    """
    made_from = fingerprint(run)
    scores = score_run(run)  # before anything is deleted: what fails must not cost the report that is there
    published = Published.beside(run)
    claims, diagnostics = assess_claims(run, scores, published), diagnose(run)
    first = headline(run, scores, claims)
    tables = make_tables(run, scores, claims, published)
    figures = make_figures(run, scores, claims, diagnostics)
    folder = run.store / artifacts.REPORT
    for name in folder.names():
        if name != artifacts.LIVE_PAGE:  # somebody may be looking at it
            folder.delete(name)
    write_tables(tables, run, scores, published, folder)
    write_ensembles(run, scores.ensembles.complete, folder)
    diagnostics.write(folder)
    write_figures(figures, folder)
    write_page(run, Findings(first, scores, claims, published, tables, diagnostics, figures), folder)
    write_live_page(run, StatusReader(run).read())
    report = Report(folder, first, scores, claims, diagnostics, tables)
    keep(run, made_from, report.shown)
    return report
