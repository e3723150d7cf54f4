"""How far a run is, as a table of legs and folds for the terminal; and what it has left that is stale."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.legs.progress import DriverNote
from orchestrator.legs.status import Activity, LegStatus, alerts, stalls, summary

REASONS_SHOWN = 3
"""Of stale legs."""
STYLES: dict[Activity, str] = {
    "done": "green",
    "running": "cyan",
    "stalled": "magenta",
    "stopped": "yellow",
    "failed": "red",
    "waiting": "dim",
}


def status_table(legs: Sequence[LegStatus], note: DriverNote | None) -> RenderableType:
    """Legs as lines with their state, speed and each fold's newest lwlrap; what waits, and totals, below."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for title, options in _COLUMNS.items():
        table.add_column(title, **options)
    for leg in legs:
        table.add_row(*_leg_cells(leg))
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


def _leg_cells(status: LegStatus) -> tuple[RenderableType, ...]:
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


def stale_line(stale: Mapping[str, str]) -> str:
    """How many legs are stale and why, by what sets each apart; empty where none is."""
    if not stale:
        return ""
    reasons = Counter(stale.values()).most_common()
    counted = len(reasons) > 1
    shown = [f"{reason} ({count})" if counted else reason for reason, count in reasons[:REASONS_SHOWN]]
    more = sum(count for _, count in reasons[REASONS_SHOWN:])
    text = "; ".join([*shown, *([f"other settings ({more})"] if more else [])])
    return f"{'1 leg is' if len(stale) == 1 else f'{len(stale)} legs are'} stale: {text}"
