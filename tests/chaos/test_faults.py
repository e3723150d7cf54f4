"""Faults, injected for real into the real program: what it says, how soon, and that no bit changes."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tests.integration.programs import kill, results, run, start, wait_for
from tests.places import SMOKE

pytestmark = [pytest.mark.integration, pytest.mark.chaos, pytest.mark.timeout(420)]

GRID = ("--set", "activations={sigmoid: {}}", "--set", "selections={verified_only: {}, top_k: {k: 2}}",
        "--set", "stages.0.iterations=500", "--set", "schedule.checkpoint_every=20")  # fmt: skip
ENDING = "interrupted: the same command goes on from here\n"


@dataclass(frozen=True)
class Bench:
    """Where the tests work, and the results of a grid that nothing has happened to."""

    home: Path
    data: Path
    expected: dict[str, bytes]

    def start(self, out: Path, *more: object, **environment: str) -> subprocess.Popen[str]:
        return start(self.home, *command(self.data, out), *more, PYTHONUNBUFFERED="1", **environment)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs with this home."""
        return [process for process in psutil.process_iter() if self._owns(process)]

    def _owns(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            alive = process.status() != psutil.STATUS_ZOMBIE
            return alive and process.environ().get("HOME") == str(self.home)
        return False


def command(data: Path, out: Path) -> tuple[object, ...]:
    return ("run", "--config", SMOKE, "--data", data, "--out", out, *GRID)


def take_all_room(ballast: Path) -> None:
    with suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults")
    home, data, out = folder / "home", folder / "data", folder / "out"
    small = ("--classes", 4, "--verified", 16, "--unverified", 24, "--test", 16)
    assert run(home, "synth", data, *small)[0] == 0
    code, output = run(home, *command(data, out))
    assert code == 0, output
    bench = Bench(home, data, results(out))
    yield bench
    for process in bench.processes():
        process.kill()


def training(out: Path) -> dict[int, int]:
    """Processes of the folds that are in the middle of a leg and have a state, by fold."""
    pids = {}
    for path in out.glob("legs/*/fold-*/progress.json"):
        with suppress(ValueError, OSError):
            seen, folder = json.loads(path.read_text()), path.parent
            if not (folder / "fold.json").exists() and (folder / "state.pt").exists():
                pids[int(folder.name[-1])] = int(seen["pid"])
    return {fold: pid for fold, pid in pids.items() if psutil.pid_exists(pid)}


def end(process: subprocess.Popen[str], number: int) -> tuple[str, float]:
    """All that a program has said, and how long it took after the signal to end."""
    began = time.monotonic()
    process.send_signal(number)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 128 + number, output
    assert output.endswith(ENDING), output
    assert "Traceback" not in output
    return output, time.monotonic() - began


HOOK = """
import sys, time
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder

class Finder(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name != "trainable.fold":
            return None
        spec = PathFinder.find_spec(name, path)
        execute = spec.loader.exec_module
        def changed(module):
            execute(module)
            train = module.train_fold
            def train_fold(task, data, worker):
                {change}
                return train(task, data, worker)
            module.train_fold = train_fold
        spec.loader.exec_module = changed
        return spec

sys.meta_path.insert(0, Finder())
"""
"""A sitecustomize.py that changes how every process of a run trains."""
BROKEN = """if any(type(stage.selection).__name__ == "TopK" for stage in task.stages):
                    raise RuntimeError("a mechanism with a fault in it")"""
SLOW = """tick = worker.tick
                worker.tick = lambda *seen: (time.sleep(0.06), tick(*seen))"""


def changed(folder: Path, change: str) -> dict[str, str]:
    """The environment of a run that trains in another way."""
    (folder / "sitecustomize.py").write_text(HOOK.format(change=change))
    return {"PYTHONPATH": f"{folder}:{os.environ.get('PYTHONPATH', '')}"}


PHASES: dict[str, Callable[[Path], bool]] = {
    "features": lambda out: any(out.glob("features/unfinished-*")),
    "training": lambda out: bool(training(out)),
    "report": lambda out: not (out / "report/index.html").exists() and any(out.glob("report/tables/*")),
}


def test_sigterm_in_any_phase_is_an_end_within_seconds_that_leaves_nothing_behind(
    bench: Bench, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for number in (signal.SIGTERM, signal.SIGINT):
        process = bench.start(out)
        time.sleep(1.5)  # imports take seconds
        assert end(process, number)[1] < 10
    for phase, reached in PHASES.items():
        process = bench.start(out)
        wait_for(lambda reached=reached: reached(out), phase, 150)  # type: ignore[misc]
        output, seconds = end(process, signal.SIGTERM)
        assert seconds < 10, (phase, output)
        wait_for(lambda: not bench.processes(), "the end of all processes", 30)
    code, output = run(bench.home, *command(bench.data, out))
    assert code == 0, output
    assert "nothing to train" in output
    assert results(out) == bench.expected


def test_workers_stopped_and_killed_their_controller_and_their_trial_cost_no_bit(
    bench: Bench, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    process = bench.start(out, "--set", "resources.hang_minutes=0.2", "--set", "resources.max_failures=9",
                          **changed(tmp_path, SLOW))  # fmt: skip
    children = psutil.Process(process.pid).children

    def both(but: set[int]) -> Callable[[], bool]:
        return lambda: len(found := set(training(out).values())) == 2 and not found & but

    def titled(title: str) -> int:
        return next(p.pid for p in children(recursive=True) if title in " ".join(p.cmdline()))

    hit = set[int]()
    faults: list[tuple[int, Callable[[], set[int]]]] = [
        (signal.SIGKILL, lambda: {training(out)[1]}),
        (signal.SIGKILL, lambda: set(training(out).values())),
        (signal.SIGKILL, lambda: {titled("ray::TrainController")}),
        (signal.SIGKILL, lambda: {titled("ray::TrialDriver")}),
        (signal.SIGSTOP, lambda: {training(out)[0]}),  # the last one: meanwhile the other fold goes on
    ]
    try:
        for number, victims in faults:
            wait_for(both(hit), f"two folds at work, {len(hit)} were hit", 150)
            hit |= set(training(out).values())
            for pid in victims():
                os.kill(pid, number)
    except AssertionError as error:
        process.send_signal(signal.SIGTERM)
        pytest.fail(f"{error}: {process.communicate(timeout=30)[0]}")
    output, _ = process.communicate(timeout=200)
    assert process.returncode == 0, output
    assert results(out) == bench.expected


def test_a_full_disk_is_named_and_waited_for(bench: Bench, tmp_path: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", tmp_path], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a file system")
    out, ballast = tmp_path / "out", tmp_path / "ballast"
    process = bench.start(out)
    lines: list[str] = []

    def read() -> None:
        for line in process.stdout or ():
            lines.append(line)

    reader = Thread(target=read)
    reader.start()

    def said(text: str) -> bool:
        return any(text in line for line in lines)

    try:
        for phase in PHASES:
            wait_for(lambda phase=phase: PHASES[phase](out), phase, 150)  # type: ignore[misc]
            take_all_room(ballast)
            lines.clear()
            wait_for(lambda: said(" free: waits"), "a line", 60)
            ballast.unlink()
            wait_for(lambda: said("there is room again"), "its end", 60)
        assert process.wait(200) == 0, "".join(lines)
        assert results(out) == bench.expected
    finally:
        process.kill()
        reader.join()
        process.stdout.close()  # type: ignore[union-attr]
        subprocess.run(["umount", "-l", tmp_path], check=True)


CLOCK = """
import time
time.time = lambda: time.clock_gettime(time.CLOCK_REALTIME) - 86400
"""
"""A sitecustomize.py: another machine goes on whose clock is a day behind, or this one's was set back."""


def test_a_driver_killed_in_any_phase_goes_on_with_its_clock_set_back(bench: Bench, tmp_path: Path) -> None:
    out, hooks = tmp_path / "out", dict[str, str]()
    for phase, reached in PHASES.items():
        process = bench.start(out, **hooks)
        wait_for(lambda reached=reached: reached(out), phase, 150)  # type: ignore[misc]
        kill(process)
        wait_for(lambda: not bench.processes(), "the end of all processes", 30)
        (tmp_path / "sitecustomize.py").write_text(CLOCK)
        hooks = {"PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"}
    code, output = run(bench.home, *command(bench.data, out), **hooks)
    assert code == 0, output
    assert "nothing to train" in output
    assert results(out) == bench.expected


def test_a_worker_killed_for_memory_is_named_as_that(bench: Bench, tmp_path: Path) -> None:
    """Ray's own guard of memory, which takes a hundredth for too much; then it has enough."""
    out = tmp_path / "out"
    process = bench.start(out)
    wait_for(lambda: bool(training(out)), "training", 150)
    end(process, signal.SIGTERM)
    code, output = run(bench.home, *command(bench.data, out), "--set", "resources.max_failures=1",
                       RAY_memory_usage_threshold="0.01", RAY_memory_monitor_refresh_ms="100")  # fmt: skip
    assert code == 1, output
    assert "the machine's memory ran out" in output
    code, output = run(bench.home, *command(bench.data, out))
    assert code == 0, output
    assert results(out) == bench.expected


def test_a_leg_that_keeps_failing_is_given_up_with_its_log_and_the_rest_is_filled(
    bench: Bench, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    columns = "selections={top_k: {k: 2}, verified_only: {}}"  # the one that fails comes first
    code, output = run(bench.home, *command(bench.data, out), "--set", columns,
                       "--set", "resources.max_failures=1", **changed(tmp_path, BROKEN))  # fmt: skip
    assert code == 1, output
    (failure,) = out.glob("legs/*/failure.json")
    said = json.loads(failure.read_text())
    assert said["reason"] == "RuntimeError: a mechanism with a fault in it"
    assert "train_fold" in Path(said["log"]).read_text()
    assert f"{said['reason']} (traceback: {said['log']})" in output
    assert "1 cells have no result" in output
    healthy = {name: data for name, data in results(out).items() if name.startswith("legs")}
    assert healthy
    assert healthy == {name: bench.expected[name] for name in healthy}
    assert len(list(out.glob("legs/*/result.json"))) == 2


@pytest.mark.parametrize(
    ("victim", "name"), [("gcs_server", "the head of the Ray cluster"), ("raylet", "Ray on this machine")]
)
def test_a_lost_ray_is_named_and_ends_the_run(bench: Bench, tmp_path: Path, victim: str, name: str) -> None:
    out = tmp_path / "out"
    process = bench.start(out, "--set", "stages.0.iterations=50000")
    wait_for(lambda: bool(training(out)), "training", 150)
    began = time.monotonic()
    next(p for p in psutil.Process(process.pid).children() if victim in p.name()).kill()
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 1, output
    assert time.monotonic() - began < 75
    assert f"lost: {name} (" in output.splitlines()[-1]
    wait_for(lambda: not bench.processes(), "the end of all processes", 30)
