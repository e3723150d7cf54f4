"""`ray start --head`, then the grid joins it: with a token, its own ports, its own processes."""

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.programs import ROOT, SMOKE, wait_for

pytestmark = [pytest.mark.integration, pytest.mark.cluster, pytest.mark.timeout(280)]

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def processes(folder: str) -> dict[int, str]:
    """Ray's processes whose command line names this temporary folder."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if folder in line:
                found[int(entry.name)] = line
    return found


@dataclass(frozen=True)
class Head:
    folder: str
    environment: dict[str, str]
    dashboard: str
    token: str


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    """A head node as the README says, in a folder with a short name (Ray's sockets need one)."""
    folder = tempfile.mkdtemp(prefix="sg", dir="/tmp")
    port, page, token = free_port(), free_port(), secrets.token_hex(32)
    path = Path(folder) / "token"
    path.touch(mode=0o600)
    path.write_text(token)
    environment = os.environ | {
        "HOME": folder,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(path),
        "RAY_ADDRESS": f"127.0.0.1:{port}",
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    command = [
        "ray",
        "start",
        "--head",
        "--port",
        port,
        "--dashboard-host",
        "127.0.0.1",
        "--dashboard-port",
        page,
    ]
    own = ["--node-ip-address", "127.0.0.1", "--temp-dir", f"{folder}/r", "--num-cpus", 2]
    first = {name: value for name, value in environment.items() if name != "RAY_ADDRESS"}
    subprocess.run([*map(str, command + own)], env=first, check=True, timeout=120, capture_output=True)
    yield Head(folder, environment, f"http://127.0.0.1:{page}", token)
    end(folder)
    shutil.rmtree(folder, ignore_errors=True)


def end(folder: str) -> None:
    """End what the fixture started, by pid, and nothing else."""
    for kind in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes(folder):
            try:
                os.kill(pid, kind)
            except ProcessLookupError:
                continue
        if kind == signal.SIGTERM:
            try:
                wait_for(lambda: not processes(folder), "Ray's end", 5)
            except AssertionError:
                continue


def answer(head: Head, token: str | None) -> int:
    request = urllib.request.Request(f"{head.dashboard}/api/jobs/")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_dashboard_asks_for_the_token(head: Head) -> None:
    assert answer(head, None) == 401
    assert answer(head, head.token) == 200


def test_the_grid_joins_the_cluster_and_leaves_it_running(head: Head) -> None:
    out = Path(head.folder) / "out"
    command = [sys.executable, ROOT / "orchestrator/grid.py", "--config", SMOKE, "--out", out]
    one_row = ["--set", "activations={sigmoid: {}}"]
    servers = [line for line in processes(head.folder).values() if "gcs_server" in line]
    done = subprocess.run(
        [*map(str, command), *one_row],
        env=head.environment,
        cwd=head.folder,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    port = head.environment["RAY_ADDRESS"].rpartition(":")[2]
    assert re.search(rf"on the Ray cluster at [\d.]+:{port},", done.stdout)
    assert len(list(out.glob("legs/*/result.json"))) == 4
    assert (out / "report/tables/table1.csv").exists()
    assert [line for line in processes(head.folder).values() if "gcs_server" in line] == servers


def test_a_cluster_that_does_not_answer_is_named(head: Head) -> None:
    port = free_port()
    done = subprocess.run(
        [BIN / "stagegrid", "run", "--config", SMOKE, "--out", Path(head.folder) / "other"],
        env=head.environment | {"RAY_ADDRESS": f"127.0.0.1:{port}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert f"no Ray cluster answers at RAY_ADDRESS=127.0.0.1:{port}" in done.stderr
