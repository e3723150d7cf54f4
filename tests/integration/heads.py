"""`ray start --head` in a folder of its own, and its end: by pid, and nothing else."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.programs import wait_for

BIN = Path(sys.executable).parent


def free_port() -> int:
    """A port that nobody listens on."""
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


@contextmanager
def short_folder() -> Iterator[str]:
    """A folder with a short name (Ray's sockets need one); what runs in it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp", ignore_cleanup_errors=True) as folder:
        try:
            yield folder
        finally:
            _end(folder)


def ray_start(
    folder: str, port: int, *options: object, files: str = "r", **environment: str
) -> dict[str, str]:
    """Start a head at `port`, its files in `folder`/`files`; the environment of programs that join it."""
    own = os.environ | {"HOME": folder, "PATH": f"{BIN}:{os.environ['PATH']}"} | environment
    own.pop("RAY_ADDRESS", None)
    command = ["ray", "start", "--head", "--port", port, "--dashboard-host", "127.0.0.1", *options]
    place: list[object] = ["--node-ip-address", "127.0.0.1", "--temp-dir", f"{folder}/{files}"]
    place += ["--dashboard-agent-listen-port", 0]  # Ray's own is one that any connection here may have
    subprocess.run([*map(str, command + place)], env=own, check=True, timeout=120, capture_output=True)
    return own | {"RAY_ADDRESS": f"127.0.0.1:{port}"}


def _end(folder: str) -> None:
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
