"""One training step at the demo's size, one thread, in CPU seconds: network, optimizer, and all around them.

The reference network is the one that this project had before: plain operations, images as (B, F, T, M).
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import nn

from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from orchestrator.training.fold.worker import keep_freed_memory
from tests.benchmarks.table import Call, Row, compared, in_turn
from tests.places import ROOT
from trainable.activations import Activation, Targets
from trainable.bank import Bank
from trainable.batch import Batch, draw_ahead
from trainable.fold import _Training
from trainable.model import CnnGru
from trainable.sampling import TrainingClips
from trainable.selection import Selection
from trainable.stages import StageSettings, cell_stages
from trainable.task import FoldData, Task

ROUNDS, WARM_UP, PROCESSES = 100, 10, 3
NETWORK, ADAM, OUTSIDE = 0.65, 0.25, 1 / (1 - 0.05)


def demo() -> Experiment:
    """The demo's settings."""
    return load_experiment(ROOT / "configs" / "demo.yaml", ())


@dataclass(frozen=True)
class Size:
    """Of a data set."""

    classes: int
    verified: int
    clips: int
    """Verified and unverified ones."""
    frames: int
    """Of the longest clip."""


DEMO = Size(classes=12, verified=96, clips=896, frames=500)


def random_data(
    experiment: Experiment, size: Size, device: torch.device | str = "cpu", resident: bool = True
) -> FoldData:
    """Features of noise, of clips from 15 frames on."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(15, size.frames, size.clips)
    shape = lengths.sum(), experiment.audio.n_mels
    frames = (15 * rng.standard_normal(shape, np.float32) - 40).astype(np.float16)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    bank = Bank([frames], offsets, experiment.batches.clip_frames, device, resident)
    targets = np.eye(size.classes, dtype=np.uint8)[rng.integers(0, size.classes, size.clips)]
    pools = TrainingClips(np.arange(size.verified), np.arange(size.verified, size.clips))
    return FoldData(bank, targets, pools, np.arange(8), np.arange(8))


def in_training(experiment: Experiment, data: FoldData, iterations: int) -> _Training:
    """A fold in a stage with unverified clips."""
    half = StageSettings(iterations=iterations, unverified=0.5)
    stages = cell_stages([half], Selection.make("threshold", k=5), learning_rate=0.002)
    task = Task(experiment, Activation.make("sigmoid_sparsemax"), stages, seed=0, fold=0)
    training = _Training(task, data)
    training.enter(0, stages[0])
    return training


def batches_of(training: _Training) -> Iterator[Batch]:
    """All batches that its stage still has."""
    iterations = range(training.iteration, training.ends[1])
    return draw_ahead(training.task, training.data, training.task.stages[0], iterations)


def inputs_of(training: _Training) -> tuple[torch.Tensor, Targets]:
    """Inputs and targets of its next iteration."""
    batch = next(batches_of(training))
    return batch.inputs(training.data.bank, training.targets_NC, training.learner.model.band_mean)


def in_demo(experiment: Experiment) -> _Training:
    """The same of the demo's size, with room for all rounds."""
    return in_training(experiment, random_data(experiment, DEMO), 4 * (ROUNDS + WARM_UP))


def plain_network(model: CnnGru, experiment: Experiment) -> CnnGru:
    """A copy of plain operations."""
    copy = CnnGru(experiment.model, len(model.band_mean), DEMO.classes, len(model.heads))
    copy.load_state_dict(model.state_dict())
    blocks: list[Any] = list(copy.blocks)
    for block in blocks:
        for place, layer in enumerate(block):
            if isinstance(layer, nn.ReLU):
                block[place] = nn.ReLU()
        block[-1] = nn.AvgPool2d(2)
    return copy.train()


def bare_network(model: CnnGru) -> CnnGru:
    """`model` with nothing between convolutions, pooling and GRU."""
    blocks: list[Any] = list(model.blocks)
    for block in blocks:
        for place, layer in enumerate(block):
            if isinstance(layer, nn.BatchNorm2d | nn.ReLU):
                block[place] = nn.Identity()
    return model


def network_seconds(which: Literal["ours", "before", "bare"]) -> float:
    """Median CPU seconds of forward and backward: as a worker does it, as it was done before, or no more
    of ours than convolutions, pooling, GRU and dense layers."""
    torch.set_num_threads(1)
    if which != "before":
        keep_freed_memory()
    experiment = demo()
    model = in_demo(experiment).learner.model
    if which == "before":
        model = plain_network(model, experiment)
    if which == "bare":
        model = bare_network(model)
    batch = experiment.batches
    x_BTM = torch.randn(batch.size, batch.crop_frames, experiment.audio.n_mels)

    def run() -> None:
        model.zero_grad(set_to_none=True)
        torch.stack(model(x_BTM)).square().sum().backward()  # type: ignore[no-untyped-call]

    return statistics.median(row[0] for row in in_turn([run], ROUNDS, time.process_time, WARM_UP))


def _in_a_process(which: str) -> float:
    """Its own, for what is freed and kept is the process's."""
    call = f"from tests.benchmarks.bench_step import network_seconds; print(network_seconds({which!r}))"
    words = [sys.executable, "-c", call]
    return float(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def steps(training: _Training) -> tuple[Call, Call]:
    """An iteration of the loop; forward, loss, backward and optimizer on one fixed batch."""
    stage, learner = training.task.stages[0], training.learner
    batches = batches_of(training)
    x_BTM, targets = inputs_of(training)

    def alone() -> None:
        loss_B = training.task.activation.loss(learner.network(x_BTM), targets)
        learner.descend(loss_B.mean())

    return lambda: training.step(0, stage, next(batches)), alone


def optimizers(training: _Training) -> tuple[Call, Call]:
    """The fold's optimizer and torch's, one operation after another, on the same gradients."""
    weights = [weight.detach().clone() for weight in training.learner.model.parameters()]
    for weight in weights:
        weight.grad = torch.randn_like(weight)
    plain = torch.optim.Adam(weights, lr=1e-5, foreach=False)
    for weight in training.learner.model.parameters():
        weight.grad = torch.randn_like(weight)
    return training.learner.optimizer.step, plain.step


def _rows() -> Iterator[Row]:
    experiment = demo()
    networks = [[_in_a_process(which) for which in ("ours", "before", "bare")] for _ in range(PROCESSES)]
    bare = statistics.median(bare / before for _, before, bare in networks)
    yield compared("forward + backward, before", networks, NETWORK, limit=bare)
    keep_freed_memory()
    training = in_demo(experiment)
    whole, alone = steps(training)
    for what, pair, target, limit in (
        ("Adam, one operation after another", optimizers(training), ADAM, None),
        ("whole iteration, the model's part of it", (whole, alone), OUTSIDE, 1.0),
    ):
        yield compared(what, in_turn(pair, ROUNDS, time.process_time, WARM_UP), target, limit)


def rows() -> list[Row]:
    """Three parts of a step."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return list(_rows())
    finally:
        torch.set_num_threads(threads)
