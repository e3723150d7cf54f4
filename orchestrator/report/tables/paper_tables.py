"""The paper's three tables and its claims from a run's scores."""

from collections.abc import Sequence

from orchestrator.artifacts.run import Run
from orchestrator.report.claims.claims import ClaimResult
from orchestrator.report.claims.published import TABLE_1, TABLE_2, TABLE_3, is_fsdkaggle2019
from orchestrator.report.scores.bootstrap import Interval
from orchestrator.report.scores.predictions import SPLITS, Split
from orchestrator.report.scores.run_scores import Entry, RunScores
from orchestrator.report.scores.scoring import FORMS, Form, Score, What
from orchestrator.report.tables.table import Column, Content, Hole, Row, Table, Value


def table1(run: Run, scores: RunScores) -> Table:
    """lwlrap of every entry on cv and on the held-out test clips: rows activations, columns selections."""
    published, selections = is_fsdkaggle2019(run) is None, list(run.experiment.selections)
    splits = scores.main_splits
    rows = [
        Row(activation, tuple(
            _content(scores, Entry(activation, selection), split, published)
            for selection in selections for split in splits
        ))
        for activation in run.experiment.activations
    ]  # fmt: skip
    columns = [Column(selection, split) for selection in selections for split in splits]
    title = "Table 1. lwlrap, mean of the folds, raw scores"
    return Table(title, "activation", tuple(columns), tuple(rows), _notes(run, scores))


def _content(scores: RunScores, entry: Entry, split: Split, published: bool) -> Content:
    score = scores.find(entry, What(split, ties=scores.settings.ties))
    return content_of(score, TABLE_1.get((*entry, split)) if published else None)


def content_of(score: Score | str, published: float | None = None) -> Content:
    """A score with its interval, or a hole with the reason."""
    return Hole(score) if isinstance(score, str) else Value(score.value, score.interval, published)


def _notes(run: Run, scores: RunScores) -> tuple[str, ...]:
    """What the numbers are; seeds; ties; why nothing published is beside them."""
    level, ties = f"{scores.settings.level:.0%}", scores.settings.ties
    rule = "count as ranked above" if ties == "group" else "go to the higher class, as in the challenge"
    shares = [share for entry in scores.entries.values() for share in entry.tied.values()]
    notes = [
        f"intervals: {level}, bootstrap over clips, {scores.settings.resamples} samples",
        f"ties {rule}; share of labels in a tie: at most {max(shares, default=0.0):.2%}",
    ]
    for entry, found in scores.entries.items():
        notes += [f"{entry}: without seed {seed} ({why})" for seed, why in found.missing_seeds.items()]
    return (*notes, *_seed_note(run, scores), _published_note(run))


def _published_note(run: Run) -> str:
    reason = is_fsdkaggle2019(run)
    if reason is None:
        return "p or paper: the published number; after it, measured minus published"
    return f"no published numbers: the data set is not FSDKaggle2019 ({reason})"


def _seed_note(run: Run, scores: RunScores) -> list[str]:
    what = What("cv", ties=scores.settings.ties)
    found = [entry.scores[what].seed_sd for entry in scores.entries.values() if what in entry.scores]
    spreads = [spread for spread in found if spread is not None]
    if not spreads:
        return []
    text = f"{min(spreads):.4f} to {max(spreads):.4f}"
    return [f"means over {len(run.experiment.seeds)} seeds; standard deviation over seeds on cv: {text}"]


def table2(run: Run, scores: RunScores) -> Table:
    """cv lwlrap on clips with several labels, each fold and their mean, of every entry."""
    folds = run.experiment.folds
    published = is_fsdkaggle2019(run) is None and folds == 4
    rows = [_row2(scores, Entry(a, s), folds, published)
            for a in run.experiment.activations for s in run.experiment.selections]  # fmt: skip
    columns = [Column(f"fold {fold + 1}") for fold in range(folds)]
    title = "Table 2. lwlrap on clips with several labels, cross-validation"
    notes = [f"interval of the mean: {scores.settings.level:.0%}, bootstrap over clips", _published_note(run)]
    if published:
        notes.append("the paper does not name the selection; its numbers stand beside threshold")
        notes.append("the paper's folds are not known: only the mean can be compared")
    return Table(title, "cell", (*columns, Column("mean")), tuple(rows), tuple(notes))


def _row2(scores: RunScores, entry: Entry, folds: int, published: bool) -> Row:
    score = scores.find(entry, What("cv", clips="several", ties=scores.settings.ties))
    if isinstance(score, str):
        return Row(str(entry), (Hole(score),) * (folds + 1))
    known = TABLE_2.get(entry.activation) if published and entry.selection == "threshold" else None
    beside: Sequence[float | None] = known or (None,) * (folds + 1)
    cells = [Value(v, None, p) for v, p in zip(score.by_fold, beside[:-1], strict=True)]
    return Row(str(entry), (*cells, Value(score.value, score.interval, beside[-1])))


def table3(run: Run, scores: RunScores) -> Table:
    """Ensembles, raw and normalised, beside the published systems."""
    splits = SPLITS if scores.test_clips else SPLITS[:1]
    rows = [
        Row(
            f"{name}, {form}",
            tuple(_ensemble_cell(scores, name, split, form) for split in splits),
        )
        for name in scores.ensembles.members
        for form in FORMS
    ]
    reason = is_fsdkaggle2019(run)
    if reason is None:
        rows += [Row(system, ("", "***" if public is None else f"{public:.4f}", f"{private:.4f}", ""))
                 for system, (public, private) in TABLE_3.items()]  # fmt: skip
    columns = (Column("cv", "pooled"), *(Column(split) for split in splits[1:]))
    notes = [f"{name}: {', '.join(members)}" for name, members in scores.ensembles.members.items()]
    notes += [] if notes else ["no ensemble is named in the configuration (ensembles:)"]
    notes.append("rows without an interval are published" if reason is None else _published_note(run))
    return Table("Table 3. lwlrap of ensembles", "system", columns, tuple(rows), tuple(notes))


def _ensemble_cell(scores: RunScores, name: str, split: Split, form: Form) -> Content:
    found = scores.ensembles
    if name in found.holes:
        return Hole(found.holes[name])
    if split in scores.unscored:
        return Hole(scores.unscored[split])
    return content_of(found.scores[name][What(split, "blend", form, ties=scores.settings.ties)])


def claims_table(run: Run, scores: RunScores, claims: Sequence[ClaimResult]) -> Table:
    """A row for each claim and split: difference with interval, verdict in words, the paper's difference."""
    columns = tuple(map(Column, ("where", "split", "difference", "verdict", "source")))
    notes = (
        f"differences are paired; verdicts at {scores.settings.level:.0%}, one claim at a time: of "
        f"{len(claims)} verdicts on claims about nothing some would still be wrong",
        _published_note(run),
        *dict.fromkeys(f"in part, for want of {found.reason}" for found in claims if _partly(found)),
    )
    rows = tuple(Row(found.claim.statement, _claim_cells(found)) for found in claims)
    return Table("Claims", "claim", columns, rows, notes)


def _claim_cells(found: ClaimResult) -> tuple[Content, ...]:
    value: Content = Hole(found.reason)
    if found.difference:
        ends = Interval(found.difference.low, found.difference.high)
        value = Value(found.difference.estimate, ends, found.published)
    partly = " (in part)" if _partly(found) else ""
    return found.claim.where + partly, found.split, value, found.verdict, found.claim.source


def _partly(found: ClaimResult) -> bool:
    return found.difference is not None and bool(found.reason)
