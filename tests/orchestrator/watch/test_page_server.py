"""`stagegrid watch OUT --serve`: what is served, to whom, and what is not."""

import re
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import PROGRESS
from orchestrator.legs.progress import write_note
from orchestrator.legs.status import StatusReader
from orchestrator.watch.page_server import gauge_page, page_server
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.training.fold.test_gauges import progress
from trainable.errors import UserError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    with page_server(Store.open(tmp_path), 0) as served:
        Thread(target=served.serve_forever, daemon=True).start()
        yield served
        served.shutdown()


def get(server: ThreadingHTTPServer, path: str, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{server.server_port}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_the_page_is_of_the_moment(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert "no run has begun here" in get(server, "/")[1]
    write_note(Store.open(tmp_path), "computing features")
    assert "computing features" in get(server, "/live.html")[1]
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")})
    assert "3 of 4 legs" in get(server, "/")[1]
    leg = next(leg for leg in run.manifest.legs if "top_k" in leg.label)
    run.legs[leg.id].fail("<b>out of memory</b>")
    text = get(server, "/")[1]
    assert "&lt;b&gt;out of memory" in text
    assert "<b>" not in text
    assert not (tmp_path / "report").exists()  # asking writes nothing


def test_gauges_and_the_report_are_beside_it(server: ThreadingHTTPServer, tmp_path: Path) -> None:
    assert get(server, "/metrics")[0] == 404
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    assert "ray_stagegrid_legs_total 1.0" in get(server, "/metrics")[1]
    (tmp_path / "report/tables").mkdir(parents=True)
    (tmp_path / "report/tables/table1.csv").write_text("a,b\n")
    assert get(server, "/tables/table1.csv") == (200, "a,b\n")


@pytest.mark.parametrize(
    "path", ["/../run.json", "/..%2frun.json", "/%2e%2e/run.json", "/tables/../../run.json", "/run.json",
             "//etc/passwd.txt", "/tables", "/x.parquet", "/\0.html"],
)  # fmt: skip
def test_nothing_above_the_report_is_served(server: ThreadingHTTPServer, tmp_path: Path, path: str) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    (tmp_path / "report/tables").mkdir(parents=True)
    assert get(server, urllib.parse.quote(path, safe="/%"))[0] == 404


def test_a_page_elsewhere_cannot_read_it(server: ThreadingHTTPServer) -> None:
    """DNS rebinding: the browser asks us, under the name of another's page."""
    assert get(server, "/", Host=f"evil.example:{server.server_port}")[0] == 403
    assert get(server, "/", Host=f"localhost:{server.server_port}")[0] == 200


def test_only_this_machine_is_answered_and_the_next_port_is_tried(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with page_server(Store.open(tmp_path), port) as server:
            assert server.server_address[0] == "127.0.0.1"
            assert server.server_port > port


def test_where_no_port_is_free_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestrator.watch import page_server as module

    monkeypatch.setattr(module, "TRIED_PORTS", 1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(UserError, match="name another, or 0"):
            page_server(Store.open(tmp_path), taken.getsockname()[1])


LINE = re.compile(
    r'(# TYPE [a-z_]+ gauge|[a-z_]+(\{\w+="([^"\\]|\\.)*"(,\w+="([^"\\]|\\.)*")*\})? -?[\d.e+-]+)'
)


def test_what_the_folds_say_is_there_under_rays_names(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    run.legs[run.manifest.legs[0].id].fold(1).store.write_model(PROGRESS, progress())
    text = gauge_page(StatusReader(run).read())
    assert all(LINE.fullmatch(line) for line in text.splitlines())
    assert "ray_stagegrid_legs_done 1.0\n" in text
    assert 'ray_stagegrid_lwlrap{leg="sigmoid · top_k",fold="1"} 0.625\n' in text
    assert 'fold="0"' not in text
    assert "iterations_per_second" not in text  # nothing runs
    assert text.count("# TYPE ray_stagegrid_loss gauge") == 1
