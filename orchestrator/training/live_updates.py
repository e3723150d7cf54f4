"""While legs train, the driver tells the world how far they are: gauges, and a page that reloads itself."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from orchestrator.artifacts.run import Run
from orchestrator.monitoring.live_page import write_live_page
from orchestrator.monitoring.status import StatusReader, seconds_left
from orchestrator.storage.repeated import repeated
from orchestrator.training.gauges import RunGauges

SECONDS = 2.0


@contextmanager
def live_updates(run: Run) -> Iterator[None]:
    """Keep gauges and page fresh in the background, and once more at the end."""
    reader, gauges = StatusReader(run), RunGauges()

    def show() -> None:
        legs = reader.read()
        done = float(sum(leg.state == "done" for leg in legs))
        left = seconds_left(legs)
        gauges.show({"legs_done": done, "legs_total": float(len(legs)), "seconds_left": left})
        write_live_page(run, legs)

    with suppress(OSError):  # a view: a disk without room must not end what it shows
        show()
    with repeated(show, max(SECONDS, reader.every)):
        yield
