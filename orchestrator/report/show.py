"""One cell for a terminal: its curves, its scores, its best and worst classes, what it masks most."""

from collections.abc import Iterator, Mapping, Sequence
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
from orchestrator.stats.suspects import worklist
from trainable.arrays import Floats
from trainable.errors import UserError, did_you_mean
from trainable.record import CURVES

CLASSES, SUSPECTS = 5, 10
"""Shown at either end of the classes, and of the worklist."""
LEVELS = " ▁▂▃▄▅▆▇█"
NAME, NUMBER = 9, 32
"""Characters for a curve's name before it, and for the numbers behind it."""


def find_cells(run: Run, inputs: Inputs, name: str | None) -> list[Cell]:
    """The cells with a result by a name such as sigmoid/top_k (all seeds) or sigmoid/top_k/1; None: the best.

    Raises:
        UserError: there is no such cell, or none of them has a result.
    """
    cells = _named(inputs, name)
    done = [cell for cell in cells if cell not in inputs.holes]
    if not done:
        reason = inputs.holes[cells[0]] if cells else "the grid is empty"
        raise UserError(f"{name or run.store}: no result: {reason}")
    return done


def _named(inputs: Inputs, name: str | None) -> Sequence[Cell]:
    if name is None:
        best = next(iter(ranked(inputs.grid.entries, inputs.lwlrap)), None)
        return inputs.grid.entries[best] if best else inputs.grid.cells
    names = {str(entry): cells for entry, cells in inputs.grid.entries.items()}
    names |= {f"{cell.entry}/{cell.seed}": [cell] for cell in inputs.grid.cells}
    if name not in names:
        meant = did_you_mean(name, names, least=0)
        raise UserError(f"--cell {shortened(name)}: there is no such cell{meant}")
    return names[name]


@dataclass(frozen=True)
class CellReport:
    """What is known about a cell; printed by rich it is all of it."""

    title: str
    curves: Mapping[str, Floats]
    ends: Sequence[int]
    """Last iteration of each stage."""
    tables: Sequence[Table]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(printable(self.title), style="bold")
        for name, values in self.curves.items():
            yield Text(curve_line(name, values, options.max_width), no_wrap=True)
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
    title = f"{entry}: {rank}; {inputs.grid.folds} folds, {seeds}"
    ends = list(accumulate(stage.iterations for stage in run.experiment.stages))
    tables = [_scores(run, scores, entry), _classes(own, scores, entry), *_suspects(own)]
    return CellReport(title, _curves(own), ends, tables)


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
    heads = {"labels": "labels", "class_1": "model", "true": "true labels"}
    known = {column: head for column, head in heads.items() if column in suspects}
    count = len(suspects["rank"])
    if not count:
        return
    rows = []
    for n in range(min(count, SUSPECTS)):
        numbers = f"{suspects['suspicion'][n]:.3f}", f"{suspects['masked_share'][n]:.2f}"
        texts = (str(suspects[column][n]).replace(",", ", ") for column in known)
        rows.append(Row(str(suspects["fname"][n]), (*numbers, *texts)))
    columns = (Column("suspicion"), Column("masked"), *map(Column, known.values()))
    yield Table(f"Suspects: the first {len(rows)} of {count} clips", "clip", columns, tuple(rows))


def _curves(inputs: Inputs) -> dict[str, Floats]:
    """Means over folds and seeds, NaN where there is none: (iterations,). Without what was never measured."""
    models = [inputs.curves(c, fold).values for c in inputs.grid.cells for fold in range(inputs.grid.folds)]
    values = {name: np.ma.masked_invalid(np.stack([model[name] for model in models])) for name in CURVES}
    return {name: table.mean(0).filled(np.nan) for name, table in values.items() if table.count()}


def curve_line(name: str, values: Floats, width: int) -> str:
    """A curve in a line of that width, with its last value, the lowest and the highest."""
    known = values[np.isfinite(values)]
    drawn = drawing(values, max(1, width - NAME - NUMBER))
    return f"{name:<{NAME}}{drawn} {known[-1]:.3g} ({known.min():.3g} to {known.max():.3g})"


def drawing(values: Floats, width: int) -> str:
    """A curve as `width` characters; blank before its first value and after its last, a line between two."""
    edges = np.linspace(0, len(values), width + 1).astype(int)
    spans = [values[start:end] for start, end in pairwise(edges)]
    means = np.array([s[np.isfinite(s)].mean() if np.isfinite(s).any() else np.nan for s in spans])
    at = np.flatnonzero(np.isfinite(means))
    low, high = means[at].min(), means[at].max()
    share = (means[at] - low) / (high - low) if high > low else np.full(len(at), 0.5)
    steps = np.interp(np.arange(width), at, 1 + share * (len(LEVELS) - 2), left=0, right=0)
    return "".join(LEVELS[step] for step in steps.round().astype(int))


def ruler(ends: Sequence[int], width: int) -> str:
    """Where the stages begin under the curves, and how many iterations there are."""
    line = " " * max(1, width - NAME - NUMBER)
    for number, start in enumerate([0, *ends[:-1]], 1):
        at, mark = min(round(start / ends[-1] * len(line)), len(line) - 1), f"|stage {number}"
        line = (line[:at] + mark + line[at + len(mark) :])[: len(line)]
    return f"{'':<{NAME}}{line} {ends[-1]} iterations"
