"""The paper's grid while it fills: of each cell its newest lwlrap, its state, and small curves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.legs.run import Run
from orchestrator.legs.status import FoldStatus, LegStatus
from orchestrator.stats.grid import Cell

CURVES = {"loss": "loss", "fscore": "F-score", "eta": "threshold"}
"""What is drawn, by the names of the progress file, and what it is called."""
WIDTH, HEIGHT = 112.0, 26.0
"""Of a small picture, in its own units."""


@dataclass(frozen=True)
class SmallCurve:
    """One quantity of a cell, a line a fold."""

    name: str
    newest: str
    lines: list[str]
    """Points of SVG polylines."""


@dataclass(frozen=True)
class CellView:
    """A cell of the grid."""

    lwlrap: str
    """Mean of the folds' newest; empty before the first evaluation."""
    of_stem: bool
    """The number is still that of what the cell shares with others."""
    state: str
    share: float
    """Done, of all iterations of the cell."""
    why: str
    curves: list[SmallCurve]


@dataclass(frozen=True)
class GridView:
    """The grid of one seed."""

    seed: int
    columns: list[str]
    rows: dict[str, list[CellView]]


def grid_views(run: Run, legs: Sequence[LegStatus]) -> list[GridView]:
    """The grid of every seed, in the order of the configuration."""
    by_id = {status.leg.id: status for status in legs}
    experiment, columns = run.experiment, list(run.experiment.selections)
    return [
        GridView(seed, columns, {row: [cell_view(run, Cell(row, column, seed), by_id) for column in columns]
                                 for row in experiment.activations})
        for seed in experiment.seeds
    ]  # fmt: skip


def cell_view(run: Run, cell: Cell, by_id: Mapping[str, LegStatus]) -> CellView:
    """A cell: its own last leg, or as long as that has nothing to show, what it grows from."""
    way = [by_id[leg.id] for leg in run.way(run.cells[cell])]
    shown = next((status for status in way if any(fold.lwlrap is not None for fold in status.folds)), way[0])
    present = next((status for status in way if status.state != "waiting"), way[-1])
    scores = [fold.lwlrap for fold in shown.folds if fold.lwlrap is not None]
    done, total = sum(status.total - status.left for status in way), sum(status.total for status in way)
    return CellView(
        lwlrap=f"{sum(scores) / len(scores):.3f}" if scores else "",
        of_stem=bool(scores) and shown is not way[0],
        state="done" if way[0].state == "done" else "waiting" if present.state == "done" else present.state,
        share=done / total,
        why=_why(way),
        curves=list(_curves(shown.folds)),
    )


def _why(way: Sequence[LegStatus]) -> str:
    """What holds up a cell: the first leg from its root that is neither done nor at work."""
    for status in reversed(way):
        if status.state in ("running", "stalled"):
            return ""
        if status.state != "done":
            return status.reason or status.why
    return ""


def _curves(folds: Sequence[FoldStatus]) -> Iterator[SmallCurve]:
    seen = [fold.seen for fold in folds if fold.seen]
    for field, name in CURVES.items():
        histories = [fold.history[field] for fold in seen if field in fold.history]
        newest = [value for fold in seen if (value := getattr(fold, field)) is not None]
        if histories and newest:
            yield SmallCurve(name, f"{sum(newest) / len(newest):.3g}", polylines(histories))


def polylines(histories: Sequence[Sequence[float | None]]) -> list[str]:
    """Points of one line for each history, all on the same scale, a gap closed by a straight line."""
    known = [value for history in histories for value in history if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    span = high - low or 1.0
    return [_points(history, low, span) for history in histories]


def _points(history: Sequence[float | None], low: float, span: float) -> str:
    step = WIDTH / max(len(history) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{(1 - (value - low) / span) * HEIGHT:.1f}"
        for place, value in enumerate(history)
        if value is not None
    )
