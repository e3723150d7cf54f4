"""One cell for a terminal: its curves, its scores, its best and worst classes, what it masks most."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from orchestrator.files.printable import printable
from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_inputs
from orchestrator.report.tables.paper_tables import content_of, intervals_over
from orchestrator.report.tables.table import Column, Content, Row, Table, Value
from orchestrator.report.tables.terminal import to_rich
from orchestrator.settings.messages import shortened
from orchestrator.stats.grid import Cell, Entry, ranked
from orchestrator.stats.inputs import Inputs
from orchestrator.stats.predictions import SPLIT_NAMES
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.suspects import Columns, worklist
from trainable.arrays import Floats
from trainable.errors import UserError, did_you_mean
from trainable.record import CURVES

CLASSES, SUSPECTS = 5, 10
"""Shown at either end of the classes, and of the worklist."""
LEVELS = " ▁▂▃▄▅▆▇█"
HEIGHT = 3
"""Lines of a curve: 24 levels."""
NAME, NUMBER = 9, 16
"""Characters for a curve's name before it, and for a number behind it."""


def find_cells(run: Run, inputs: Inputs, name: str | None) -> list[Cell]:
    """The cells with a result by a name such as sigmoid/top_k (all seeds) or sigmoid/top_k/1; None: the best.

    Raises:
        UserError: there is no such cell, or none of them has a result.
    """
    cells = _best(inputs) if name is None else _named(inputs, name)
    done = [cell for cell in cells if cell not in inputs.holes]
    if not done:
        reason = inputs.holes[cells[0]] if cells else "the grid is empty"
        raise UserError(f"{name or run.store}: no result: {reason}")
    return done


def _named(inputs: Inputs, name: str) -> list[Cell]:
    names = {str(entry): cells for entry, cells in inputs.grid.entries.items()}
    names |= {f"{cell.entry}/{cell.seed}": [cell] for cell in inputs.grid.cells}
    if name not in names:
        raise UserError(
            f"--cell {shortened(name)}: there is no such cell{did_you_mean(name, names, least=0)}"
        )
    return names[name]


def _best(inputs: Inputs) -> list[Cell]:
    order = ranked(inputs.grid.entries, inputs.lwlrap)
    return inputs.grid.entries[next(iter(order))] if order else list(inputs.grid.cells)


@dataclass(frozen=True)
class CellReport:
    """What is known about a cell; printed by rich it is all of it."""

    title: str
    curves: Sequence["TextCurve"]
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


def show_cell(run: Run, name: str | None) -> CellReport:
    """The cell of that name, over its seeds; without a name the best one.

    Raises:
        UserError: there is no such cell, or it has no result.
    """
    inputs = read_inputs(run)
    cells = find_cells(run, inputs, name)
    entry, own = cells[0].entry, inputs.only(cells)
    scores, ranking = score_run(own, run.experiment.report), list(ranked(inputs.grid.entries, inputs.lwlrap))
    rank = f"{ranking.index(entry) + 1} of {len(ranking)} cells in cross-validation"
    seeds = f"seed{'' if len(cells) == 1 else 's'} {', '.join(str(cell.seed) for cell in cells)}"
    return CellReport(
        f"{entry}: {rank}; {inputs.grid.folds} folds, {seeds}",
        list(_curves(own)),
        list(accumulate(stage.iterations for stage in run.experiment.stages)),
        [_scores(run, scores, entry), _classes(own, scores, entry), *_suspects(own)],
    )


def _scores(run: Run, scores: RunScores, entry: Entry) -> Table:
    folds = [Column(f"fold {fold + 1}") for fold in range(scores.grid.folds)]
    rows = []
    for split in scores.splits_shown:
        score = scores.find(entry, ScoreKey(split, ties=scores.settings.ties))
        by_fold: list[Content] = [Value(v) for v in getattr(score, "by_fold", ())] or [""] * len(folds)
        fscore = Value(scores.entries[entry].fscore[split])
        rows.append(Row(SPLIT_NAMES[split], (content_of(score), *by_fold, fscore)))
    level = f"{scores.settings.level:.0%}"
    note = f"lwlrap: mean of the folds; intervals: {level}; {intervals_over(run, scores)}"
    return Table("Scores", "clips", (Column("lwlrap"), *folds, Column("F-score")), tuple(rows), (note,))


