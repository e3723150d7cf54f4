"""Tables of scores: the paper's three, and two that it lacks: other readings, and the ends of stages."""

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.legs.run import Run
from orchestrator.report.tables.table import Column, Content, Row, Table, Value
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.paper import TABLE_3, Published
from orchestrator.stats.predictions import FORMS, SPLITS, Form, Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import Score, ScoreKey
from trainable.metrics import Ties


def table1(run: Run, scores: RunScores, published: Published) -> Table:
    """lwlrap of every entry on cv and on the held-out test clips: rows activations, columns selections."""
    selections, splits = list(run.experiment.selections), scores.main_splits
    cells = {split: _column(run, scores, split, published) for split in splits}
    rows = [
        Row(name, tuple(cells[split][Entry(name, selection)] for selection in selections for split in splits))
        for name in run.experiment.activations
    ]
    columns = [Column(selection, split) for selection in selections for split in splits]
    title = "Table 1. lwlrap, mean of the folds, raw scores"
    return Table(title, "activation", tuple(columns), tuple(rows), _notes(run, scores, published))


def _column(run: Run, scores: RunScores, split: Split, published: Published) -> dict[Entry, Content]:
    """Every entry on one split, beside the paper, the highest marked."""
    key = ScoreKey(split, ties=scores.settings.ties)
    cells = {e: content_of(scores.find(e, key), published.table1(e, split)) for e in run.entries}
    best = max((cell.value for cell in cells.values() if isinstance(cell, Value)), default=None)
    return {
        entry: replace(cell, best=cell.value == best) if isinstance(cell, Value) else cell
        for entry, cell in cells.items()
    }


def content_of(score: Score | Hole, published: float | None = None) -> Content:
    """A score with its interval, beside the published one; a hole as it is."""
    return score if isinstance(score, Hole) else Value(score.value, score.shown, published)


def _notes(run: Run, scores: RunScores, published: Published) -> tuple[str, ...]:
    """What the numbers are; seeds; ties; why nothing published is beside them."""
    level, ties = f"{scores.settings.level:.0%}", scores.settings.ties
    rule = "count as ranked above" if ties == "group" else "go to the higher class, as in the challenge"
    shares = [share for entry in scores.entries.values() for share in entry.tied.values()]
    notes = [
        f"intervals: {level}; {intervals_over(run, scores)}",
        f"folds: {kept_together(run)}",
        f"ties {rule}; share of labels in a tie: at most {max(shares, default=0.0):.2%}",
    ]
    for entry, of_entry in scores.entries.items():
        notes += [f"{entry}: without seed {seed} ({hole})" for seed, hole in of_entry.missing_seeds.items()]
    return (*notes, *_seed_note(run, scores), published_note(published))


def published_note(published: Published) -> str:
    """How published numbers are shown, or why there are none."""
    if published.comparable:
        return "p or paper: the published number; after it, measured minus published"
    return f"no published numbers: the data set is not FSDKaggle2019 ({published.obstacle})"


def _seed_note(run: Run, scores: RunScores) -> list[str]:
    key = ScoreKey("cv", ties=scores.settings.ties)
    deviations = [entry.scores[key].seed_sd for entry in scores.entries.values() if key in entry.scores]
    known = [deviation for deviation in deviations if deviation is not None]
    seeds = f"means over {len(run.experiment.seeds)} seeds; standard deviation over seeds on cv"
    return [f"{seeds}: {min(known):.4f} to {max(known):.4f}"] if known else []


def intervals_over(run: Run, scores: RunScores) -> str:
    """What the intervals of scores are over, on each split that is shown."""
    kinds: dict[str, list[str]] = {}
    for split in scores.splits_shown:
        kinds.setdefault(_over(run, scores, split), []).append(split)
    return "; ".join(f"{' and '.join(splits)}: {kind}" for kind, splits in kinds.items())


def _over(run: Run, scores: RunScores, split: Split) -> str:
    key = ScoreKey(split, ties=scores.settings.ties)
    known = [entry.scores[key] for entry in scores.entries.values() if key in entry.scores]
    models = sorted({len(s.by_seed) * run.experiment.folds for s in known if s.crossed})
    if not models:
        return f"other clips alone, bootstrap of {scores.settings.resamples} samples: one training was run"
    return f"other clips and other trainings, {' or '.join(map(str, models))} models a cell"


KEPT_TOGETHER = {
    "none": "files of equal bytes are kept together, sources are not: cross-validation may flatter",
    "source": "clips of one source are kept together",
}
"""Clips that the folds do not part, by `fold_group`."""


def kept_together(run: Run) -> str:
    """What the folds keep together, and which score to look at first."""
    has_test = bool((run.clips["part"] == "test").any())
    said = KEPT_TOGETHER[run.experiment.fold_group]
    return said + ("; test clips are the primary score" if has_test else "")


def table2(run: Run, scores: RunScores, published: Published) -> Table:
    """cv lwlrap on clips with several labels, each fold and their mean, of every entry."""
    folds = run.experiment.folds
    columns = [Column(f"fold {fold + 1}") for fold in range(folds)]
    title = "Table 2. lwlrap on clips with several labels, cross-validation"
    notes = [
        f"interval of the mean: {scores.settings.level:.0%}; {intervals_over(run, scores)}",
        published_note(published),
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
    notes = notes or ["no ensemble is named in the configuration (ensembles:)"]
    beside = "rows without an interval are published" if published.comparable else published_note(published)
    notes.append(beside)
    return Table("Table 3. lwlrap of ensembles", "system", columns, tuple(rows), tuple(notes))


def _ensemble_cell(scores: RunScores, name: str, split: Split, form: Form) -> Content:
    ensembles = scores.ensembles
    if name in ensembles.holes:
        return ensembles.holes[name]
    if split in scores.unscored:
        return scores.unscored[split]
    return content_of(ensembles.scores[name][ScoreKey(split, "blend", form, ties=scores.settings.ties)])


def readings_table(run: Run, scores: RunScores) -> Table:
    """What the paper leaves open: one model or all folds, raw or normalised scores, either rule for ties."""
    splits = scores.main_splits
    readings = {column: key for split in splits for column, key in _readings(split, scores.settings.ties)}
    rows = [
        Row(str(entry), (
            *(content_of(scores.find(entry, key)) for key in readings.values()),
            *(cell for split in splits for cell in _ties_and_fscores(scores, entry, split)),
        ))
        for entry in run.entries
    ]  # fmt: skip
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
    last, columns = len(run.experiment.stages) - 1, {}
    for split in scores.main_splits:
        for number in range(last + 1):
            stage = number if number < last else None
            key = ScoreKey(split, ties=scores.settings.ties, stage=stage)
            columns[Column(split, f"stage {number + 1}")] = key
    plain = [name for name, selection in run.experiment.selections.items() if not selection.uses_unverified]
    rows = [
        Row(str(entry), tuple(content_of(scores.find(entry, key)) for key in columns.values()))
        for entry in run.entries
        if entry.selection in plain
    ]
    title = "Ends of the stages: lwlrap without unverified clips, mean of the folds"
    return Table(title, "cell", tuple(columns), tuple(rows))
