"""`status` and `watch`: how far a run is, once or until it is done, on a terminal or in a browser."""

from contextlib import suppress
from typing import Annotated

import typer

from orchestrator.cli.options import RunFolder, console, say
from orchestrator.cli.verify import refuse_damaged
from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.legs.status import StatusReader
from orchestrator.watch.live_page import write_live_page
from orchestrator.watch.terminal import wait_for_run, watch_run

PORT = 8300


def status(
    out: RunFolder,
    watch: Annotated[bool, typer.Option(help="Wait for it to begin, and go on until it is done.")] = False,
) -> None:
    """Show how far a run is, running or not."""
    _show(out, watch)


def watch(
    out: RunFolder,
    serve: Annotated[bool, typer.Option(help="Serve the live page on 127.0.0.1 until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(help="Of the page; 0: any that is free.", min=0, max=65535)] = PORT,
) -> None:
    """Follow a run until it is done: a table here, or with --serve its live page in a browser."""
    if serve:
        _serve(out, port)
    else:
        _show(out, go_on=True)


def _show(out: str, go_on: bool) -> None:
    """Print a run's state once, or wait for the run to begin and keep it on the screen until it is done."""
    store = Store.open(out)
    if go_on:
        wait_for_run(store, console)
    watched = Run.open(store)
    reader = StatusReader(watched)
    watch_run(reader, console, go_on)
    with suppress(OSError):  # whoever may only read may ask too
        write_live_page(watched, reader.read(), reader.note)
    refuse_damaged(watched)


def _serve(out: str, port: int) -> None:
    from orchestrator.watch.page_server import page_server

    with page_server(Store.open(out), port) as server:
        say(f"live page: http://127.0.0.1:{server.server_port}/ (gauges: /metrics); Ctrl-C ends it")
        server.serve_forever()
