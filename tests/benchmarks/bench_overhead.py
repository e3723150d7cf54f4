"""Share of a training iteration that is not the model: sampling, augmentation, selection, bookkeeping.

At the demo's size, one thread: an iteration of the loop beside forward, loss, backward and optimizer on one
fixed batch, in turn in one process.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from trainable.activations import Activation
from trainable.bank import Bank
from trainable.config import Augment, Batches, Model, TrainingSettings
from trainable.fold import _Training
from trainable.sampling import TrainingClips
from trainable.selection import Selection
from trainable.stages import StageSettings, cell_stages
from trainable.task import FoldData, Task

CLASSES, BANDS, CLIP_FRAMES = 12, 40, 384
VERIFIED, CLIPS = 96, 896
ROUNDS, WARM_UP = 300, 20
TARGET = 0.15


def _data() -> FoldData:
    """Random features of clips of 0.3 s to 10 s."""
    rng = np.random.default_rng(0)
    lengths = rng.integers(15, 500, CLIPS)
    frames = rng.normal(-40, 15, (lengths.sum(), BANDS)).astype(np.float16)
    bank = Bank(frames, np.concatenate([[0], np.cumsum(lengths)]), CLIP_FRAMES)
    targets = np.eye(CLASSES, dtype=np.uint8)[rng.integers(0, CLASSES, CLIPS)]
    pools = TrainingClips(np.arange(VERIFIED), np.arange(VERIFIED, CLIPS))
    return FoldData(bank, targets, pools, np.arange(8), np.arange(8))


def _task() -> Task:
    settings = TrainingSettings(
        model=Model(channels=(8, 16, 32, 32), convolutions=1, gru=32, hidden=64),
        augment=Augment(time_warp=8),
        batches=Batches(size=32, crop_frames=96, clip_frames=CLIP_FRAMES),
    )
    half = StageSettings(iterations=ROUNDS + WARM_UP, unverified=0.5)
    stages = cell_stages([half], Selection.make("threshold", k=5), learning_rate=0.002)
    return Task(settings, Activation.make("sigmoid_sparsemax"), stages, seed=0, fold=0)


def _whole(training: _Training) -> None:
    training.step(0, training.task.stages[0])


def _bare(training: _Training) -> Callable[[], None]:
    """Forward, loss, backward and optimizer on one fixed batch."""
    draw = training.task.draw(0)
    x_BTM, targets = training._inputs(training._plan(training.task.stages[0], draw), draw)
    learner = training.learner

    def run() -> None:
        loss_B = training.task.activation.loss(learner.network(x_BTM), targets)
        learner.descend(loss_B.mean())

    return run


def _seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure() -> tuple[float, float]:
    """Median seconds of an iteration and of the model's part of it."""
    task, data = _task(), _data()
    whole, alone = _Training(task, data), _Training(task, data)
    for training in (whole, alone):
        training.enter(0, task.stages[0])
    bare = _bare(alone)
    pairs = [(_seconds(lambda: _whole(whole)), _seconds(bare)) for _ in range(ROUNDS + WARM_UP)][WARM_UP:]
    first, second = zip(*pairs, strict=True)
    return statistics.median(first), statistics.median(second)


def main() -> None:
    """Print the share."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    iteration, model = measure()
    torch.set_num_threads(threads)
    share = 1 - model / iteration
    print(
        f"Iteration {1e3 * iteration:.1f} ms, model alone {1e3 * model:.1f} ms: "
        f"{share:.1%} outside the model (target: at most {TARGET:.0%}, medians of {ROUNDS}, 1 thread)"
    )


if __name__ == "__main__":
    main()
