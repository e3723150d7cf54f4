"""What the selection mechanisms did to the unverified clips, from a run's judgements (not in the paper).

Masked counts as 1 - keep, so soft weights count in part; a share is a sum of these over a number of
judgements. Where the data set knows its label errors, a mask is judged as a detector of wrong labels:

    base rate   share of judgements about a clip with a wrong label: the precision of a random mask
    precision   share of what is masked that is wrong
    recall      share of what is wrong that is masked; a random mask has its masked share as recall

Shapes: N clips of the run, C classes; 2: all judgements, and the masked ones.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.stats.by_labels import labels_table, rows_by_labels
from orchestrator.stats.judgements import (
    Floats,
    Judged,
    Truth,
    judging_cells,
    ranks_by_loss,
    read_judged,
    read_truth,
    spans,
)
from orchestrator.stats.suspects import Tally, precision_at, suspects

CELL = ["activation", "selection", "seed"]


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
    by_labels: pd.DataFrame
    """A row for each cell and number of labels: `artifacts.tables.BY_LABELS`."""
    by_kind: pd.DataFrame | None
    """A row for each cell and kind of label: judged, masked_share."""
    suspects: pd.DataFrame
    """The relabelling worklist: see `suspects`."""
    precision_at: pd.DataFrame | None
    """A row for each length n of the worklist: precision, base_rate (of all clips on it), lift."""

    def write(self, report: Store) -> None:
        """suspects.csv and diagnostics/*.csv."""
        _write(report, "suspects.csv", self.suspects)
        for name, table in self.tables.items():
            _write(report / "diagnostics", f"{name}.csv", table)

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        """Those in diagnostics/, by the names of their files."""
        tables = {
            "over_time": self.over_time, "by_class": self.by_class, "by_cell": self.by_cell,
            "by_labels": self.by_labels, "by_kind": self.by_kind, "precision_at": self.precision_at,
        }  # fmt: skip
        return {name: table for name, table in tables.items() if table is not None}


def _write(folder: Store, name: str, table: pd.DataFrame) -> None:
    folder.write(name, table.to_csv(index=False, lineterminator="\n", float_format="%.6g").encode())


def diagnose(run: Run) -> Diagnostics:
    """Every table, for the cells that have a result and unverified clips."""
    truth, classes, tally = read_truth(run), _Classes.of(run), Tally.empty(len(run.clips))
    labels = run.targets.sum(1, dtype=np.int64)
    time, by_class, by_kind, by_number = [], [], [], []
    for cell in judging_cells(run):
        folds = [read_judged(run, cell, fold) for fold in range(run.experiment.folds)]
        time += [row for judged in folds for row in _over_time(judged, truth)]
        by_class += list(classes.rows(folds))
        by_kind += list(_by_kind(folds, truth))
        by_number += list(rows_by_labels(folds, labels, truth))
        if ranks_by_loss(run, cell):
            tally.add(run, cell, folds)
    over_time = pd.DataFrame(time, columns=[*CELL, "fold", "first", "last", *SUMS])
    worklist = suspects(run, tally, truth)
    return Diagnostics(
        _ratios(over_time, truth),
        pd.DataFrame(by_class, columns=[*CELL, "first", "last", "class", "judged", "masked_share"]),
        _by_cell(over_time, truth),
        labels_table(by_number),
        pd.DataFrame(by_kind, columns=[*CELL, "kind", "judged", "masked_share"]) if truth else None,
        worklist,
        precision_at(worklist) if truth else None,
    )


SUMS = ["judged", "masked", "wrong", "masked_wrong"]


def _over_time(judged: Judged, truth: Truth | None) -> Iterator[tuple[object, ...]]:
    """Sums of one fold in each span of its time."""
    cell = judged.cell
    is_wrong = truth.wrong[judged.clip] if truth else np.zeros(len(judged.clip))
    for first, last, rows in spans(judged):
        masked = judged.masked[rows]
        sums = (len(masked), masked.sum(), is_wrong[rows].sum(), masked @ is_wrong[rows])
        yield cell.activation, cell.selection, cell.seed, judged.fold, first, last, *map(float, sums)


def _ratios(sums: pd.DataFrame, truth: Truth | None) -> pd.DataFrame:
    """Shares instead of sums."""
    shares = sums.drop(columns=SUMS[1:]).astype({"judged": int})
    shares["masked_share"] = sums["masked"] / sums["judged"]
    if truth:
        shares["base_rate"] = sums["wrong"] / sums["judged"]
        shares["precision"] = sums["masked_wrong"] / sums["masked"].where(sums["masked"] > 0)
        shares["recall"] = sums["masked_wrong"] / sums["wrong"].where(sums["wrong"] > 0)
    return shares


def _by_cell(over_time: pd.DataFrame, truth: Truth | None) -> pd.DataFrame:
    shares = _ratios(over_time.groupby(CELL, sort=False)[SUMS].sum().reset_index(), truth)
    if truth:
        shares["lift"] = shares["precision"] / shares["base_rate"].where(shares["base_rate"] > 0)
    return shares


def _by_kind(folds: Sequence[Judged], truth: Truth | None) -> Iterator[tuple[object, ...]]:
    if truth is None:
        return
    cell = folds[0].cell
    clip, masked = (np.concatenate([getattr(fold, name) for fold in folds]) for name in ("clip", "masked"))
    for name, rows in pd.Series(masked).groupby(truth.table["kind"].to_numpy()[clip], sort=True):
        yield cell.activation, cell.selection, cell.seed, name, len(rows), float(rows.mean())


@dataclass(frozen=True)
class _Classes:
    """Counts masked shares by label."""

    targets_NC: "sparse.csr_array[Any]"
    names: list[str]

    @classmethod
    def of(cls, run: Run) -> "_Classes":
        return cls(sparse.csr_array(run.targets.astype(np.float64)), run.manifest.vocabulary)

    def rows(self, folds: Sequence[Judged]) -> Iterator[tuple[object, ...]]:
        """Of one cell: all spans, all classes."""
        cell, clips = folds[0].cell, self.targets_NC.shape[0]
        sums: dict[tuple[int, int], Floats] = {}
        for judged in folds:
            for first, last, rows in spans(judged):
                clip, weights = judged.clip[rows], (None, judged.masked[rows])
                both_2N = np.stack([np.bincount(clip, w, clips).astype(np.float64) for w in weights])
                sums[first, last] = both_2N + sums.get((first, last), np.zeros_like(both_2N))
        for (first, last), both_2N in sums.items():
            for name, judgements, masked in zip(self.names, *(both_2N @ self.targets_NC), strict=True):
                share = masked / judgements if judgements else np.nan
                yield cell.activation, cell.selection, cell.seed, first, last, name, int(judgements), share
