"""`stagegrid watch`: a table, or the page over http, from a process of its own."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.orchestrator.fake_run import make_fake_run
from tests.places import ROOT


def start(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "orchestrator.cli.app", "watch", *map(str, arguments)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_it_follows_a_run_to_its_end(tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    output, _ = start(tmp_path).communicate(timeout=60)
    assert "1/1 legs" in output


def test_it_serves_the_page_until_it_is_interrupted(tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    server = start(tmp_path, "--serve", "--port", 0)
    assert server.stdout
    line = server.stdout.readline()
    url = line.split()[2]
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert "1 of 1 legs" in answer.read().decode()
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=30)
    assert server.returncode == 130
