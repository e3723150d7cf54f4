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

from collections.abc import Mapping, Sequence
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
from orchestrator.stats.grid import Entry, Hole, ranked
from orchestrator.stats.masks import diagnose
from orchestrator.stats.predictions import Ensemble, Split
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import Score, ScoreKey

PLAIN_COLUMN, PLAIN_ROW = "verified_only", "sigmoid"
"""Without a selection, and with one head: what the others are held against."""

CLIPS: dict[Split, str] = {
    "cv": "in cross-validation",
    "public": "on public test clips",
    "private": "on private test clips",
    "test": "on test clips",
}
ENSEMBLES = "ensembles"
"""Folder in the report's."""


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


def write_ensembles(run: Run, ensembles: Mapping[str, Ensemble], report: Store) -> None:
    """Write ensembles/<name>/predictions.parquet into the report's folder.

    It has the columns of a cell's predictions: validation clips by the members' models of their own fold,
    test clips by the models of all folds.
    """
    stage, names = len(run.experiment.stages) - 1, run.clips["fname"].tolist()
    for name, ensemble in ensembles.items():
        models = [("validation", model) for model in ensemble.raw.validation]
        models += [("test", model) for model in ensemble.raw.test]
        table = pa.concat_tables(
            predictions_table(model.rows, model.scores, names, part, stage) for part, model in models
        )
        report.write_table(f"{ENSEMBLES}/{name}/{artifacts.PREDICTIONS}", table)


def headline(scores: RunScores, claims: Sequence[ClaimResult], ranking: Sequence[Entry]) -> tuple[str, ...]:
    """The report in two sentences: the best cell, what its parts bring, and how sure that is."""
    best = next((entry for entry in ranking if entry in scores.entries), None)
    if best is None:
        return ("No cell can be scored yet.",)
    shown = [result for result in whole_grid(claims) if result.evidence.split == _last(scores)]
    gains = [
        gain
        for noun, results in (("selection", _columns(shown)), ("a second head", _rows(scores, shown)))
        if (gain := _gain(noun, results))
    ]
    brought = f", where {' and '.join(gains)}" if gains else ""
    return f"Best cell by cross-validation: {best}, lwlrap {_values(scores, best)}{brought}.", _certainty(
        scores
    )


def _score(scores: RunScores, entry: Entry, split: Split) -> Score | None:
    score = scores.find(entry, ScoreKey(split, ties=scores.settings.ties))
    return score if isinstance(score, Score) else None


def _last(scores: RunScores) -> Split:
    """The split that differences are told of: held-out clips where there are some."""
    return scores.splits_shown[-1]


def _values(scores: RunScores, entry: Entry) -> str:
    """The held-out clips first: cross-validation may flatter."""
    known = [(split, _score(scores, entry, split)) for split in reversed(scores.splits_shown)]
    return " and ".join(f"{score.value:.4f} {CLIPS[split]}" for split, score in known if score)


def _columns(results: Sequence[ClaimResult]) -> dict[str, ClaimResult]:
    """Differences of selections from none, by the column."""
    pairs = ((*result.claim.pairs[0], result) for result in results)
    return {
        higher.selection: result
        for higher, lower, result in pairs
        if lower.selection == PLAIN_COLUMN and higher.activation == lower.activation
    }


def _rows(scores: RunScores, results: Sequence[ClaimResult]) -> dict[str, ClaimResult]:
    """Differences of two heads from one, by the row."""
    heads, pairs = scores.grid.rows, ((*result.claim.pairs[0], result) for result in results)
    return {
        higher.activation: result
        for higher, lower, result in pairs
        if lower.activation == PLAIN_ROW and heads[higher.activation] > heads[PLAIN_ROW]
    }


def _gain(noun: str, results: dict[str, ClaimResult]) -> str:
    """The largest of some differences, said to be that."""
    known = {n: r.shown for n, r in results.items() if not isinstance(r.shown, Hole)}
    if not known:
        return ""
    name = max(known, key=lambda name: known[name].estimate)
    choice = f", the best of {len(known)}" if len(known) > 1 else ""
    return f"{noun} brings {known[name]} ({name}{choice}: {results[name].words})"


def _certainty(scores: RunScores) -> str:
    """What the intervals leave open."""
    seeds, split = len(scores.grid.seeds), _last(scores)
    trained = (
        "One training of each cell was run" if seeds == 1 else f"Means of {seeds} trainings of each cell"
    )
    shown = [score for entry in scores.entries if (score := _score(scores, entry, split))]
    level, clips = f"{scores.settings.level:.0%}", "clips" if split == "cv" else "test clips"
    if any(score.crossed for score in shown):
        models = seeds * scores.grid.folds
        folds = "" if split == "cv" else f", {models} models on the same test clips"
        return (
            f"{trained}{folds}: the {level} intervals say what other {clips} and other trainings would "
            "change."
        )
    return (
        f"{trained}: the {level} intervals say what other {clips} would change, not "
        f"what {'another training' if seeds == 1 else 'other trainings'} would."
    )
