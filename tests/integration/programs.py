"""Start the real command line in processes of its own, and end only those."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.places import ROOT


def environment(home: Path) -> dict[str, str]:
    """A Ray of its own: no cluster of this machine is joined, no file of this user is read."""
    home.mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "RAY_ADDRESS": "local", "COLUMNS": "100"}
    return {name: value for name, value in os.environ.items() if not name.startswith("RAY_")} | own


def start(home: Path, *arguments: object, **changes: str) -> subprocess.Popen[str]:
    """`stagegrid` with these arguments, in its own process group."""
    command = [sys.executable, "-m", "orchestrator.cli.app", *map(str, arguments)]
    return subprocess.Popen(
        command,
        env=environment(home) | changes,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        cwd=ROOT,
    )


def run(home: Path, *arguments: object, **changes: str) -> tuple[int, str]:
    """Exit code and all output of `stagegrid` with these arguments; one that takes too long is ended."""
    process = start(home, *arguments, **changes)
    try:
        output, _ = process.communicate(timeout=280)
    except subprocess.TimeoutExpired:
        kill(process)
        raise
    return process.returncode, output


def kill(process: subprocess.Popen[str]) -> None:
    """SIGKILL for the driver alone, as the kernel does it when memory runs out."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Poll quickly until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def results(out: Path) -> dict[str, bytes]:
    """Every file that holds a result, by its path."""
    kinds = (
        "predictions.parquet",
        "curves.parquet",
        "judgements.parquet",
        "weights.safetensors",
        "table1.csv",
    )
    files = [path for path in out.rglob("*") if path.name in kinds and "ray" not in path.parts]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}