def _classes(inputs: Inputs, scores: RunScores, entry: Entry) -> Table:
    """The best and the worst on the last split, best first."""
    split = scores.splits_shown[-1]
    values, labels = scores.entries[entry].per_class[split], scores.labels[split]
    order = [number for number in np.argsort(-values, kind="stable") if np.isfinite(values[number])]
    shown = order if len(order) <= 2 * CLASSES else [*order[:CLASSES], *order[-CLASSES:]]
    names = inputs.clips.classes
    rows = tuple(Row(names[n], (Value(float(values[n])), f"{labels[n]}")) for n in shown)
    title = f"Classes, {SPLIT_NAMES[split]}"
    if len(shown) < len(order):
        title += f": the best {CLASSES} and the worst {CLASSES} of {len(order)}"
    return Table(title, "class", (Column("lwlrap"), Column("labels")), rows)


def _suspects(inputs: Inputs) -> Iterator[Table]:
    """The clips that these cells find most suspicious, where they judge by the loss."""
    judging = [cell for cell in inputs.judging_cells() if inputs.grid.columns[cell.selection].by_loss]
    suspects = worklist(inputs, judging)
    if len(suspects["rank"]):
        yield _suspect_table(suspects)


def _suspect_table(suspects: Columns) -> Table:
    heads = {"labels": "labels", "class_1": "model", "true": "true labels"}
    known = {column: head for column, head in heads.items() if column in suspects}

    def row(number: int) -> Row:
        suspicion, share = suspects["suspicion"][number], suspects["masked_share"][number]
        texts = (str(suspects[column][number]).replace(",", ", ") for column in known)
        return Row(str(suspects["fname"][number]), (f"{suspicion:.3f}", f"{share:.2f}", *texts))

    count = len(suspects["rank"])
    rows = tuple(map(row, range(min(count, SUSPECTS))))
    columns = (Column("suspicion"), Column("masked"), *map(Column, known.values()))
    return Table(f"Suspects: the first {len(rows)} of {count} clips", "clip", columns, rows)


def _curves(inputs: Inputs) -> Iterator["TextCurve"]:
    """Means over folds and seeds; what was never measured is left out."""
    cells, folds = inputs.grid.cells, range(inputs.grid.folds)
    models = [inputs.curves(cell, fold).values for cell in cells for fold in folds]
    for name in CURVES:
        values = np.stack([model[name] for model in models])
        known = np.isfinite(values)
        total, count = np.where(known, values, 0).sum(0), known.sum(0)
        if count.any():
            yield TextCurve(name, np.where(count > 0, total / count.clip(1), np.nan))


@dataclass(frozen=True)
class TextCurve:
    """A curve with its name, as characters."""

    name: str
    values: Floats
    """One an iteration, NaN where there is none: (iterations,)."""

    def lines(self, width: int) -> Iterator[str]:
        """The curve in a terminal of that width: highest and lowest value at its end, and the last."""
        drawn = drawing(self.values, max(1, width - NAME - NUMBER))
        known = self.values[np.isfinite(self.values)]
        numbers = [f"{known.max():.4g} highest", f"{known[-1]:.4g} last", f"{known.min():.4g} lowest"]
        names = [self.name, *[""] * (HEIGHT - 1)]
        for name, line, number in zip(names, drawn, numbers, strict=True):
            yield f"{name:<{NAME}}{line} {number}".rstrip()


def drawing(values: Floats, width: int) -> list[str]:
    """HEIGHT lines of `width` characters; blank before the first value and after the last."""
    columns = _columns(values, width)
    known = np.isfinite(columns)
    low, high = columns[known].min(), columns[known].max()
    share = (columns - low) / (high - low) if high > low else np.where(known, 0.5, np.nan)
    steps = len(LEVELS) - 1
    filled = np.where(known, 1 + np.nan_to_num(share) * (HEIGHT * steps - 1), 0).round().astype(int)
    below = [(HEIGHT - 1 - line) * steps for line in range(HEIGHT)]
    return ["".join(LEVELS[level] for level in (filled - start).clip(0, steps)) for start in below]


def _columns(values: Floats, width: int) -> Floats:
    """The mean of each of `width` spans of iterations; spans between two with values lie on a line."""
    edges = np.linspace(0, len(values), width + 1).astype(int)
    spans = [values[start:end] for start, end in pairwise(edges)]
    means = np.array([s[np.isfinite(s)].mean() if np.isfinite(s).any() else np.nan for s in spans])
    at = np.flatnonzero(np.isfinite(means))
    filled: Floats = np.interp(np.arange(width), at, means[at], left=np.nan, right=np.nan)
    return filled


def ruler(ends: Sequence[int], width: int) -> str:
    """Where the stages begin under the curves, and how many iterations there are."""
    line = " " * max(1, width - NAME - NUMBER)
    for number, start in enumerate([0, *ends[:-1]], 1):
        at, mark = min(round(start / ends[-1] * len(line)), len(line) - 1), f"|stage {number}"
        line = (line[:at] + mark + line[at + len(mark) :])[: len(line)]
    return f"{'':<{NAME}}{line} {ends[-1]} iterations"
