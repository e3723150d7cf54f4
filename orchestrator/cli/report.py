"""`report`: tables, figures and the page, once more."""

from orchestrator.cli.options import RunFolder, console
from orchestrator.cli.verify import refuse_damaged
from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.legs.status import StatusReader
from orchestrator.watch.live_page import write_live_page


def report(out: RunFolder) -> None:
    """Make the report again, from the run's files alone."""
    from orchestrator.report.build import write_report

    reported = Run.open(Store.open(out))
    console.print(write_report(reported))
    write_live_page(reported, StatusReader(reported).read())
    refuse_damaged(reported)
