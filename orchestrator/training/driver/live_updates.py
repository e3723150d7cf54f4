"""While legs train, the driver tells the world how far they are: gauges, a note, a page."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orchestrator.files.repeated import repeated
from orchestrator.legs.progress import write_note
from orchestrator.legs.run import Run
from orchestrator.legs.status import StatusReader, seconds_left
from orchestrator.training.driver.waits import Waits
from orchestrator.training.fold.gauges import RunGauges
from orchestrator.watch.live_page import write_live_page

SECONDS = 2.0


@contextmanager
def live_updates(run: Run, waits: Waits, dashboard: str) -> Iterator[None]:
    """Keep gauges, note and page fresh in the background, and once more at the end."""
    reader, gauges = StatusReader(run), RunGauges()

    def show() -> None:
        legs = reader.read()
        done = float(sum(leg.state == "done" for leg in legs))
        left = seconds_left(legs)
        gauges.show({"legs_done": done, "legs_total": float(len(legs)), "seconds_left": left})
        alert = waits.alert()
        write_note(run.store, "training", waits.reasons(legs, alert), alert, dashboard)
        write_live_page(run, legs, reader.note)

    with suppress(OSError):  # a view: a disk without room must not end what it shows
        show()
    with repeated(show, max(SECONDS, reader.every)):
        yield
