"""`stagegrid watch OUT --serve`: a run's live page, its report and its gauges over http, on 127.0.0.1 alone.

Everything is read from the run's files when it is asked for, so it works beside a run, without one, and on
object storage.
"""

import errno
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import LIVE_PAGE, REPORT, RUN
from orchestrator.legs.progress import read_note
from orchestrator.legs.run import Run
from orchestrator.legs.status import LegStatus, StatusReader, seconds_left
from orchestrator.watch.live_page import first_page, live_page
from trainable.errors import UserError

HTML = "text/html; charset=utf-8"
CONTENT_TYPES = {
    ".html": HTML, ".png": "image/png", ".svg": "image/svg+xml", ".csv": "text/csv; charset=utf-8",
    ".json": "application/json", ".md": "text/plain; charset=utf-8", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip
OWN_NAMES = ("127.0.0.1", "localhost")
"""Other names in a request come from a page elsewhere that was given this address (DNS rebinding)."""
TRIED_PORTS = 20
FOLD_GAUGES = ("iteration", "rate", "loss", "eta", "kept", "fscore", "lwlrap")
"""Fields of a progress file that are gauges."""
GAUGE_NAMES = {"rate": "iterations_per_second"}
Sample = tuple[str, Mapping[str, str], float]
"""A gauge's name, its labels and its value."""


class RunPages:
    """The pages that are served of a run's folder."""

    def __init__(self, out: Store) -> None:
        self.out, self._lock = out, Lock()
        self._reader: StatusReader | None = None
        self._began = b""

    def page(self, path: str) -> tuple[str, bytes]:
        """Kind and content of a page.

        Raises:
            FileNotFoundError: there is no such page.
        """
        with self._lock:  # a reader is for one thread
            if path in ("/", f"/{LIVE_PAGE}"):
                return HTML, self._live().encode()
            if path == "/metrics":
                reader = self._present()
                return "text/plain; version=0.0.4", gauge_page(reader.read()).encode()
        return self._report_file(path)

    def _report_file(self, path: str) -> tuple[str, bytes]:
        """A file of the report: nothing above its folder."""
        name = posixpath.normpath(path).lstrip("/")
        kind = CONTENT_TYPES.get(posixpath.splitext(name)[1])
        if kind is None or ".." in name.split("/") or not name.isprintable():
            raise FileNotFoundError(path)
        return kind, (self.out / REPORT).read(name)

    def _live(self) -> str:
        try:
            reader = self._present()
        except FileNotFoundError:
            note = read_note(self.out)
            return first_page(str(self.out), note.stage if note else "no run has begun here")
        return live_page(reader.run, reader.read(), reader.note)

    def _present(self) -> StatusReader:
        """The run as its manifest is now: the same command may have begun it anew, with other columns."""
        began = self.out.read(RUN)
        if self._reader is None or began != self._began:
            self._reader, self._began = StatusReader(Run.open(self.out)), began
        return self._reader


def page_server(out: Store, port: int) -> ThreadingHTTPServer:
    """A server for the run in `out` at `port` of this machine, or at the next port that is free; 0: any.

    Raises:
        UserError: none of them is.
    """
    handler = type("Handler", (_Handler,), {"pages": RunPages(out)})
    for number in range(port, port + TRIED_PORTS):
        try:
            return _Server(("127.0.0.1", number), handler)
        except (OSError, OverflowError) as error:
            if isinstance(error, OSError) and error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise UserError(f"--port {port}: it is taken, and so are the next {TRIED_PORTS - 1}: name another, or 0")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False


class _Handler(BaseHTTPRequestHandler):
    pages: RunPages

    def do_GET(self) -> None:
        """Answer with a page, or with the reason why there is none."""
        if self.headers.get("Host", "").rpartition(":")[0] not in OWN_NAMES:
            self._answer(HTTPStatus.FORBIDDEN, "text/plain", b"ask for 127.0.0.1\n")
            return
        try:
            kind, content = self.pages.page(unquote(urlsplit(self.path).path))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"no such page\n")
        except (UserError, OSError) as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain; charset=utf-8", f"{error}\n".encode())
        else:
            self._answer(HTTPStatus.OK, kind, content)

    def _answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: nobody reads it."""


def gauge_page(legs: Sequence[LegStatus]) -> str:
    """All gauges in Prometheus' text format, with the names that Ray's nodes give them."""
    samples = [*_of_run(legs), *(sample for status in legs for sample in _of_leg(status))]
    lines: dict[str, list[str]] = {}
    for name, tags, value in samples:
        full = f"ray_stagegrid_{name}"
        lines.setdefault(full, [f"# TYPE {full} gauge"]).append(f"{full}{_tags(tags)} {value!r}")
    return "".join(f"{line}\n" for group in lines.values() for line in group)


def _of_run(legs: Sequence[LegStatus]) -> Iterator[Sample]:
    yield "legs_done", {}, float(sum(leg.state == "done" for leg in legs))
    yield "legs_total", {}, float(len(legs))
    left = seconds_left(legs)
    if left is not None:
        yield "seconds_left", {}, left


def _of_leg(status: LegStatus) -> Iterator[Sample]:
    for number, fold in enumerate(status.folds):
        tags = {"leg": status.name, "fold": str(number)}
        for field in FOLD_GAUGES if fold.seen else ():
            value = getattr(fold.seen, field)
            if value is not None and (field != "rate" or status.state == "running"):
                yield GAUGE_NAMES.get(field, field), tags, float(value)


def _tags(tags: Mapping[str, str]) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'

    return "{" + ",".join(f"{name}={quoted(text)}" for name, text in tags.items()) + "}" if tags else ""
