"""What a run of Ray Train costs before its folds train: seconds, and CPU seconds of processes by name.

A small grid of three runs, one after another. A later run starts when the one before it has its last result;
it has started when all its folds have done an iteration. The first one starts when Tune makes its folder.
"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from orchestrator.data.synth.synthesize import synthesize
from orchestrator.legs import artifacts
from orchestrator.settings.loading import load_experiment
from tests.benchmarks.table import Row
from tests.integration.programs import start
from tests.places import ROOT

SMOKE, LATER = ROOT / "configs" / "smoke.yaml", 9.0
GRID = ("selections={verified_only: {}}", "schedule.checkpoint_every=100", "resources.legs_per_run=subtree")
RUNS, FOLDS = 3, 2
LOOK_SECONDS = 0.05
Seconds = dict[str, float]
"""Of CPU time, by the names of processes."""
SHOWN = 0.1
"""CPU seconds from which a process is listed."""


@dataclass
class Processes:
    """CPU seconds of a program and all that it starts, those that have ended included."""

    root: psutil.Process
    spent: dict[tuple[int, float], tuple[str, float]] = field(default_factory=dict)

    def look(self) -> None:
        """Take note of what there is now."""
        for process in [self.root, *self.root.children(recursive=True)]:
            try:
                times, words = process.cpu_times(), process.cmdline()
                key = process.pid, process.create_time()
            except psutil.Error:
                continue
            if words:
                self.spent[key] = _name(words), times.user + times.system

    def wait(self, ended: Callable[[], bool]) -> None:
        """Look again and again until it is so."""
        while not ended():
            assert self.root.status() != psutil.STATUS_ZOMBIE, "the program has ended"
            self.look()
            time.sleep(LOOK_SECONDS)
        self.look()

    def by_name(self) -> Seconds:
        """Of all processes of a name together."""
        total: Seconds = defaultdict(float)
        for name, seconds in self.spent.values():
            total[name] += seconds
        return total


def _name(words: list[str]) -> str:
    """Ray's actors by their class; everything else is Ray itself or the driver."""
    first = words[0].split(".")[0]
    if first.startswith("ray::"):
        return first.removeprefix("ray::")
    return "driver" if "orchestrator.cli.app" in words else "Ray"


@dataclass(frozen=True)
class Start:
    """Of one run."""

    seconds: float
    cpu: Seconds


def starts(out: Path, processes: Processes) -> Iterator[Start]:
    """The starts of all runs of the grid, as they happen."""
    processes.wait(lambda: any((out / artifacts.RAY).glob("*/*")))
    for number in range(1, RUNS + 1):
        began, before = time.monotonic(), processes.by_name()
        processes.wait(lambda: _legs_with(out, f"fold-*/{artifacts.PROGRESS}") >= number * FOLDS)  # noqa: B023
        after = processes.by_name()
        yield Start(time.monotonic() - began, {name: after[name] - before[name] for name in after})
        processes.wait(lambda: _legs_with(out, artifacts.RESULT) >= number)  # noqa: B023


def _legs_with(out: Path, name: str) -> int:
    return sum(1 for _ in (out / artifacts.LEGS).glob(f"*/{name}"))


def _small_grid(place: Path) -> list[Start]:
    """Fill it, and watch."""
    experiment = load_experiment(SMOKE, GRID)
    assert experiment.synth is not None
    assert experiment.folds == FOLDS
    synthesize(place / "data", experiment.synth)
    words = [word for change in GRID for word in ("--set", change)]
    program = start(
        place / "home", "run", "--config", SMOKE, "--data", place / "data", "--out", place / "out", *words
    )
    try:
        return list(starts(place / "out", Processes(psutil.Process(program.pid))))
    finally:
        output, _ = program.communicate()
        assert program.returncode == 0, output


def rows() -> Iterator[Row]:
    """Seconds of the first run and of a later one, and below it the CPU seconds in it by process."""
    with tempfile.TemporaryDirectory() as place:
        first, *later = _small_grid(Path(place))
    yield Row("start of the first run", first.seconds)
    yield from _cpu(first.cpu)
    typical = sorted(later, key=lambda start: start.seconds)[len(later) // 2]
    yield Row("start of a later run", typical.seconds, seconds=LATER)
    yield from _cpu(typical.cpu)


def _cpu(cpu: Seconds) -> Iterator[Row]:
    """The most expensive process first."""
    yield Row("  CPU of all processes", sum(cpu.values()))
    for name, seconds in sorted(cpu.items(), key=lambda item: -item[1]):
        if seconds >= SHOWN:
            yield Row(f"    {name}", seconds)
