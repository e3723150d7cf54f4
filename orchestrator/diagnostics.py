"""What the selection mechanisms did to the unverified clips, from a run's judgements alone (not in the paper).

Masked counts as 1 - keep, so soft weights count in part; a share is a sum of these over a number of
judgements. Where the data set knows its label errors, a mask is judged as a detector of wrong labels:

    base rate   share of judgements about a clip with a wrong label: the precision of a random mask
    precision   share of what is masked that is wrong
    recall      share of what is wrong that is masked; a random mask has its masked share as recall

Shapes: J judgements of one fold, U unverified clips, C classes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from orchestrator.plan import Cell
from orchestrator.run import Run
from orchestrator.store import Store
from trainable.postprocess import geometric_mean
from trainable.selection import RandomK

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 25
"""Spans of time, at most, into which the iterations of a stage are gathered."""
TOP = 3
"""Classes of the model that a suspect is shown with."""
AT = (10, 25, 50, 100)
"""Lengths of the worklist whose precision is told."""
CELL = ["activation", "selection", "seed"]


@dataclass(frozen=True)
class Judged:
    """All judgements of one fold of a cell, in order of time."""

    cell: Cell
    fold: int
    iteration: Ints
    """(J,)"""
    stage: Ints
    """(J,)"""
    clip: Ints
    """Rows of `Run.clips`: (J,)."""
    loss: Floats
    masked: Floats
    """1 - keep: (J,)."""

    def excess(self) -> Floats:
        """Loss over the batch's threshold, in standard deviations of the batch's unverified losses: (J,).

        The threshold is the lowest loss that a batch would mask if it masked as many clips, but by loss: for
        top_k that is T_t. A batch that masks none has its highest loss as threshold. So mechanisms without
        eta or T_t have one too, and activations whose losses differ in scale can be averaged.
        """
        found = np.empty_like(self.loss)
        for stage in np.unique(self.stage):
            rows = np.flatnonzero(self.stage == stage)
            batches = len(np.unique(self.iteration[rows]))
            found[rows] = _excess(*(v[rows].reshape(batches, -1) for v in (self.loss, self.masked))).ravel()
        return found


def _excess(loss_TU: Floats, masked_TU: Floats) -> Floats:
    """As `Judged.excess`, for T batches of U unverified clips each."""
    count_T1 = np.rint(masked_TU.sum(1, keepdims=True)).astype(np.int64).clip(1)
    threshold_T1 = np.take_along_axis(np.sort(loss_TU, axis=1), loss_TU.shape[1] - count_T1, axis=1)
    spread_T1 = loss_TU.std(1, keepdims=True)
    with np.errstate(invalid="ignore"):
        return np.where(spread_T1 > 0, (loss_TU - threshold_T1) / spread_T1, 0.0)


@dataclass(frozen=True)
class Diagnostics:
    """Tables about masks; those about wrong labels are None where nobody knows the labels' truth."""

    over_time: pd.DataFrame
    """A row for each cell, fold and span of iterations: first, last, judged, masked_share, and with known
    truth base_rate, precision, recall (NaN where nothing is masked, or nothing is wrong)."""
    by_class: pd.DataFrame
    """A row for each cell, span and class: first, last, class, judged, masked_share. Over all folds; a clip
    counts for each of its labels."""
    by_cell: pd.DataFrame
    """A row for each cell: judged, masked_share and the rest as in `over_time`, over folds and time; with
    known truth `lift`, which is precision / base_rate."""
    by_kind: pd.DataFrame | None
    """A row for each cell and kind of label: judged, masked_share."""
    suspects: pd.DataFrame
    """The relabelling worklist: see `suspects`."""
    precision_at: pd.DataFrame | None
    """A row for each length n of the worklist: precision, base_rate (of all clips on it), lift."""

    def write(self, report: Store) -> None:
        """suspects.csv and diagnostics/*.csv."""
        _write(report, "suspects.csv", self.suspects)
        tables = {
            "over_time": self.over_time, "by_class": self.by_class, "by_cell": self.by_cell,
            "by_kind": self.by_kind, "precision_at": self.precision_at,
        }  # fmt: skip
        for name, table in tables.items():
            if table is not None:
                _write(report / "diagnostics", f"{name}.csv", table)


def _write(folder: Store, name: str, table: pd.DataFrame) -> None:
    folder.write(name, table.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode())


def diagnose(run: Run) -> Diagnostics:
    """Every table, for the cells that have a result and unverified clips."""
    wrong, kind = _truth(run)
    classes = _Classes.of(run)
    time, by_class, by_kind, tally = [], [], [], Tally.empty(len(run.clips))
    for cell in judging_cells(run):
        folds = [read_judged(run, cell, fold) for fold in range(run.experiment.folds)]
        time += [row for judged in folds for row in _over_time(judged, wrong)]
        by_class += list(classes.rows(folds))
        by_kind += list(_by_kind(folds, kind))
        if ranks_by_loss(run, cell):
            for judged in folds:
                tally.add(judged)
    over_time = pd.DataFrame(time, columns=[*CELL, "fold", "first", "last", *SUMS])
    worklist = suspects(run, tally)
    return Diagnostics(
        _ratios(over_time, wrong is not None),
        pd.DataFrame(by_class, columns=[*CELL, "first", "last", "class", "judged", "masked_share"]),
        _by_cell(over_time, wrong is not None),
        pd.DataFrame(by_kind, columns=[*CELL, "kind", "judged", "masked_share"]) if kind is not None else None,
        worklist,
        precision_at(worklist) if wrong is not None else None,
    )


def judging_cells(run: Run) -> list[Cell]:
    """Cells with a result whose selection judges unverified clips."""
    selections = run.experiment.selections
    return [c for c in run.cells if selections[c.selection].uses_unverified and run.hole(c) is None]


