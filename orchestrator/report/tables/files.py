"""All tables of a report about scores, made once for its files, its page and the terminal; and their files.

report/tables/table1.csv            lwlrap of every cell, raw scores; COLUMNS
              table1_intervals.csv  every score with its interval; INTERVAL_COLUMNS
              table1.{md,tex}       as the paper prints it, beside its numbers
              table{2,3}.{csv,md,tex}, readings.{csv,md,tex}, stages.{csv,md,tex}
              claims.{csv,md}, verdicts.{csv,md}
Numbers in CSV files have all their digits: equal runs give equal bytes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.tables.claim_tables import claims_table, verdicts_table
from orchestrator.report.tables.paper_tables import readings_table, stages_table, table1, table2, table3
from orchestrator.report.tables.table import Table, csv_text, exact, to_csv, to_latex, to_markdown
from orchestrator.stats.assessment import ClaimResult
from orchestrator.stats.grid import Entry
from orchestrator.stats.paper import Published
from orchestrator.stats.predictions import SPLITS
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import AVERAGES, Score, ScoreKey

TABLES = "tables"
"""Folder in the report's."""
COLUMNS = ("activation", "selection", "split", "score", "mean", "n_folds")
INTERVAL_COLUMNS = (
    "activation", "selection", "split", "score", "form", "clips", "ties", "after_stage", "mean", "low",
    "high", "trainings_low", "trainings_high", "trainings_nu", "seed_sd",
    "n_seeds", "tied_labels", "published", "difference", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Tables:
    """Every table, by the name of its files."""

    table1: Table
    table2: Table
    table3: Table
    readings: Table
    stages: Table
    claims: Table
    verdicts: Table

    @property
    def of_claims(self) -> dict[str, Table]:
        """Claims and verdicts."""
        return {name: vars(self)[name] for name in ("claims", "verdicts")}

    @property
    def of_numbers(self) -> dict[str, Table]:
        """The others, which a paper could print."""
        return {name: table for name, table in vars(self).items() if name not in self.of_claims}


def make_tables(run: Run, scores: RunScores, claims: Sequence[ClaimResult], published: Published) -> Tables:
    """Every table of the run, with a hole wherever it has no number."""
    about_scores = (run, scores, published)
    return Tables(
        table1(*about_scores), table2(*about_scores), table3(*about_scores), readings_table(run, scores),
        stages_table(run, scores), claims_table(scores, claims, published), verdicts_table(scores, claims),
    )  # fmt: skip


def write_tables(tables: Tables, run: Run, scores: RunScores, published: Published, report: Store) -> None:
    """Write tables/ into the report's folder."""
    everything = tables.of_numbers | tables.of_claims
    texts = {f"{name}.md": to_markdown(table) for name, table in everything.items()}
    texts |= {f"{name}.tex": to_latex(table) for name, table in tables.of_numbers.items()}
    texts |= {f"{name}.csv": to_csv(table) for name, table in everything.items()}
    texts["table1.csv"] = table1_csv(run, scores)
    texts["table1_intervals.csv"] = intervals_csv(run, scores, published)
    for name, text in texts.items():
        report.write(f"{TABLES}/{name}", text.encode())


def table1_csv(run: Run, scores: RunScores) -> str:
    """A line for each entry, split with labels, and average; a hole has no mean and 0 folds."""
    lines = []
    for entry in run.entries:
        for split in (split for split in SPLITS if split not in scores.unscored):
            for average in AVERAGES:
                score = scores.find(entry, ScoreKey(split, average, ties=scores.settings.ties))
                known = (
                    [exact(score.value), str(run.experiment.folds)] if isinstance(score, Score) else ["", "0"]
                )
                lines.append([*entry, split, average, *known])
    return csv_text(COLUMNS, lines)


def intervals_csv(run: Run, scores: RunScores, published: Published) -> str:
    """A line for each score of each entry, and one for each hole."""
    lines = []
    for entry in run.entries:
        if entry in scores.holes:
            lines.append([*entry, *[""] * (len(INTERVAL_COLUMNS) - 3), str(scores.holes[entry])])
            continue
        for key, score in scores.entries[entry].scores.items():
            tied = scores.entries[entry].tied[key.split]
            lines.append([*entry, *_interval_line(entry, key, score, tied, published), ""])
    return csv_text(INTERVAL_COLUMNS, lines)


def _interval_line(entry: Entry, key: ScoreKey, score: Score, tied: float, published: Published) -> list[str]:
    """INTERVAL_COLUMNS from split to difference."""
    plain = key == ScoreKey(key.split)  # what the paper's Table 1 shows, by eq. 10
    papers = published.table1(entry, key.split) if plain else None
    difference = None if papers is None else score.value - papers
    share = tied if (key.form, key.clips, key.stage) == ("raw", "all", None) else None
    stage = "" if key.stage is None else str(key.stage + 1)
    crossed = (score.crossed.low, score.crossed.high, score.crossed.nu) if score.crossed else (None,) * 3
    numbers = (score.value, score.interval.low, score.interval.high, *crossed, score.seed_sd)
    seeds = str(len(score.by_seed))
    return [
        key.split, key.average, key.form, key.clips, key.ties, stage, *map(exact, numbers), seeds,
        *map(exact, (share, papers, difference)),
    ]  # fmt: skip
