"""The demo's grid beside the loop that a user would write: wall seconds, one after the other.

The loop is two processes, one a fold. Each computes its share of the features, then trains the nine cells
one after another, every one from its first iteration, with the same `trainable` code and settings. It writes
nothing and shares nothing; ours ends with files, tables and the report. `--times 1`: the demo as it is;
without, a tenth of its iterations, where start-up is most of it; with 4, what shared stages save counts.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch

from orchestrator.data.folded import FoldedDataset, open_dataset
from orchestrator.data.sound_files import read_audio
from orchestrator.data.synth.synthesize import synthesize
from orchestrator.legs.plan import make_plan
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from tests.benchmarks.table import Row, compared, in_turn
from tests.integration.programs import start
from tests.places import ROOT
from trainable.arrays import Array
from trainable.bank import Bank
from trainable.config import Audio
from trainable.fold import train_fold
from trainable.logmel import LogMel
from trainable.task import Checkpoint, FoldData, Task

DEMO = ROOT / "configs" / "demo.yaml"
TARGETS = {1.0: 1.0, 4.0: 0.8}
"""Largest ratio by how many times the demo's iterations are trained."""


class _Forgetful:
    """A worker that keeps nothing."""

    def states(self) -> Iterator[Checkpoint]:
        return iter(())

    def checkpoint(self, state: Checkpoint) -> None:
        pass

    def tick(self, iteration: int, curves: torch.Tensor) -> None:
        pass

    def scored(self, done: int, total: int) -> None:
        pass


def _frames(paths: list[str], audio: Audio) -> list[Array]:
    torch.set_num_threads(1)
    logmel = LogMel(audio)
    return [logmel(read_audio(path, audio.sample_rate)).astype(np.float16) for path in paths]


def _train_cells(experiment: Experiment, dataset: FoldedDataset, frames: list[Array], fold: int) -> None:
    """Every cell of one fold from scratch."""
    torch.set_num_threads(experiment.resources.threads_per_fold)
    offsets = np.concatenate([[0], np.cumsum([len(clip) for clip in frames])])
    bank = Bank([np.concatenate(frames)], offsets, experiment.batches.clip_frames)
    rows = dataset.rows_of(fold)
    data = FoldData(bank, dataset.targets, rows.training, rows.validation, rows.test)
    plan = make_plan(experiment, "any data")
    legs = {leg.id: leg for leg in plan.legs}
    for cell, end in plan.ends.items():
        activation = experiment.activations[cell.activation]
        train_fold(
            Task(experiment, activation, legs[end].stages(experiment), cell.seed, fold), data, _Forgetful()
        )


def plain_loop(changes: tuple[str, ...], data: Path) -> None:
    """Features in two processes, then the nine cells of a fold in each of two."""
    experiment = load_experiment(DEMO, changes)
    dataset = open_dataset(data, experiment.data, experiment.folds, experiment.fold_seed)
    paths = dataset.table.clips["path"].tolist()
    half = len(paths) // 2
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        shares = pool.map(_frames, [paths[:half], paths[half:]], [experiment.audio] * 2)
        frames = [clip for share in shares for clip in share]
        list(pool.map(_train_cells, *[[what] * 2 for what in (experiment, dataset, frames)], range(2)))


def with_stagegrid(changes: tuple[str, ...], data: Path, out: Path) -> None:
    """The command, from nothing to the report."""
    words = [word for change in changes for word in ("--set", change)]
    process = start(out / "home", "run", "--config", DEMO, "--data", data, "--out", out, *words)
    output, _ = process.communicate()
    assert process.returncode == 0, output


def rows() -> list[Row]:
    """One row; the data set is made before both."""
    times, demo = float(os.environ["STAGEGRID_BENCH_TIMES"]), load_experiment(DEMO, ())
    changes = tuple(
        f"stages.{number}.iterations={round(times * stage.iterations)}"
        for number, stage in enumerate(demo.stages)
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        assert demo.synth is not None
        synthesize(folder / "data", demo.synth)
        calls = (
            lambda: with_stagegrid(changes, folder / "data", folder / "out"),
            lambda: plain_loop(changes, folder / "data"),
        )
        what = f"{times:g} x the demo's iterations, two processes"
        return [compared(what, in_turn(calls, 1, warm_up=0), TARGETS.get(times))]
