"""report/live.html: the paper's grid as it fills, as a page that reloads itself; no server, no script.

Of each cell it shows the newest lwlrap, the state, and small curves.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import LIVE_PAGE, REPORT
from orchestrator.legs.progress import DriverNote
from orchestrator.legs.run import Run
from orchestrator.legs.status import FoldStatus, LegStatus, alerts, stalls, summary
from orchestrator.stats.grid import Cell

REFRESH_SECONDS = 3
CURVES_SHOWN = {"loss": "loss", "fscore": "F-score", "eta": "threshold"}
"""What is drawn, by the names of the progress file, and what it is called."""
WIDTH, HEIGHT = 112.0, 26.0
"""Of a small picture, in its own units."""

_TEMPLATES = Environment(
    loader=PackageLoader("orchestrator.watch"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def write_live_page(run: Run, legs: Sequence[LegStatus], note: DriverNote | None = None) -> None:
    """Write the page for this state of the run's legs."""
    _write(run.store, live_page(run, legs, note))


def live_page(run: Run, legs: Sequence[LegStatus], note: DriverNote | None) -> str:
    """The page for this state of the run's legs."""
    return _render(
        "live.html.j2",
        name=run.experiment.name,
        summary=summary(legs),
        done=sum(leg.state == "done" for leg in legs),
        total=len(legs),
        folds=range(run.experiment.folds),
        grids=live_grids(run, legs),
        size=(WIDTH, HEIGHT),
        alerts=[*alerts(legs, note), *stalls(legs)],
        dashboard=note.dashboard if note else "",
        legs=legs,
        ended=all(leg.state in ("done", "failed") for leg in legs),
        reported=run.store.exists(f"{REPORT}/index.html"),
    )


def write_first_page(out: Store, name: str, stage: str) -> None:
    """Write the page for a run that has no legs yet: what it is at."""
    _write(out, first_page(name, stage))


def first_page(name: str, stage: str) -> str:
    """The page for a run that has no legs yet."""
    return _render("first.html.j2", name=name, stage=stage, ended=False)


def _render(template: str, **values: Any) -> str:
    written = datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
    return _TEMPLATES.get_template(template).render(refresh=REFRESH_SECONDS, written=written, **values)


def _write(out: Store, text: str) -> None:
    (out / REPORT).write(LIVE_PAGE, text.encode(), durable=False)


@dataclass(frozen=True)
class SmallCurve:
    """One quantity of a cell, a line a fold."""

    name: str
    newest: str
    lines: list[str]
    """Points of SVG polylines."""


@dataclass(frozen=True)
class LiveCell:
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


def live_grids(run: Run, legs: Sequence[LegStatus]) -> dict[int, dict[str, dict[str, LiveCell]]]:
    """The grid of every seed by rows and columns, in the order of the configuration."""
    by_id = {status.leg.id: status for status in legs}
    experiment = run.experiment
    return {
        seed: {
            row: {column: live_cell(run, Cell(row, column, seed), by_id) for column in experiment.selections}
            for row in experiment.activations
        }
        for seed in experiment.seeds
    }


def live_cell(run: Run, cell: Cell, by_id: Mapping[str, LegStatus]) -> LiveCell:
    """A cell: its own last leg, or as long as that has nothing to show, what it grows from."""
    way = [by_id[leg.id] for leg in run.way(run.cells[cell])]
    shown = next((status for status in way if any(fold.lwlrap is not None for fold in status.folds)), way[0])
    present = next((status for status in way if status.state != "waiting"), way[-1])
    scores = [fold.lwlrap for fold in shown.folds if fold.lwlrap is not None]
    done, total = sum(status.total - status.left for status in way), sum(status.total for status in way)
    return LiveCell(
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
    for field, name in CURVES_SHOWN.items():
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
        f"{at * step:.1f},{(1 - (value - low) / span) * HEIGHT:.1f}"
        for at, value in enumerate(history)
        if value is not None
    )
