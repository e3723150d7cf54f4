"""Growth: the whole pipeline at a share of FSDKaggle2019's size, phase by phase, as a table.

    python -m tests.benchmarks.growth --scale 1/16 --folder runs/growth

Makes embedded data of the real counts (4,970 + 19,815 + 4,481 clips) times the scale, 80 classes, lengths of
0.3 s to 60 s in equal shares of their logarithm: 11 s in mean, where the real ones have 13 s. Runs the 3 x 3
grid with 4 folds on it, looks once a second at the processes, and prints for each phase:

    seconds     a phase ends when the next one begins; folds score while others train: what most of them do
    driver      peak memory of the driver, what it shares counted too
    worker      peak memory that a fold's process has for itself alone, beyond what it shares
    shared      peak memory in Ray's object store, as the process sees it that has touched most of it
    disk        bytes below --out at the end of the phase
"""

import argparse
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import psutil

from orchestrator.data.synth.synthesize import SynthSettings, synthesize
from orchestrator.legs.artifacts import FOLD, PROGRESS, RESULT, FoldProgress
from tests.integration.programs import start

CONFIG = Path(__file__).with_name("growth.yaml")
VERIFIED, UNVERIFIED, TEST, CLASSES = 4_970, 19_815, 4_481, 80
SECONDS = 1.0
"""Between two looks."""
HEAD = f"{'phase':10} {'seconds':>8} {'driver':>10} {'worker':>10} {'shared':>10} {'disk':>10}"


def settings(scale: Fraction) -> SynthSettings:
    """The data set's counts; every class is verified for each fold."""
    counts = [round(count * scale) for count in (VERIFIED, UNVERIFIED, TEST)]
    return SynthSettings(
        classes=CLASSES, verified=max(counts[0], CLASSES), unverified=counts[1], test=counts[2], longest=60
    )


@dataclass
class Phase:
    """What was seen of one; memory in bytes."""

    seconds: float = 0.0
    driver: int = 0
    worker: int = 0
    shared: int = 0
    disk: int = 0

    def line(self, name: str) -> str:
        """The row as text."""
        sizes = (self.driver, self.worker, self.shared, self.disk)
        return f"{name:10} {self.seconds:8.0f} " + " ".join(f"{size / 1e6:7.0f} MB" for size in sizes)


@dataclass
class Watch:
    """Looks at a run from outside."""

    driver: int
    out: Path
    phases: dict[str, Phase] = field(default_factory=dict)

    def look(self, seconds: float) -> None:
        """Count the time since the last look for the phase that goes on now."""
        phase = self.phases.setdefault(self._phase(), Phase())
        phase.seconds += seconds
        for process, found in self._processes():
            if process == self.driver:
                phase.driver = max(phase.driver, found.get("VmRSS", 0))
            else:
                phase.worker = max(phase.worker, found.get("RssAnon", 0))
            phase.shared = max(phase.shared, found.get("RssShmem", 0))
        phase.disk = sum(path.stat().st_size for path in self.out.rglob("*") if path.is_file())

    def _phase(self) -> str:
        if not list(self.out.glob("features/*/manifest.json")):
            return "features"
        folds = [path.parent for path in self.out.glob(f"legs/*/fold-*/{PROGRESS}")]
        running = [fold for fold in folds if not (fold / FOLD).exists()]
        if not running:
            return "report" if _all_done(self.out) else "training"
        scoring = [bool(_progress(fold).to_score) for fold in running]
        return "scoring" if sum(scoring) > len(scoring) / 2 else "training"

    def _processes(self) -> Iterator[tuple[int, dict[str, int]]]:
        """The driver and the processes of folds, with their memory."""
        yield self.driver, memory(self.driver)
        for process in psutil.Process(self.driver).children(recursive=True):
            with suppress(psutil.Error, OSError):
                if "RayTrainWorker" in " ".join(process.cmdline()):
                    yield process.pid, memory(process.pid)


def memory(process: int | str) -> dict[str, int]:
    """What the kernel says of a process's memory, in bytes; `self`: of this one's."""
    status = Path(f"/proc/{process}/status").read_text()
    return {name: 1024 * int(size) for name, size in re.findall(r"^(\w+):\s+(\d+) kB$", status, re.M)}


def _progress(fold: Path) -> FoldProgress:
    return FoldProgress.model_validate_json((fold / PROGRESS).read_bytes())


def _all_done(out: Path) -> bool:
    legs = [path for path in out.glob("legs/*") if path.is_dir()]
    return bool(legs) and all((leg / RESULT).exists() for leg in legs)


def run(folder: Path, scale: Fraction, changes: list[str]) -> Watch:
    """Make the data, run the grid on it from nothing, and watch it."""
    data, out = folder / "data", folder / "out"
    began = time.monotonic()
    synthesize(data, settings(scale))
    size = sum(path.stat().st_size for path in data.rglob("*.wav"))
    print(f"data: {size / 1e9:.2f} GB in {time.monotonic() - began:.0f} s", flush=True)
    shutil.rmtree(out, ignore_errors=True)
    words = [word for change in changes for word in ("--set", change)]
    process = start(folder / "home", "run", "--config", CONFIG, "--data", data, "--out", out, *words)
    watch, last = Watch(process.pid, out), time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            output, _ = process.communicate(timeout=SECONDS)
            break
        now = time.monotonic()
        with suppress(psutil.Error, OSError, ValueError):  # files and processes that come and go
            watch.look(now - last)
        last = now
    assert process.returncode == 0, output
    return watch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--scale", type=Fraction, default=Fraction(1, 16))
    parser.add_argument("--folder", type=Path, default=Path("runs/growth"))
    parser.add_argument("--set", action="append", default=[], dest="changes")
    given = parser.parse_args()
    folder = given.folder.absolute() / str(given.scale).replace("/", "-of-")
    watch = run(folder, given.scale, given.changes)
    print(HEAD)
    for name in ("features", "training", "scoring", "report"):
        print(watch.phases.get(name, Phase()).line(name))
    size = sum(path.stat().st_size for path in (folder / "out").glob("features/*/*.parquet"))
    print(f"features: {size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
