"""How far a run is, as a table of legs and folds for the terminal."""

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.legs.progress import DriverNote
from orchestrator.legs.status import Activity, LegStatus, alerts, stalls, summary

STYLES: dict[Activity, str] = {
    "done": "green",
    "running": "cyan",
    "stalled": "magenta",
    "stopped": "yellow",
    "failed": "red",
    "waiting": "dim",
}


def status_view(legs: Sequence[LegStatus], note: DriverNote | None) -> RenderableType:
    """Legs as lines with their state, speed and each fold's newest lwlrap; what waits, and totals, below."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for title, options in _COLUMNS.items():
        table.add_column(title, **options)
    for leg in legs:
        table.add_row(*_row(leg))
    reasons = [Text(f"{leg.name}: {leg.reason}", style="red") for leg in legs if leg.reason]
    silent = [Text(line, style="magenta") for line in stalls(legs)]
    held_up = [Text(line, style="yellow") for line in alerts(legs, note)]
    return Group(table, *reasons, *silent, *held_up, Text(summary(legs)))


_COLUMNS: dict[str, dict[str, Any]] = {
    "leg": {"no_wrap": True, "overflow": "ellipsis", "max_width": 38},
    "state": {"no_wrap": True, "min_width": 7},
    "it/s": {"justify": "right", "no_wrap": True, "min_width": 5},
    "left": {"justify": "right", "no_wrap": True, "min_width": 7},
    "lwlrap by fold": {"no_wrap": True},
}


def _row(status: LegStatus) -> tuple[RenderableType, ...]:
    scores = " ".join("  - " if f.lwlrap is None else f"{f.lwlrap:.3f}"[-4:] for f in status.folds)
    share = (
        f"{1 - status.left / status.total:.0%}" if status.state in ("running", "stalled", "stopped") else ""
    )
    return (
        status.name,
        Text(
            share if status.state == "running" else f"{status.state} {share}".rstrip(), STYLES[status.state]
        ),
        status.rate_text,
        status.clock_left,
        scores,
    )
