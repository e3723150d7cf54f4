"""Tables of two runs' scores: the old one, the new one, and the difference with its interval.

Differences are paired, clip by clip, where both runs were scored on the same clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_inputs
from orchestrator.report.tables.paper_tables import content_of
from orchestrator.report.tables.table import Column, Content, Row, Table, Value, signed
from orchestrator.stats.bootstrap import Sampled, mean_of, paired
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.inputs import ClipArrays, Inputs
from orchestrator.stats.predictions import SPLIT_NAMES, Clips, Split, make_pools
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import Score, ScoreKey
from orchestrator.stats.verdicts import Standing, verdict_on
from trainable.arrays import Array

SAME = "the same models"


@dataclass(frozen=True)
class Scored:
    """Two runs with all their scores, both by the old one's settings of reports."""

    old: Inputs
    new: Inputs
    old_scores: RunScores
    new_scores: RunScores
    old_legs: dict[Cell, str]
    """Ids of the legs at whose ends the cells' models are: hashes of all that matters."""
    new_legs: dict[Cell, str]

    def find(self, entry: Entry, key: ScoreKey) -> tuple[Score | Hole, Score | Hole]:
        """Both runs' scores, or why there are none."""
        return self.old_scores.find(entry, key), self.new_scores.find(entry, key)

    def are_same(self, entry: Entry) -> bool:
        """Whether both runs have the very same legs for it."""
        sides = ((self.old, self.old_legs), (self.new, self.new_legs))
        old, new = ([legs[cell] for cell in side.grid.entries.get(entry, [])] for side, legs in sides)
        return old == new


def score_both(old: Run, new: Run) -> Scored:
    """Score both by the old run's settings."""
    before, after, settings = read_inputs(old), read_inputs(new), old.experiment.report
    scores = score_run(before, settings), score_run(after, settings)
    return Scored(before, after, *scores, old.cells, new.cells)


def why_unpaired(old: ClipArrays, new: ClipArrays, split: Split) -> str:
    """What differs in the clips of a split, or in their labels or folds; empty where nothing does.

    Where nothing does, equal seeds and numbers of samples draw the same clips for both runs.
    """
    if list(old.classes) != list(new.classes):
        return "the classes differ"
    pools = [known[split] for clips in (old, new) if split in (known := make_pools(clips))]
    if len(pools) < 2:
        return "one run has no such clips"
    rows, others = (pool.rows[pool.mask(split)] for pool in pools)
    if len(rows) != len(others):
        return f"the clips differ: {len(rows)} and {len(others)}"
    columns: dict[str, tuple[Array, Array]] = {
        "clips": (old.names, new.names), "folds": (old.fold, new.fold), "labels": (old.targets, new.targets)
    }  # fmt: skip
    different = (name for name, (a, b) in columns.items() if (a[rows] != b[others]).any())
    return next((f"the {name} differ" for name in different), "")


def score_tables(scored: Scored) -> list[Table]:
    """lwlrap of all cells on every split that both have, and on clips with several labels."""
    splits = [split for split in scored.old_scores.splits_shown if split in scored.new_scores.splits_shown]
    titles: dict[Clips, str] = {"all": "lwlrap", "several": "lwlrap on clips with several labels"}
    return [_table(scored, title, clips, splits) for clips, title in titles.items() if splits]


def _table(scored: Scored, title: str, clips: Clips, splits: Sequence[Split]) -> Table:
    settings = scored.old_scores.settings
    reasons = {split: why_unpaired(scored.old.clips, scored.new.clips, split) for split in splits}
    keys = {ScoreKey(split, clips=clips, ties=settings.ties): reason for split, reason in reasons.items()}
    columns = [Column(split, name) for split in splits for name in ("old", "new", "new - old")]
    entries = list(dict.fromkeys([*scored.old.grid.entries, *scored.new.grid.entries]))
    both = [e for e in entries if e in scored.old_scores.entries and e in scored.new_scores.entries]
    lines = {str(entry): [_cells(scored, entry, *key) for key in keys.items()] for entry in entries}
    if len(both) > 1:
        lines = {f"mean of {len(both)} cells": [_mean(scored, both, *key) for key in keys.items()]} | lines
    rows = tuple(Row(label, tuple(chain(*cells))) for label, cells in lines.items())
    notes = tuple(_note(split, reason, f"{settings.level:.0%}") for split, reason in reasons.items())
    return Table(f"{title}, mean of the folds", "cell", tuple(columns), rows, notes)


def _cells(scored: Scored, entry: Entry, key: ScoreKey, reason: str) -> tuple[Content, ...]:
    """What a line says about one score of a cell; `reason`: why it cannot be paired."""
    old, new = scored.find(entry, key)
    if entry not in scored.new.grid.entries:
        return _plain(old), "", "only in the old run"
    if entry not in scored.old.grid.entries:
        return "", _plain(new), "only in the new run"
    sides = tuple(content_of(side) if reason else _plain(side) for side in (old, new))
    if isinstance(old, Hole) or isinstance(new, Hole):
        return (*sides, "")
    if scored.are_same(entry) and not reason:
        return (*sides, SAME)
    return (*sides, _difference(scored, old.sampled, new.sampled, reason))


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
