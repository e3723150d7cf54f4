"""The report of a run, finished or not, from its files alone.

OUT/report/index.html        the page: everything below in one file
           tables/           see table_files
           ensembles/        see ensembles
           figures/          <name>.svg and .png
           suspects.csv      the relabelling worklist: see suspects
           diagnostics/      tables about masks: see diagnostics
           live.html         how far the run is: see orchestrator.monitoring.live_page
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.artifacts.run import Run
from orchestrator.monitoring.live_page import LIVE_PAGE, write_live_page
from orchestrator.monitoring.status import StatusReader
from orchestrator.report.claims.claims import ClaimResult, judge_claims
from orchestrator.report.figures.all_figures import make_figures, write_figures
from orchestrator.report.page.page import Tables, write_page
from orchestrator.report.scores.run_scores import RunScores, score_run
from orchestrator.report.selection.diagnostics import Diagnostics, diagnose
from orchestrator.report.tables.files import write_tables
from orchestrator.report.tables.more_tables import readings_table, stages_table, verdicts_table
from orchestrator.report.tables.paper_tables import claims_table, table1, table2, table3
from orchestrator.report.tables.terminal import to_rich
from orchestrator.storage.store import Store


@dataclass(frozen=True)
class Report:
    """What was found and written; printed by rich it is the grid, the verdicts and where the page is."""

    run: Run
    folder: Store
    scores: RunScores
    claims: Sequence[ClaimResult]
    diagnostics: Diagnostics

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for table in (table1(self.run, self.scores), verdicts_table(self.scores, self.claims)):
            yield to_rich(table, options.max_width)
            yield Text()
        yield Text(f"report: {self.folder}/index.html", overflow="fold")


def write_report(run: Run) -> Report:
    """Write OUT/report anew: the same files of a run give the same report, but for its time of writing.

    Raises:
        UserError: the configuration's ensembles name a cell that the grid does not have.
    """
    folder = run.store / "report"
    scores = score_run(run)  # first: a wrong name in the settings must not cost the report that is there
    for name in folder.names():
        if name != LIVE_PAGE:  # somebody may be looking at it
            folder.delete(name)
    claims = judge_claims(run, scores)
    diagnostics = diagnose(run)
    write_tables(run, scores, claims, run.store)
    diagnostics.write(folder)
    figures = make_figures(run, scores, claims, diagnostics)
    write_figures(figures, folder)
    write_page(run, scores, claims, _tables(run, scores, claims), diagnostics, figures, folder)
    write_live_page(run, StatusReader(run).read())
    return Report(run, folder, scores, claims, diagnostics)


def _tables(run: Run, scores: RunScores, claims: Sequence[ClaimResult]) -> Tables:
    main = [table1(run, scores), table2(run, scores), table3(run, scores)]
    more = [readings_table(run, scores), stages_table(run, scores), claims_table(run, scores, claims)]
    return Tables(main, more)