def ranks_by_loss(run: Run, cell: Cell) -> bool:
    """Whether what this cell masks says anything about a clip; the random control's mask does not."""
    return not isinstance(run.experiment.selections[cell.selection], RandomK)


def read_judged(run: Run, cell: Cell, fold: int) -> Judged:
    """The judgements of one fold, in order of time."""
    frame = run.judgements(cell, fold)
    names = pd.Categorical(frame["fname"])
    row_of = pd.Series(np.arange(len(run.clips)), index=run.clips["fname"])
    clip = row_of[names.categories].to_numpy()[names.codes]
    iteration, stage = (frame[column].to_numpy().astype(np.int64) for column in ("iteration", "stage"))
    loss, keep = (frame[column].to_numpy().astype(np.float64) for column in ("loss", "keep"))
    return Judged(cell, fold, iteration, stage, clip, loss, 1 - keep)


def _truth(run: Run) -> tuple[NDArray[np.bool_] | None, pd.Series | None]:
    """Whether each clip's labels are wrong, and of what kind they are; None where nobody knows.

    A clip is wrong where its given labels are not its true ones.
    """
    truth = run.noise_truth
    if truth is None:
        return None, None
    by_name = truth.set_index("fname").reindex(run.clips["fname"])
    wrong = _label_sets(by_name["given"]) != _label_sets(by_name["true"])
    return wrong.to_numpy(), by_name["kind"].reset_index(drop=True)


def _label_sets(labels: "pd.Series[str]") -> "pd.Series[str]":
    """Labels in alphabetical order, so that equal sets are equal strings."""
    return labels.fillna("").map(lambda text: ",".join(sorted(text.split(","))))


SUMS = ["judged", "masked", "wrong", "masked_wrong"]


def _over_time(judged: Judged, wrong: NDArray[np.bool_] | None) -> Iterator[tuple[object, ...]]:
    """Sums of one fold in each span of its time."""
    cell = judged.cell
    is_wrong = wrong[judged.clip] if wrong is not None else np.zeros(len(judged.clip))
    for first, last, rows in spans(judged):
        masked = judged.masked[rows]
        sums = (len(masked), masked.sum(), is_wrong[rows].sum(), masked @ is_wrong[rows])
        yield cell.activation, cell.selection, cell.seed, judged.fold, first, last, *map(float, sums)


def spans(judged: Judged) -> Iterator[tuple[int, int, slice]]:
    """First and last iteration of at most BINS spans in each judged stage, and their rows."""
    for stage in np.unique(judged.stage):
        rows = np.flatnonzero(judged.stage == stage)
        first, last = int(judged.iteration[rows[0]]), int(judged.iteration[rows[-1]])
        edges = np.linspace(first, last + 1, min(BINS, last + 1 - first) + 1).astype(np.int64)
        places = np.searchsorted(judged.iteration, edges)
        for i in range(len(edges) - 1):
            yield int(edges[i]), int(edges[i + 1]) - 1, slice(int(places[i]), int(places[i + 1]))


def _ratios(sums: pd.DataFrame, known: bool) -> pd.DataFrame:
    """Shares instead of sums."""
    found = sums.drop(columns=SUMS[1:]).astype({"judged": int})
    found["masked_share"] = sums["masked"] / sums["judged"]
    if known:
        found["base_rate"] = sums["wrong"] / sums["judged"]
        found["precision"] = sums["masked_wrong"] / sums["masked"].where(sums["masked"] > 0)
        found["recall"] = sums["masked_wrong"] / sums["wrong"].where(sums["wrong"] > 0)
    return found


def _by_cell(over_time: pd.DataFrame, known: bool) -> pd.DataFrame:
    found = _ratios(over_time.groupby(CELL, sort=False)[SUMS].sum().reset_index(), known)
    if known:
        found["lift"] = found["precision"] / found["base_rate"].where(found["base_rate"] > 0)
    return found


def _by_kind(folds: Sequence[Judged], kind: pd.Series | None) -> Iterator[tuple[object, ...]]:
    if kind is None:
        return
    cell = folds[0].cell
    clip, masked = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("clip", "masked"))
    for name, rows in pd.Series(masked).groupby(kind.to_numpy()[clip], sort=True):
        yield cell.activation, cell.selection, cell.seed, name, len(rows), float(rows.mean())


@dataclass(frozen=True)
class _Classes:
    """Counts masked shares by label."""

    targets_NC: Floats
    names: list[str]

    @classmethod
    def of(cls, run: Run) -> "_Classes":
        return cls(run.targets.astype(np.float64), run.manifest.vocabulary)

    def rows(self, folds: Sequence[Judged]) -> Iterator[tuple[object, ...]]:
        """Of one cell: all spans, all classes."""
        cell = folds[0].cell
        sums: dict[tuple[int, int], tuple[Floats, Floats]] = {}
        for judged in folds:
            for first, last, rows in spans(judged):
                counts = (self._count(judged.clip[rows], None), self._count(judged.clip[rows], judged.masked[rows]))
                old = sums.get((first, last), (np.zeros(len(self.names)),) * 2)
                sums[first, last] = (old[0] + counts[0], old[1] + counts[1])
        for (first, last), (judged_C, masked_C) in sums.items():
            for name, count, masked in zip(self.names, judged_C, masked_C, strict=True):
                share = masked / count if count else np.nan
                yield cell.activation, cell.selection, cell.seed, first, last, name, int(count), share

    def _count(self, clip: Ints, weights: Floats | None) -> Floats:
        """Judgements by class: (C,)."""
        return np.bincount(clip, weights, len(self.targets_NC)) @ self.targets_NC
