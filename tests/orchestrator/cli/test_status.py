"""`stagegrid status` and `watch`: a table, or the page over http, from a process of its own."""

import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from orchestrator.legs import artifacts
from tests.orchestrator.cli.conftest import Stagegrid
from tests.orchestrator.fake_run import make_fake_run
from tests.places import ROOT


@pytest.mark.parametrize("words", [("status",), ("status", "--watch"), ("watch",)])
def test_a_finished_run_is_told_at_once(stagegrid: Stagegrid, tmp_path: Path, words: tuple[str]) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    code, out, _ = stagegrid(*words, tmp_path)
    assert code == 0
    assert "1/1 legs" in out
    assert (tmp_path / artifacts.REPORT / artifacts.LIVE_PAGE).is_file()


def test_the_page_is_served_until_it_is_interrupted(tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    server = subprocess.Popen(
        [sys.executable, "-m", "orchestrator.cli.app", "watch", tmp_path, "--serve", "--port", "0"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert server.stdout
    url = server.stdout.readline().split()[2]
    assert url.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(url, timeout=30) as answer:
        assert "1 of 1 legs" in answer.read().decode()
    server.send_signal(signal.SIGINT)
    server.communicate(timeout=30)
    assert server.returncode == 130
