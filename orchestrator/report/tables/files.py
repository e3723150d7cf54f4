"""The files of a report's tables.

report/tables/table1.csv            lwlrap of every cell, raw scores; COLUMNS
              table1_intervals.csv  every score with its interval; INTERVAL_COLUMNS
              table1.{md,tex}       as the paper prints it, beside its numbers
              table{2,3}.{csv,md,tex}, readings.{csv,md,tex}, stages.{csv,md,tex}
              claims.{csv,md}, verdicts.{csv,md}
Numbers in CSV files have all their digits: equal runs give equal bytes.
"""

from collections.abc import Iterator, Sequence

from orchestrator.artifacts.run import Run
from orchestrator.report.claims.claims import ClaimResult
from orchestrator.report.claims.published import TABLE_1, is_fsdkaggle2019
from orchestrator.report.scores.ensembles import write_ensembles
from orchestrator.report.scores.predictions import SPLITS
from orchestrator.report.scores.run_scores import Entry, RunScores
from orchestrator.report.scores.scoring import KINDS, Score, What
from orchestrator.report.tables.more_tables import readings_table, stages_table, verdicts_table
from orchestrator.report.tables.paper_tables import claims_table, table1, table2, table3
from orchestrator.report.tables.table import csv_text, exact, to_csv, to_latex, to_markdown
from orchestrator.storage.store import Store

COLUMNS = ("activation", "selection", "split", "score", "mean", "n_folds")
INTERVAL_COLUMNS = (
    "activation", "selection", "split", "score", "form", "clips", "ties", "after_stage", "mean", "low",
    "high", "seed_sd", "n_seeds", "tied_labels", "published", "difference", "reason",
)  # fmt: skip


def write_tables(run: Run, scores: RunScores, claims: Sequence[ClaimResult], store: Store) -> None:
    """Write report/tables and report/ensembles into the run's folder `store`."""
    grid = {"table1": table1(run, scores), "table2": table2(run, scores)}
    grid |= {"table3": table3(run, scores)}
    grid |= {"readings": readings_table(run, scores), "stages": stages_table(run, scores)}
    judged = {"claims": claims_table(run, scores, claims), "verdicts": verdicts_table(scores, claims)}
    files = {f"{name}.md": to_markdown(table) for name, table in (grid | judged).items()}
    files |= {f"{name}.tex": to_latex(table) for name, table in grid.items()}
    files |= {f"{name}.csv": to_csv(table) for name, table in (grid | judged).items()}
    files |= {"table1.csv": table1_csv(run, scores), "table1_intervals.csv": intervals_csv(run, scores)}
    for name, text in files.items():
        store.write(f"report/tables/{name}", text.encode())
    write_ensembles(run, scores.ensembles.made, store)


def _entries(run: Run) -> Iterator[Entry]:
    for activation in run.experiment.activations:
        for selection in run.experiment.selections:
            yield Entry(activation, selection)


def table1_csv(run: Run, scores: RunScores) -> str:
    """A line for each entry, split with labels, and score; a hole has no mean and 0 folds."""
    lines = []
    for entry in _entries(run):
        for split in (split for split in SPLITS if split not in scores.unscored):
            for kind in KINDS:
                score = scores.find(entry, What(split, kind, ties=scores.settings.ties))
                known = isinstance(score, Score)
                mean = exact(score.value) if isinstance(score, Score) else ""
                lines.append([*entry, split, kind, mean, str(run.experiment.folds if known else 0)])
    return csv_text(COLUMNS, lines)


def intervals_csv(run: Run, scores: RunScores) -> str:
    """A line for each score of each entry, and one for each hole."""
    published = is_fsdkaggle2019(run) is None
    lines = []
    for entry in _entries(run):
        if entry in scores.holes:
            lines.append([*entry, *[""] * (len(INTERVAL_COLUMNS) - 3), scores.holes[entry]])
            continue
        for what, score in scores.entries[entry].scores.items():
            tied = scores.entries[entry].tied[what.split]
            lines.append([*entry, *_interval_line(entry, what, score, tied, published), ""])
    return csv_text(INTERVAL_COLUMNS, lines)


def _interval_line(entry: Entry, what: What, score: Score, tied: float, published: bool) -> list[str]:
    """INTERVAL_COLUMNS from split to difference."""
    plain = what == What(what.split)  # what the paper's Table 1 shows, by eq. 10
    known = TABLE_1.get((*entry, what.split)) if published and plain else None
    difference = None if known is None else score.value - known
    share = tied if (what.form, what.clips, what.stage) == ("raw", "all", None) else None
    stage = "" if what.stage is None else str(what.stage + 1)
    numbers = (score.value, score.interval.low, score.interval.high, score.seed_sd)
    seeds = str(len(score.by_seed))
    return [
        what.split, what.score, what.form, what.clips, what.ties, stage, *map(exact, numbers), seeds,
        *map(exact, (share, known, difference)),
    ]  # fmt: skip
