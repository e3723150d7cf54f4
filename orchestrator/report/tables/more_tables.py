"""Tables that the paper lacks: other readings of its scores, ends of stages, verdicts at a glance."""

from collections.abc import Sequence

from orchestrator.artifacts.run import Run
from orchestrator.report.claims.claims import Claim, ClaimResult
from orchestrator.report.scores.run_scores import Entry, RunScores
from orchestrator.report.scores.scoring import What
from orchestrator.report.tables.paper_tables import content_of
from orchestrator.report.tables.table import Column, Content, Hole, Row, Table, Value
from trainable.metrics import Ties


def readings_table(run: Run, scores: RunScores) -> Table:
    """What the paper leaves open: one model or all folds, raw or normalised scores, either rule for ties."""
    other: Ties = "challenge" if scores.settings.ties == "group" else "group"
    whats = []
    for split in scores.main_splits:
        plain = What(split, ties=scores.settings.ties)
        pooled = "pooled" if split == "cv" else "blend"
        whats += [
            (Column(split, "folds"), plain),
            (Column(split, "normalised"), plain._replace(form="normalised")),
            (Column(split, pooled), plain._replace(score="blend")),
            (Column(split, f"{pooled} normalised"), plain._replace(score="blend", form="normalised")),
            (Column(split, f"{other} ties"), plain._replace(ties=other)),
        ]
    more = [Column(split, name) for split in scores.main_splits for name in ("tied labels", "F-score")]
    rows = [
        Row(str(entry), (*(content_of(scores.find(entry, what)) for _, what in whats), *_more(scores, entry)))
        for entry in _entries(run)
    ]
    notes = (
        "folds: mean of the folds; blend: geometric mean of the folds' scores; pooled: all validation clips "
        "as one table; normalised: class by class over all clips of the table",
        f"F-score: micro, scores from {run.experiment.schedule.f_threshold} on, mean of the folds",
        "tied labels: share of labels whose score another class of the same clip has too",
    )
    columns = (*(column for column, _ in whats), *more)
    return Table("Other readings of the scores: lwlrap, F-score, ties", "cell", columns, tuple(rows), notes)


def _entries(run: Run) -> list[Entry]:
    return [Entry(a, s) for a in run.experiment.activations for s in run.experiment.selections]


def _more(scores: RunScores, entry: Entry) -> list[Content]:
    """Share of tied labels and F-score on cv and on the held-out clips."""
    cells: list[Content] = []
    for split in scores.main_splits:
        reason = scores.holes.get(entry) or scores.unscored.get(split)
        if reason:
            cells += [Hole(reason), Hole(reason)]
        else:
            found = scores.entries[entry]
            cells += [Value(found.tied[split]), Value(found.fscore[split])]
    return cells


def stages_table(run: Run, scores: RunScores) -> Table:
    """Columns without unverified clips at the end of every stage: what more iterations alone give."""
    stages = len(run.experiment.stages)
    splits = scores.main_splits
    ends = [(number, number if number < stages - 1 else None) for number in range(stages)]
    plain = [name for name, selection in run.experiment.selections.items() if not selection.uses_unverified]
    rows = [
        Row(str(entry), tuple(
            content_of(scores.find(entry, What(split, ties=scores.settings.ties, stage=stage)))
            for split in splits for _, stage in ends
        ))
        for entry in _entries(run) if entry.selection in plain
    ]  # fmt: skip
    columns = tuple(Column(split, f"stage {number + 1}") for split in splits for number, _ in ends)
    title = "Ends of the stages: lwlrap without unverified clips, mean of the folds"
    return Table(title, "cell", columns, tuple(rows))


def verdicts_table(scores: RunScores, claims: Sequence[ClaimResult]) -> Table:
    """The claims over the whole grid, where there are such; a row for each split: verdict and difference."""
    curves = [found for found in claims if found.split == "curves"]
    scored = [found for found in claims if found.split != "curves"]
    whole = [found for found in scored if found.claim.where.startswith("all ")]
    chosen = (whole or scored) + curves
    rows = [Row(_sentence(found.claim), (found.split, _verdict(found))) for found in chosen]
    notes = (
        f"differences are paired, with {scores.settings.level:.0%} intervals: of lwlrap, and of curves, of "
        "the coefficient of variation",
    )
    return Table("Verdicts", "claim", (Column("split"), Column("verdict")), tuple(rows), notes)


def _verdict(found: ClaimResult) -> Content:
    if found.difference is None:
        return Hole(f"{found.verdict}: {found.reason}")
    of = found.difference
    return f"{found.verdict}\n{of.estimate:+.4f} [{of.low:+.4f}, {of.high:+.4f}]"


def _sentence(claim: Claim) -> str:
    return f"{claim.statement}, {claim.where} ({claim.source})"
