"""report/live.html: the paper's grid as it fills, as a page that reloads itself; no server, no script."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import LIVE_PAGE, REPORT
from orchestrator.legs.progress import DriverNote
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus, alerts, stalls, summary
from orchestrator.watch.grid_view import HEIGHT, WIDTH, grid_views

REFRESH_SECONDS = 3

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
        grids=grid_views(run, legs),
        size=(WIDTH, HEIGHT),
        alerts=[*alerts(legs, note), *stalls(legs)],
        dashboard=note.dashboard if note else "",
        legs=[_row(leg) for leg in legs],
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


def _row(status: LegStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "state": status.state,
        "total": status.total,
        "done": status.total - status.left,
        "rate": status.rate_text,
        "left": status.clock_left,
        "scores": ["" if fold.lwlrap is None else f"{fold.lwlrap:.3f}" for fold in status.folds],
        "why": status.reason or status.why,
    }
