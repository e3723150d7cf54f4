"""Across modules: the paper's sizes run, one iteration of every stage, on a small batch."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from tests.trainable.tiny import MemoryWorker
from trainable.activations import Activation
from trainable.bank import Bank
from trainable.config import Batches, TrainingSettings
from trainable.fold import train_fold
from trainable.sampling import TrainingClips
from trainable.selection import Selection
from trainable.stages import StageSettings, cell_stages
from trainable.task import FoldData, Task

STAGES = tuple(StageSettings(iterations=1, unverified=share) for share in (0.0, 0.5, 0.0))


@pytest.fixture(autouse=True)
def _all_cores() -> Iterator[None]:
    """Here alone arithmetic takes seconds."""
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def _data() -> FoldData:
    lengths = np.array([15, 2000, 2880, 300] * 2)  # 0.3 s to 57.6 s
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    rng = np.random.default_rng(0)
    frames = rng.normal(-40, 15, (offsets[-1], 80)).astype(np.float16)
    targets = np.eye(80, dtype=np.uint8)[rng.integers(0, 80, 8)]
    pools = TrainingClips(verified=np.arange(4), unverified=np.arange(4, 6))
    return FoldData(Bank([frames], offsets, 2000), targets, pools, np.array([6]), np.array([7]))


@pytest.mark.integration
@pytest.mark.parametrize("activation", ["sigmoid", "sigmoid_softmax", "sigmoid_sparsemax"])
def test_an_iteration_of_every_stage(activation: str) -> None:
    settings = TrainingSettings(batches=Batches(size=4))
    stages = cell_stages(STAGES, Selection.make("threshold", k=1), settings.optimizer.learning_rate)
    task = Task(settings, Activation.make(activation), stages, seed=0, fold=0)
    outcome = train_fold(task, _data(), MemoryWorker())
    assert outcome.record.curves[:, 0].isfinite().all()
    assert outcome.record.curves[1].isfinite().all()
    assert [prediction.test.shape for prediction in outcome.predictions] == [(1, 80)] * 3
    assert all(value.isfinite().all() for value in outcome.weights.values())
