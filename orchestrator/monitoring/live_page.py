"""report/live.html: how far a run is, as a page that reloads itself; no server, no script."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.artifacts.files import REPORT
from orchestrator.artifacts.run import Run
from orchestrator.monitoring.status import LegStatus, summary

LIVE_PAGE = "live.html"
REFRESH_SECONDS = 3

_TEMPLATES = Environment(
    loader=PackageLoader("orchestrator.monitoring"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


def write_live_page(run: Run, legs: Sequence[LegStatus]) -> None:
    """Write the page for this state of the run's legs."""
    text = _TEMPLATES.get_template("live.html.j2").render(
        name=run.experiment.name,
        summary=summary(legs),
        done=sum(leg.state == "done" for leg in legs),
        total=len(legs),
        folds=range(run.experiment.folds),
        legs=[_row(leg) for leg in legs],
        ended=all(leg.state in ("done", "failed") for leg in legs),
        reported=run.store.exists(f"{REPORT}/index.html"),
        refresh=REFRESH_SECONDS,
        written=datetime.now(UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00"),
    )
    (run.store / REPORT).write(LIVE_PAGE, text.encode(), durable=False)


def _row(status: LegStatus) -> dict[str, Any]:
    return {
        "label": status.leg.label,
        "state": status.state,
        "total": status.total,
        "done": status.total - status.left,
        "rate": status.rate_text,
        "left": status.clock_left,
        "scores": ["" if fold.lwlrap is None else f"{fold.lwlrap:.3f}" for fold in status.folds],
        "reason": status.reason,
    }
