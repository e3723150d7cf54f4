"""The paper's network on a GPU: `make bench-gpu`, or `python -m tests.benchmarks.gpu [--device D] [--tiny]`.

Every row trains a fold on random features, in a stage whose batches are half unverified clips: iterations a
second, what a step takes beside the model's part of it, how often it waits for the device, and the peak of
its memory. The last rows are folds that share the device, each in a process of its own.
`--device cpu --tiny` goes the same way with a small network: it shows that all runs, and measures nothing.
"""

import argparse
import os
import platform
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from tests.benchmarks.bench_step import Size, batches_of, in_training, inputs_of, random_data
from tests.benchmarks.table import Call
from tests.places import CONFIGS
from trainable.fold import _Training
from trainable.learner import arithmetic

PAPER = Size(classes=80, verified=1000, clips=4000, frames=1500)
TINY = Size(classes=4, verified=16, clips=40, frames=200)
TINY_NETWORK = ("model.channels=[4, 8]", "model.convolutions=1", "model.gru=8", "model.hidden=16",
                "batches.size=16", "batches.crop_frames=128", "batches.clip_frames=200",
                "selections={verified_only: {}}", "ensembles={}")  # fmt: skip
BEST = ("compute.precision=bfloat16", "compute.channels_last=true")
MPS = "nvidia-cuda-mps-control"
ROOM = 100_000
"""Iterations that the stage has: more than are done in the time."""
WAITED = "called a synchronizing"
"""In the warnings of torch.cuda.set_sync_debug_mode."""


@dataclass(frozen=True)
class Case:
    """What a row measures."""

    what: str
    changes: tuple[str, ...] = ()
    resident: bool = True
    """The features are on the device."""
    folds: int = 1
    mps: bool = False
    """The folds share the device through CUDA's MPS, not slice by slice."""


SETTINGS = (
    Case("float32"),
    Case("TF32", ("compute.tf32=true",)),
    Case("TF32, channels_last", ("compute.tf32=true", "compute.channels_last=true")),
    Case("bf16", BEST[:1]),
    Case("bf16, channels_last", BEST),
    Case("bf16, channels_last, features not on the device", BEST, resident=False),
)
COMPILED = Case("bf16, channels_last, compiled", (*BEST, "compute.compile=true"))
SHARED = tuple(Case(f"bf16, channels_last, {n} folds", BEST, folds=n) for n in (2, 4))
WITH_MPS = tuple(Case(f"{case.what}, MPS", BEST, folds=case.folds, mps=True) for case in SHARED)


@dataclass(frozen=True)
class Place:
    """Where it is measured, and how long."""

    device: torch.device
    tiny: bool

    @property
    def seconds(self) -> float:
        """Of one measurement."""
        return 0.2 if self.tiny else 5.0

    def cases(self) -> Iterator[Case]:
        """All rows; a small network is not compiled, which takes longer than everything else."""
        yield from SETTINGS
        if not self.tiny:
            yield COMPILED
        yield from SHARED[: 1 if self.tiny else None]
        if self.device.type == "cuda" and shutil.which(MPS):
            yield from WITH_MPS

    def experiment(self, case: Case) -> Experiment:
        """The paper's settings as the case changes them."""
        network = TINY_NETWORK if self.tiny else ()
        return load_experiment(CONFIGS / "paper.yaml", (*network, *case.changes))

    def training(self, case: Case, experiment: Experiment) -> _Training:
        """A fold that has done its first iterations."""
        size = TINY if self.tiny else PAPER
        data = random_data(experiment, size, self.device, case.resident)
        training = in_training(experiment, data, ROOM)
        for batch in islice(batches_of(training), 3):
            training.step(0, training.task.stages[0], batch)
        return training

    def finish(self) -> None:
        """Wait for all that is queued."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


@dataclass(frozen=True)
class Measured:
    """Of one row."""

    rate: float
    """Iterations per second, of all folds together."""
    outside: float | None = None
    """Share of a step that is not the model's."""
    waits: int | None = None
    """Of the host for the device in one step; None: not a GPU."""
    peak: int | None = None
    """Bytes of the device's memory, likewise."""


