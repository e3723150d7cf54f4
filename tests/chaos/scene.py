"""A run that is going on in a process of its own, looked at and hurt from outside."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldProgress
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.folders import LegFolders

PATIENCE_SECONDS = 600.0
"""No moment of a drill is waited for longer."""
POLL_SECONDS = 0.05


@dataclass
class Scene:
    """A run of `stagegrid run` with the same arguments, started as often as a fault needs it."""

    arguments: Sequence[str]
    """All but --out."""
    out: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What the run has printed."""
        return self.out.parent / f"{self.out.name}.log"

    def start(self) -> None:
        """Give the command: in its own process group, with a Ray of its own."""
        command = [
            sys.executable,
            "-m",
            "orchestrator.cli.app",
            "run",
            "--out",
            str(self.out),
            *self.arguments,
        ]
        environment = os.environ | {"RAY_ADDRESS": "local"}
        with self.log.open("ab") as log:
            self.process = _begin(command, environment, log)

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """The process of the command that was given last."""
        assert self.process is not None
        return self.process

    def finish(self) -> int:
        """Wait for the end of the command: its exit code."""
        return self.running.wait(PATIENCE_SECONDS)

    def wait_for(self, condition: Callable[[], bool], moment: str) -> float:
        """Seconds until `condition` holds.

        Raises:
            AssertionError: the run has ended before, or it takes too long.
        """
        began = time.monotonic()
        while not condition():
            if self.running.poll() is not None and not condition():
                raise AssertionError(f"the run ended before {moment}, see {self.log}")
            if time.monotonic() - began > PATIENCE_SECONDS:
                raise AssertionError(f"waited {PATIENCE_SECONDS:.0f} s for {moment}, see {self.log}")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began

    def folds(self) -> dict[str, FoldFolder]:
        """The folders of all folds that have begun, by leg and fold."""
        legs = LegFolders.of(Store.open(self.out))
        return {
            f"{leg}/{fold}": FoldFolder(legs[leg].store / fold)
            for leg in legs.store.names()
            for fold in legs[leg].store.names()
            if artifacts.is_fold(fold)
        }

    def progress(self) -> dict[str, FoldProgress]:
        """How far the unfinished folds are."""
        found = {name: folder.progress() for name, folder in self.folds().items() if not folder.is_done}
        return {name: progress for name, progress in found.items() if progress}

    def is_alive(self, since: float) -> bool:
        """Whether a fold has shown that it goes on, or was finished, after `since` (seconds since 1970)."""
        finished = [
            Path(folder.store.base) / artifacts.FOLD for folder in self.folds().values() if folder.is_done
        ]
        if any(path.stat().st_mtime > since for path in finished):
            return True
        return any(progress.time > since for progress in self.progress().values())

    def workers(self) -> list[psutil.Process]:
        """Processes of the unfinished folds that are alive."""
        pids = {progress.pid for progress in self.progress().values()}
        return [process for process in self.processes() if process.pid in pids]

    def processes(self) -> list[psutil.Process]:
        """Everything that the command has started, Ray's own processes too."""
        try:
            return psutil.Process(self.running.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def processes_called(self, name: str) -> list[psutil.Process]:
        """Those of them that call themselves so, as Ray's actors do."""
        return [process for process in self.processes() if name in " ".join(_command_line(process))]

    def end(self) -> None:
        """Whatever is left of the command ends now."""
        left = self.processes()
        if self.process:
            self.process.kill()
            self.process.wait()
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, timeout=30)


def _begin(command: list[str], environment: dict[str, str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
    )


def _command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
