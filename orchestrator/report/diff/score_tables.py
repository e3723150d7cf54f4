"""Tables of two runs' scores: the old one, the new one, and the difference with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.legs.run import Run
from orchestrator.report.diff.agreement import why_unpaired
from orchestrator.report.tables.paper_tables import content_of
from orchestrator.report.tables.table import Column, Content, Row, Table, Value, signed
from orchestrator.stats.bootstrap import Sampled, mean_of, paired
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.predictions import SPLIT_NAMES, Clips, Split
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import Score, ScoreKey
from orchestrator.stats.verdicts import Standing, verdict_on

SAME = "the same models"


@dataclass(frozen=True)
class Scored:
    """Two runs with all their scores, both by the old one's settings of reports."""

    old: Run
    new: Run
    old_scores: RunScores
    new_scores: RunScores

    @classmethod
    def of(cls, old: Run, new: Run) -> "Scored":
        """Score both."""
        config = {**new.manifest.config, "report": old.manifest.config.get("report", {})}
        alike = Run(new.store, new.manifest.model_copy(update={"config": config}))
        return cls(old, new, score_run(old), score_run(alike))

    @property
    def entries(self) -> list[Entry]:
        """Of both grids."""
        return list(dict.fromkeys([*self.old.entries, *self.new.entries]))

    @property
    def splits(self) -> tuple[Split, ...]:
        """Those on which both can be scored."""
        return tuple(s for s in self.old_scores.splits_shown if s in self.new_scores.splits_shown)

    def find(self, entry: Entry, key: ScoreKey) -> tuple[Score | Hole, Score | Hole]:
        """Both runs' scores, or why there are none."""
        return self.old_scores.find(entry, key), self.new_scores.find(entry, key)

    def are_same(self, entry: Entry) -> bool:
        """Whether both runs have the very same legs for it: their ids are hashes of all that matters."""
        old, new = ([run.cells[cell] for cell in run.entries.get(entry, [])] for run in (self.old, self.new))
        return old == new


def score_tables(scored: Scored) -> list[Table]:
    """lwlrap of all cells on every split that both have, and on clips with several labels."""
    titled: tuple[tuple[str, Clips, tuple[Split, ...]], ...] = (
        ("lwlrap, mean of the folds", "all", scored.splits),
        ("lwlrap on clips with several labels, mean of the folds", "several", scored.splits),
    )
    return [_table(scored, title, clips, splits) for title, clips, splits in titled if splits]


def _table(scored: Scored, title: str, clips: Clips, splits: Sequence[Split]) -> Table:
    reasons = {split: why_unpaired(scored.old, scored.new, split) for split in splits}
    keys = [ScoreKey(split, clips=clips, ties=scored.old_scores.settings.ties) for split in splits]
    columns = [Column(split, name) for split in splits for name in ("old", "new", "new - old")]
    rows = [
        Row(label, tuple(cell for key in keys for cell in cells(key, reasons[key.split])))
        for label, cells in _lines(scored)
    ]
    level = f"{scored.old_scores.settings.level:.0%}"
    notes = [_note(split, reason, level) for split, reason in reasons.items()]
    return Table(title, "cell", tuple(columns), tuple(rows), tuple(notes))


Cells = Callable[[ScoreKey, str], tuple[Content, ...]]
"""What a line says about one score, given why it cannot be paired."""


def _lines(scored: Scored) -> list[tuple[str, Cells]]:
    """A line for each cell, after one for all that both have."""

    def of_cell(entry: Entry) -> Cells:
        return lambda key, reason: _cells(scored, entry, key, reason)

    lines = [(str(entry), of_cell(entry)) for entry in scored.entries]
    both = [entry for entry in scored.entries if _is_in_both(scored, entry)]
    if len(both) > 1:
        lines.insert(0, (f"mean of {len(both)} cells", lambda key, reason: _mean(scored, both, key, reason)))
    return lines


def _is_in_both(scored: Scored, entry: Entry) -> bool:
    return entry in scored.old_scores.entries and entry in scored.new_scores.entries


def _cells(scored: Scored, entry: Entry, key: ScoreKey, reason: str) -> tuple[Content, ...]:
    if entry not in scored.old.entries or entry not in scored.new.entries:
        return _lonely(scored, entry, key)
    old, new = scored.find(entry, key)
    sides = tuple(content_of(side) if reason else _plain(side) for side in (old, new))
    if isinstance(old, Hole) or isinstance(new, Hole):
        return (*sides, "")
    if scored.are_same(entry) and not reason:
        return (*sides, SAME)
    return (*sides, _difference(scored, old.sampled, new.sampled, reason))


def _lonely(scored: Scored, entry: Entry, key: ScoreKey) -> tuple[Content, ...]:
    """Of a cell that only one grid has."""
    old, new = scored.find(entry, key)
    if entry in scored.old.entries:
        return _plain(old), "", "only in the old run"
    return "", _plain(new), "only in the new run"


def _plain(score: Score | Hole) -> Content:
    return score if isinstance(score, Hole) else Value(score.value)


def _difference(scored: Scored, old: Sampled, new: Sampled, reason: str) -> str:
    if reason:
        return signed(new.estimate - old.estimate)
    difference = paired(new, old, scored.old_scores.settings.level)
    return f"{difference}\n{Standing.THESE_MODELS.words(verdict_on(difference))}"


def _mean(scored: Scored, both: Sequence[Entry], key: ScoreKey, reason: str) -> tuple[Content, ...]:
    pairs = [scored.find(entry, key) for entry in both]
    known = [(old, new) for old, new in pairs if isinstance(old, Score) and isinstance(new, Score)]
    if not known:
        return "", "", ""
    old, new = (mean_of([score.sampled for score in side]) for side in zip(*known, strict=True))
    same = not reason and all(map(scored.are_same, both))
    return Value(old.estimate), Value(new.estimate), SAME if same else _difference(scored, old, new, reason)


def _note(split: Split, reason: str, level: str) -> str:
    if reason:
        return f"{SPLIT_NAMES[split]}: {reason}: unpaired, each number with its own {level} interval"
    return f"{SPLIT_NAMES[split]}: the same clips, differences are paired, with {level} intervals over clips"
