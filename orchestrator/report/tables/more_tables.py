"""Tables that the paper lacks: other readings of its scores, ends of stages, verdicts at a glance."""

from collections.abc import Sequence

from orchestrator.legs.run import Run
from orchestrator.report.tables.held_open import held_open
from orchestrator.report.tables.paper_tables import content_of
from orchestrator.report.tables.table import Column, Content, Row, Table, Value
from orchestrator.stats.assessment import TRAINING, ClaimResult, whole_grid
from orchestrator.stats.claims import Claim
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.training import UNITS
from trainable.metrics import Ties

NO_PAIR = "the grid has no two cells that a claim compares"


def readings_table(run: Run, scores: RunScores) -> Table:
    """What the paper leaves open: one model or all folds, raw or normalised scores, either rule for ties."""
    splits = scores.main_splits
    readings = {column: key for split in splits for column, key in _readings(split, scores.settings.ties)}
    rows = [
        Row(
            str(entry),
            (
                *(content_of(scores.find(entry, key)) for key in readings.values()),
                *(cell for split in splits for cell in _ties_and_fscores(scores, entry, split)),
            ),
        )
        for entry in run.entries
    ]
    notes = (
        "folds: mean of the folds; blend: geometric mean of the folds' scores; pooled: all validation clips "
        "as one table; normalised: class by class over all clips of the table",
        f"F-score: micro, scores from {run.experiment.schedule.f_threshold} on, mean of the folds; macro "
        "F-score: the mean over the classes that have a label",
        "tied labels: share of labels whose score another class of the same clip has too",
    )
    more = [Column(split, name) for split in splits for name in ("tied labels", "F-score", "macro F-score")]
    title = "Other readings of the scores: lwlrap, F-score, ties"
    return Table(title, "cell", (*readings, *more), tuple(rows), notes)


def _readings(split: Split, ties: Ties) -> list[tuple[Column, ScoreKey]]:
    """Titles and scores of the columns about lwlrap on one split."""
    other: Ties = "challenge" if ties == "group" else "group"
    blend = "pooled" if split == "cv" else "blend"
    plain = ScoreKey(split, ties=ties)
    return [
        (Column(split, "folds"), plain),
        (Column(split, "normalised"), plain._replace(form="normalised")),
        (Column(split, blend), plain._replace(average="blend")),
        (Column(split, f"{blend} normalised"), plain._replace(average="blend", form="normalised")),
        (Column(split, f"{other} ties"), plain._replace(ties=other)),
    ]


def _ties_and_fscores(scores: RunScores, entry: Entry, split: Split) -> tuple[Content, ...]:
    """Share of tied labels, and both F-scores."""
    hole = scores.holes.get(entry) or scores.unscored.get(split)
    if hole:
        return hole, hole, hole
    own = scores.entries[entry]
    return tuple(Value(value[split]) for value in (own.tied, own.fscore, own.macro_fscore))


def stages_table(run: Run, scores: RunScores) -> Table:
    """Columns without unverified clips at the end of every stage: what more iterations alone give."""
    stages = len(run.experiment.stages)
    splits = scores.main_splits
    ends = [(number, number if number < stages - 1 else None) for number in range(stages)]
    plain = [name for name, selection in run.experiment.selections.items() if not selection.uses_unverified]
    rows = [
        Row(str(entry), tuple(
            content_of(scores.find(entry, ScoreKey(split, ties=scores.settings.ties, stage=stage)))
            for split in splits for _, stage in ends
        ))
        for entry in run.entries if entry.selection in plain
    ]  # fmt: skip
    columns = tuple(Column(split, f"stage {number + 1}") for split in splits for number, _ in ends)
    title = "Ends of the stages: lwlrap without unverified clips, mean of the folds"
    return Table(title, "cell", columns, tuple(rows))


def verdicts_table(scores: RunScores, claims: Sequence[ClaimResult]) -> Table:
    """The claims over the whole grid, where there are such; a row for each split: verdict and difference."""
    shown = whole_grid(claims)
    rows = [Row(_label(result.claim), (str(result.evidence), _verdict(result))) for result in shown]
    notes = [f"differences are paired, with {scores.settings.level:.0%} intervals", held_open(claims)]
    if any(result.evidence == TRAINING for result in shown):
        notes.insert(1, f"training: {UNITS}")
    notes = notes if rows else [NO_PAIR]
    return Table("Verdicts", "claim", (Column("split"), Column("verdict")), tuple(rows), tuple(notes))


def _verdict(result: ClaimResult) -> Content:
    difference = result.shown
    return difference if isinstance(difference, Hole) else f"{result.words}\n{difference}"


def _label(claim: Claim) -> str:
    return f"{claim.sentence}, {claim.scope} ({claim.source})"