def measure(place: Place, case: Case) -> Measured:
    """One row."""
    if case.folds > 1:
        with _mps() if case.mps else _sliced():
            return Measured(sum(_at_once(place, case)))
    on_gpu = place.device.type == "cuda"
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(place.device)
    experiment = place.experiment(case)
    with arithmetic(experiment.compute):
        training = place.training(case, experiment)
        steps = (_steps(training), _model_alone(training))
        step, model = (_rate(place, call) for call in steps)
        waits = _waits(steps[0]) if on_gpu else None
    return Measured(
        step, 1 - step / model, waits, torch.cuda.max_memory_allocated(place.device) if on_gpu else None
    )


def _steps(training: _Training) -> Call:
    """A call is the next iteration."""
    batches = batches_of(training)
    return lambda: training.step(0, training.task.stages[0], next(batches))


def _model_alone(training: _Training) -> Call:
    """Forward, loss, backward and optimizer on one fixed batch."""
    x_BTM, targets = inputs_of(training)

    def run() -> None:
        logits = training.learner.logits(x_BTM, dropout_seed=0)
        training.learner.descend(training.task.activation.loss(logits, targets).mean())

    return run


def _rate(place: Place, call: Call) -> float:
    """Calls per second; what they queue is done at the end."""
    call()
    place.finish()
    began, calls = time.perf_counter(), 0
    while time.perf_counter() - began < place.seconds:
        for _ in range(10):
            call()
        calls += 10
        place.finish()
    return calls / (time.perf_counter() - began)


def _waits(step: Call) -> int:
    """What torch warns of in one step, with its own eyes on the host's calls."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum(WAITED in str(warning.message) for warning in seen)


def _at_once(place: Place, case: Case) -> list[float]:
    """The rates of folds that train at the same time."""
    spawn = get_context("spawn")
    ready, rates = spawn.Barrier(case.folds), spawn.Queue()
    folds = [spawn.Process(target=_one_of, args=(place, case, ready, rates)) for _ in range(case.folds)]
    for fold in folds:
        fold.start()
    found = [rates.get() for _ in folds]
    for fold in folds:
        fold.join()
    if None in found:
        raise RuntimeError(f"{case.what}: a fold has failed; its error stands above")
    return found


def _one_of(place: Place, case: Case, ready: Any, rates: Any) -> None:
    """A process: a fold that begins when all are ready."""
    rate = None
    try:
        torch.set_num_threads(1)
        experiment = place.experiment(case)
        with arithmetic(experiment.compute):
            training = place.training(case, experiment)
            ready.wait()
            rate = _rate(place, _steps(training))
    finally:
        if rate is None:
            ready.abort()
        rates.put(rate)


@contextmanager
def _sliced() -> Iterator[None]:
    """As the driver does it."""
    yield


@contextmanager
def _mps() -> Iterator[None]:
    """A server of CUDA's MPS of our own, in the environment of the processes started meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        names = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")
        os.environ.update(dict.fromkeys(names, folder))
        subprocess.run([MPS, "-d"], check=True)
        try:
            yield
        finally:
            subprocess.run([MPS], input="quit\n", text=True, check=True)
            for name in names:
                del os.environ[name]


def table(place: Place, console: Console) -> None:
    """Print a row for each case."""
    title = f"{_name(place.device)}, torch {torch.__version__}"
    if place.device.type != "cuda" or place.tiny:
        title += ": shows that it runs, measures no GPU"
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("the paper's network" if not place.tiny else "a tiny network")
    for name in ("it/s", "outside the model", "waits", "peak GB"):
        shown.add_column(name, justify="right")
    for case in place.cases():
        shown.add_row(case.what, *_figures(measure(place, case)))
    console.print(shown)


def _figures(found: Measured) -> Sequence[str]:
    return (
        f"{found.rate:.2f}",
        "" if found.outside is None else f"{found.outside:.0%}",
        "" if found.waits is None else str(found.waits),
        "" if found.peak is None else f"{found.peak / 1e9:.2f}",
    )


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"CPU {platform.machine()}"


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1 or cpu")
    parser.add_argument("--tiny", action="store_true", help="a small network, for a fraction of a second")
    given = parser.parse_args(words)
    place = Place(torch.device(given.device), given.tiny)
    console = Console(width=110)
    if place.device.type == "cuda" and not torch.cuda.is_available():
        console.print(f"bench-gpu: skipped, torch {torch.__version__} finds no CUDA device here")
        return
    table(place, console)


if __name__ == "__main__":
    main()
