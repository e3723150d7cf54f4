"""The report of a run, finished or not, from its files alone.

OUT/report/index.html        the page: everything below in one file
           tables/           see tables.files
           ensembles/        NAME/predictions.parquet, as a cell's: see write_ensembles
           figures/          <name>.svg and .png
           suspects.csv      the relabelling worklist: see stats.suspects
           diagnostics/      tables about masks: see stats.masks
           made.json         what it was made from: see unchanged
           live.html         how far the run is: see orchestrator.watch.live_page
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.legs.tables import predictions_table
from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.figures.draw import make_figures, write_figures
from orchestrator.report.inputs import published_beside, read_inputs
from orchestrator.report.page.page import Findings, write_page
from orchestrator.report.tables.claim_tables import short_verdicts
from orchestrator.report.tables.files import Tables, make_tables, write_tables
from orchestrator.report.tables.terminal import PrintedReport
from orchestrator.report.unchanged import PAGE, fingerprint, note_report
from orchestrator.stats.assessment import ClaimResult, assess_claims, whole_grid
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.grid import Entry, Hole, ranked
from orchestrator.stats.masks import diagnose
from orchestrator.stats.predictions import Forms, Split
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import Score, ScoreKey

PLAIN_COLUMN, PLAIN_ROW = "verified_only", "sigmoid"
"""Without a selection, and with one head: what the others are held against."""

CLIPS: dict[Split, str] = {
    "cv": "in cross-validation", "private": "on private test clips", "test": "on test clips"
}  # fmt: skip


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
    def printed(self) -> PrintedReport:
        """What the terminal shows."""
        tables = (self.tables.table1, *short_verdicts(self.claims))
        return PrintedReport(self.headline, tables, f"{self.folder}/{PAGE}")

    def __rich__(self) -> PrintedReport:
        return self.printed


def write_report(run: Run) -> Report:
    """Write OUT/report anew: the same files of a run give the same report, but for its time of writing.

    Raises:
        UserError: the run's configuration is none of this version.
    """
    made_from, inputs = fingerprint(run), read_inputs(run)
    # before anything is deleted: what fails must not cost the report that is there
    scores, published = score_run(inputs, run.experiment.report), published_beside(run)
    claims, diagnostics = assess_claims(inputs, scores, published), Diagnostics.of(diagnose(inputs))
    first = headline(scores, claims, list(ranked(inputs.grid.entries, inputs.lwlrap)))
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
    report = Report(folder, first, scores, claims, diagnostics, tables)
    note_report(run, made_from, report.printed)
    return report


def write_ensembles(run: Run, ensembles: Mapping[str, Forms], report: Store) -> None:
    """Write ensembles/<name>/predictions.parquet into the report's folder.

    It has the columns of a cell's predictions: validation clips by the members' models of their own fold,
    test clips by the models of all folds.
    """
    stage, names = len(run.experiment.stages) - 1, run.clips["fname"].tolist()
    for name, ensemble in ensembles.items():
        raw = ensemble["raw"]
        models = [(part, model) for part in ("validation", "test") for model in getattr(raw, part)]
        table = pa.concat_tables(
            predictions_table(model.rows, model.scores, names, part, stage) for part, model in models
        )
        report.write_table(f"ensembles/{name}/{artifacts.PREDICTIONS}", table)


def headline(scores: RunScores, claims: Sequence[ClaimResult], ranking: Sequence[Entry]) -> tuple[str, ...]:
    """The report in two sentences: the best cell, what its parts bring, and how sure that is."""
    best = next((entry for entry in ranking if entry in scores.entries), None)
    if best is None:
        return ("No cell can be scored yet.",)
    known = [(split, _score(scores, best, split)) for split in reversed(scores.splits_shown)]
    values = " and ".join(f"{score.value:.4f} {CLIPS[split]}" for split, score in known if score)
    gains = " and ".join(filter(None, _gains(scores, claims)))
    brought = f", where {gains}" if gains else ""
    return f"Best cell by cross-validation: {best}, lwlrap {values}{brought}.", _certainty(scores)


def _score(scores: RunScores, entry: Entry, split: Split) -> Score | None:
    score = scores.find(entry, ScoreKey(split, ties=scores.settings.ties))
    return score if isinstance(score, Score) else None


def _gains(scores: RunScores, claims: Sequence[ClaimResult]) -> Iterator[str]:
    """What the columns bring over the plain one, and rows with more heads over the plain row.

    On the last split: held-out clips, where there are some.
    """
    heads, columns, rows = scores.grid.rows, {}, {}
    for result in whole_grid(claims):
        higher, lower = result.claim.pairs[0]
        if result.evidence.split != scores.splits_shown[-1] or isinstance(result.shown, Hole):
            continue
        if lower.selection == PLAIN_COLUMN and higher.activation == lower.activation:
            columns[higher.selection] = result.shown, result.words
        if lower.activation == PLAIN_ROW and heads[higher.activation] > heads[PLAIN_ROW]:
            rows[higher.activation] = result.shown, result.words
    yield _gain("selection", columns)
    yield _gain("a second head", rows)


def _gain(noun: str, known: Mapping[str, tuple[Difference, str]]) -> str:
    """The largest of some differences, said to be that."""
    if not known:
        return ""
    name, (difference, words) = max(known.items(), key=lambda item: item[1][0].estimate)
    choice = f", the best of {len(known)}" if len(known) > 1 else ""
    return f"{noun} brings {difference} ({name}{choice}: {words})"


def _certainty(scores: RunScores) -> str:
    """What the intervals leave open."""
    seeds, split = len(scores.grid.seeds), scores.splits_shown[-1]
    said = "One training of each cell was run" if seeds == 1 else f"Means of {seeds} trainings of each cell"
    level, clips = f"{scores.settings.level:.0%}", "clips" if split == "cv" else "test clips"
    shown = [score for entry in scores.entries if (score := _score(scores, entry, split))]
    if not any(score.crossed for score in shown):
        more = "another training" if seeds == 1 else "other trainings"
        return f"{said}: the {level} intervals say what other {clips} would change, not what {more} would."
    if split != "cv":
        said += f", {seeds * scores.grid.folds} models on the same test clips"
    return f"{said}: the {level} intervals say what other {clips} and other trainings would change."
