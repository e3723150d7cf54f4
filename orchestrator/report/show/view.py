"""One cell for a terminal: its curves, its scores, its best and worst classes, what it masks most."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.legs.run import Run
from orchestrator.report.show.choice import alone, find_cells
from orchestrator.report.show.text_curves import TextCurve, ruler
from orchestrator.report.tables.held_open import where_open
from orchestrator.report.tables.paper_tables import content_of
from orchestrator.report.tables.table import Column, Content, Row, Table, Value
from orchestrator.report.tables.terminal import to_rich
from orchestrator.stats.best import ranked
from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.judgements import judging_cells, ranks_by_loss, read_judged, read_truth
from orchestrator.stats.predictions import SPLIT_NAMES
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.suspects import Tally, suspects
from trainable.record import CURVES

CLASSES, SUSPECTS = 5, 10
"""Shown at either end of the classes, and of the worklist."""


@dataclass(frozen=True)
class CellView:
    """What is known about a cell; printed by rich it is all of it."""

    title: str
    curves: Sequence[TextCurve]
    ends: Sequence[int]
    """Last iteration of each stage."""
    tables: Sequence[Table]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(printable(self.title), style="bold")
        for curve in self.curves:
            yield from (Text(line, no_wrap=True) for line in curve.lines(options.max_width))
        yield Text(ruler(self.ends, options.max_width), no_wrap=True)
        for table in self.tables:
            yield Text()
            yield to_rich(table, options.max_width)


def view_cell(run: Run, name: str | None) -> CellView:
    """The cell of that name, over its seeds; without a name the best one.

    Raises:
        UserError: there is no such cell, or it has no result.
    """
    cells, ranking = find_cells(run, name), list(ranked(run))
    entry, own = cells[0].entry, alone(run, cells)
    scores = score_run(own)
    place = f"{ranking.index(entry) + 1} of {len(ranking)} cells in cross-validation"
    seeds = f"seed{'' if len(cells) == 1 else 's'} {', '.join(str(cell.seed) for cell in cells)}"
    tables = [_scores(own, scores, entry), _classes(own, scores, entry), *_suspects(own, cells)]
    return CellView(
        f"{entry}: {place}, {seeds}, {run.experiment.folds} folds",
        list(_curves(run, cells)),
        _ends(run),
        tables,
    )


def _ends(run: Run) -> list[int]:
    return list(accumulate(stage.iterations for stage in run.experiment.stages))


def _curves(run: Run, cells: Sequence[Cell]) -> Iterator[TextCurve]:
    """Means over folds and seeds; what was never measured is left out."""
    frames = [run.curves(cell, fold) for cell in cells for fold in range(run.experiment.folds)]
    for name in CURVES:
        values = np.stack([frame[name].to_numpy(np.float64) for frame in frames])
        known = np.isfinite(values)
        total, count = np.where(known, values, 0).sum(0), known.sum(0)
        if count.any():
            yield TextCurve(name, np.where(count > 0, total / count.clip(1), np.nan))


def _scores(run: Run, scores: RunScores, entry: Entry) -> Table:
    folds = [Column(f"fold {fold + 1}") for fold in range(run.experiment.folds)]
    rows = []
    for split in scores.splits_shown:
        score = scores.find(entry, ScoreKey(split, ties=scores.settings.ties))
        by_fold: list[Content] = [Value(v) for v in getattr(score, "by_fold", ())] or [""] * len(folds)
        fscore = Value(scores.entries[entry].fscore[split])
        rows.append(Row(SPLIT_NAMES[split], (content_of(score), *by_fold, fscore)))
    level = f"{scores.settings.level:.0%}"
    note = f"lwlrap: mean of the folds; intervals: {level}; {where_open(run, scores)}"
    return Table("Scores", "clips", (Column("lwlrap"), *folds, Column("F-score")), tuple(rows), (note,))


def _classes(run: Run, scores: RunScores, entry: Entry) -> Table:
    """The best and the worst on the last split, best first."""
    split = scores.splits_shown[-1]
    values = scores.entries[entry].per_class[split]
    order = [place for place in np.argsort(-values, kind="stable") if np.isfinite(values[place])]
    shown = order if len(order) <= 2 * CLASSES else [*order[:CLASSES], *order[-CLASSES:]]
    labels, names = scores.labels[split], run.manifest.vocabulary
    rows = tuple(Row(names[place], (Value(float(values[place])), f"{labels[place]}")) for place in shown)
    title = f"Classes, {SPLIT_NAMES[split]}"
    if len(shown) < len(order):
        title += f": the best {CLASSES} and the worst {CLASSES} of {len(order)}"
    return Table(title, "class", (Column("lwlrap"), Column("labels")), rows)


def _suspects(run: Run, cells: Sequence[Cell]) -> Iterator[Table]:
    """The clips that these cells find most suspicious, where they judge by the loss."""
    judging = [cell for cell in cells if cell in judging_cells(run) and ranks_by_loss(run, cell)]
    if not judging:
        return
    tally = Tally.empty(len(run.clips))
    for cell in judging:
        tally.add(run, cell, [read_judged(run, cell, fold) for fold in range(run.experiment.folds)])
    frame = suspects(run, tally, read_truth(run))
    if len(frame):
        yield _suspect_table(frame)


def _suspect_table(frame: pd.DataFrame) -> Table:
    heads = {"labels": "labels", "class_1": "model", "true": "true labels"}
    known = {column: head for column, head in heads.items() if column in frame}

    def row(line: Mapping[Hashable, Any]) -> Row:
        texts = (str(line[column]).replace(",", ", ") for column in known)
        return Row(str(line["fname"]), (f"{line['suspicion']:.3f}", f"{line['masked_share']:.2f}", *texts))

    rows = tuple(row(line) for line in frame.head(SUSPECTS).to_dict("records"))
    columns = (Column("suspicion"), Column("masked"), *map(Column, known.values()))
    return Table(f"Suspects: the first {len(rows)} of {len(frame)} clips", "clip", columns, rows)
