"""A data set and a network so small that a whole cell trains in a fraction of a second."""

import io
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from trainable.activations import Activation
from trainable.bank import Bank
from trainable.config import TrainingSettings
from trainable.sampling import TrainingClips
from trainable.selection import Selection
from trainable.stages import StageSettings, cell_stages
from trainable.task import Checkpoint, FoldData, Task

CLASSES, BANDS = 3, 8
VERIFIED, UNVERIFIED, TEST = 12, 24, 6
STAGES = (
    StageSettings(iterations=3),
    StageSettings(iterations=4, unverified=0.5),
    StageSettings(iterations=2, learning_rate=0.002),
)

GPU_SWITCHES: dict[str, object] = {"precision": "bfloat16", "tf32": True, "channels_last": True}


def settings(**sections: dict[str, object]) -> TrainingSettings:
    """Tiny settings, with `sections` over them."""
    small: dict[str, dict[str, object]] = {
        "model": {"channels": (4, 6), "convolutions": 1, "gru": 4, "hidden": 8},
        "augment": {"time_warp": 3},
        "batches": {"size": 8, "crop_frames": 16, "clip_frames": 24},
        "schedule": {"evaluate_every": 2, "checkpoint_every": 1},
    }
    return TrainingSettings.model_validate(
        {name: small.get(name, {}) | sections.get(name, {}) for name in small | sections}
    )


def task(
    activation: str = "sigmoid_sparsemax",
    selection: str = "threshold",
    stages: tuple[StageSettings, ...] = STAGES,
    seed: int = 5,
    fold: int = 1,
    **sections: dict[str, object],
) -> Task:
    """A tiny cell; the mechanisms that rank take k = 2."""
    ranks = {"k": 2} if selection in ("top_k", "threshold") else {}
    filled = cell_stages(stages, Selection.make(selection, **ranks), learning_rate=0.01)
    return Task(settings(**sections), Activation.make(activation), filled, seed, fold)


def data(separation: float = 10.0, seed: int = 0) -> FoldData:
    """Clips of 5 to 40 frames; a class lifts its own bands by `separation` dB over noise of 10 dB."""
    rng = np.random.default_rng(seed)
    count = VERIFIED + UNVERIFIED + TEST
    targets = np.eye(CLASSES, dtype=np.uint8)[np.arange(count) % CLASSES]
    targets[::4, 0] = 1  # some clips have two labels
    lengths = rng.integers(5, 41, count)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    lifted = np.repeat(targets, lengths, 0) @ np.kron(np.eye(CLASSES), [1.0, 1.0, 0.0])[:, :BANDS]
    frames = (rng.normal(-50, 10, lifted.shape) + separation * lifted).astype(np.float16)
    frames.flags.writeable = False
    clips = np.arange(count)
    verified, unverified, test = np.split(clips, [VERIFIED, VERIFIED + UNVERIFIED])
    return FoldData(
        Bank([frames], offsets, 24), targets, TrainingClips(verified[:8], unverified), verified[8:], test
    )


class Killed(Exception):
    """What a worker dies of."""


def through_file(state: Checkpoint) -> Checkpoint:
    """`state` as it comes back from a file."""
    stream = io.BytesIO()
    torch.save(state, stream)
    stream.seek(0)
    loaded: Checkpoint = torch.load(stream, weights_only=True)
    return loaded


class MemoryWorker:
    """Keeps checkpoints as files would, and dies after the one of iteration `dies_at`."""

    def __init__(self, start: Checkpoint | None = None, dies_at: int | None = None) -> None:
        self.newest, self.dies_at = start, dies_at
        self.ticks: list[int] = []
        self.passes: dict[int, int] = {}

    def states(self) -> Iterator[Checkpoint]:
        if self.newest is not None:
            yield self.newest

    def checkpoint(self, state: Checkpoint) -> None:
        self.newest = through_file(state)
        if state["iteration"] == self.dies_at:
            raise Killed

    def tick(self, iteration: int, curves: Tensor) -> None:
        self.ticks.append(iteration)

    def scored(self, done: int, total: int) -> None:
        self.passes[total] = done
