"""The paper's three tables and its claims from a run's scores."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.legs.run import Run
from orchestrator.report.tables.held_open import held_open, kept_together, where_open
from orchestrator.report.tables.table import Column, Content, DetailHole, Row, Table, Value
from orchestrator.stats.assessment import TRAINING, ClaimResult
from orchestrator.stats.bootstrap import Interval
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.paper import TABLE_3, Published
from orchestrator.stats.predictions import SPLITS, Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import FORMS, Form, Score, ScoreKey
from orchestrator.stats.training import UNITS


def table1(run: Run, scores: RunScores, published: Published) -> Table:
    """lwlrap of every entry on cv and on the held-out test clips: rows activations, columns selections."""
    selections = list(run.experiment.selections)
    splits = scores.main_splits
    best = {split: _highest(scores, split) for split in splits}
    rows = [
        Row(activation, tuple(
            _beside_paper(scores, Entry(activation, selection), split, published, best[split])
            for selection in selections for split in splits
        ))
        for activation in run.experiment.activations
    ]  # fmt: skip
    columns = [Column(selection, split) for selection in selections for split in splits]
    title = "Table 1. lwlrap, mean of the folds, raw scores"
    return Table(title, "activation", tuple(columns), tuple(rows), _notes(run, scores, published))


def _highest(scores: RunScores, split: Split) -> float | None:
    """The best value on a split."""
    key = ScoreKey(split, ties=scores.settings.ties)
    found = (scores.find(entry, key) for entry in scores.entries)
    return max((score.value for score in found if isinstance(score, Score)), default=None)


def _beside_paper(
    scores: RunScores, entry: Entry, split: Split, published: Published, best: float | None
) -> Content:
    score = scores.find(entry, ScoreKey(split, ties=scores.settings.ties))
    content = content_of(score, published.table1(entry, split))
    return replace(content, best=content.value == best) if isinstance(content, Value) else content


def content_of(score: Score | Hole, published: float | None = None) -> Content:
    """A score with its interval, beside the published one; a hole as it is."""
    return score if isinstance(score, Hole) else Value(score.value, score.shown, published)


def _notes(run: Run, scores: RunScores, published: Published) -> tuple[str, ...]:
    """What the numbers are; seeds; ties; why nothing published is beside them."""
    level, ties = f"{scores.settings.level:.0%}", scores.settings.ties
    rule = "count as ranked above" if ties == "group" else "go to the higher class, as in the challenge"
    shares = [share for entry in scores.entries.values() for share in entry.tied.values()]
    notes = [
        f"intervals: {level}; {where_open(run, scores)}",
        f"folds: {kept_together(run)}",
        f"ties {rule}; share of labels in a tie: at most {max(shares, default=0.0):.2%}",
    ]
    for entry, of_entry in scores.entries.items():
        notes += [f"{entry}: without seed {seed} ({hole})" for seed, hole in of_entry.missing_seeds.items()]
    return (*notes, *_seed_note(run, scores), _published_note(published))


def _published_note(published: Published) -> str:
    if published.comparable:
        return "p or paper: the published number; after it, measured minus published"
    return f"no published numbers: the data set is not FSDKaggle2019 ({published.obstacle})"


def _seed_note(run: Run, scores: RunScores) -> list[str]:
    key = ScoreKey("cv", ties=scores.settings.ties)
    deviations = [entry.scores[key].seed_sd for entry in scores.entries.values() if key in entry.scores]
    known = [deviation for deviation in deviations if deviation is not None]
    if not known:
        return []
    text = f"{min(known):.4f} to {max(known):.4f}"
    return [f"means over {len(run.experiment.seeds)} seeds; standard deviation over seeds on cv: {text}"]


def table2(run: Run, scores: RunScores, published: Published) -> Table:
    """cv lwlrap on clips with several labels, each fold and their mean, of every entry."""
    folds = run.experiment.folds
    columns = [Column(f"fold {fold + 1}") for fold in range(folds)]
    title = "Table 2. lwlrap on clips with several labels, cross-validation"
    notes = [
        f"interval of the mean: {scores.settings.level:.0%}; {where_open(run, scores)}",
        _published_note(published),
    ]
    if published.has_table2(folds):
        notes.append("the paper does not name the selection; its numbers stand beside threshold")
        notes.append("the paper's folds are not known: only the mean can be compared")
    rows = tuple(_row2(scores, entry, folds, published) for entry in run.entries)
    return Table(title, "cell", (*columns, Column("mean")), rows, tuple(notes))


def _row2(scores: RunScores, entry: Entry, folds: int, published: Published) -> Row:
    score = scores.find(entry, ScoreKey("cv", clips="several", ties=scores.settings.ties))
    if isinstance(score, Hole):
        return Row(str(entry), (score,) * (folds + 1))
    beside: Sequence[float | None] = published.table2(entry, folds) or (None,) * (folds + 1)
    cells = [Value(v, None, p) for v, p in zip(score.by_fold, beside[:-1], strict=True)]
    return Row(str(entry), (*cells, Value(score.value, score.shown, beside[-1])))


def table3(run: Run, scores: RunScores, published: Published) -> Table:
    """Ensembles, raw and normalised, beside the published systems."""
    ensembles = run.experiment.ensembles
    splits = SPLITS if scores.test_clips else SPLITS[:1]
    rows = [
        Row(f"{name}, {form}", tuple(_ensemble_cell(scores, name, split, form) for split in splits))
        for name in ensembles
        for form in FORMS
    ]
    if published.comparable:
        rows += [Row(system, ("", "***" if public is None else f"{public:.4f}", f"{private:.4f}", ""))
                 for system, (public, private) in TABLE_3.items()]  # fmt: skip
    columns = (Column("cv", "pooled"), *(Column(split) for split in splits[1:]))
    notes = [f"{name}: {', '.join(members)}" for name, members in ensembles.items()]
    notes += [] if notes else ["no ensemble is named in the configuration (ensembles:)"]
    comparable = published.comparable
    notes.append("rows without an interval are published" if comparable else _published_note(published))
    return Table("Table 3. lwlrap of ensembles", "system", columns, tuple(rows), tuple(notes))


def _ensemble_cell(scores: RunScores, name: str, split: Split, form: Form) -> Content:
    ensembles = scores.ensembles
    if name in ensembles.holes:
        return ensembles.holes[name]
    if split in scores.unscored:
        return scores.unscored[split]
    return content_of(ensembles.scores[name][ScoreKey(split, "blend", form, ties=scores.settings.ties)])


CLAIM_COLUMNS = (
    "where", "split", "difference", "other trainings too", "nu", "p (Holm)", "verdict", "source"
)  # fmt: skip


def claims_table(scores: RunScores, claims: Sequence[ClaimResult], published: Published) -> Table:
    """A row for each claim and split: intervals, verdict in words, the paper's difference and sentence."""
    columns = tuple(map(Column, CLAIM_COLUMNS))
    notes = (
        f"differences are paired, with {scores.settings.level:.0%} intervals: in `difference` other clips "
        "alone are held open, in `other trainings too` clips and trainings (nu: degrees of freedom)",
        *([f"training: {UNITS}"] if any(result.evidence == TRAINING for result in claims) else []),
        held_open(claims),
        _published_note(published),
        *dict.fromkeys(f"in part, for want of {result.incomplete}" for result in claims if result.incomplete),
    )
    rows = tuple(Row(result.claim.sentence, _claim_cells(result)) for result in claims)
    return Table("Claims", "claim", columns, rows, notes)


def _claim_cells(result: ClaimResult) -> tuple[Content, ...]:
    partly = " (in part)" if result.incomplete else ""
    where, split = f"{result.claim.scope}{partly}", str(result.evidence)
    corrected = "" if result.corrected_p is None else f"{result.corrected_p:.4f}"
    cells = where, split, _difference(result), *_crossed(result), corrected, result.words
    return *cells, result.claim.source.cited


def _crossed(result: ClaimResult) -> tuple[Content, Content]:
    """The difference with trainings held open, and its degrees of freedom."""
    crossed = result.crossed
    if crossed is None:
        return "" if isinstance(result.difference, Hole) else Hole("n/a", "one training"), ""
    return Value(crossed.estimate, Interval(crossed.low, crossed.high)), f"{crossed.nu:.1f}"


def _difference(result: ClaimResult) -> Content:
    difference = result.difference
    if isinstance(difference, Hole):
        return DetailHole(difference.kind, difference.detail)
    if result.evidence == TRAINING:
        return Hole("n/a", "trainings alone are held open")
    return Value(difference.estimate, Interval(difference.low, difference.high), result.published)
