"""Scoring and the bootstrap at the size of the real test part: 4481 clips x 80 classes, 9 cells x 4 folds."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.report.scores.bootstrap import ClipSums, bootstrap, clip_sums, interval, paired
from trainable.metrics import label_precisions, lwlrap

CLIPS, CLASSES, LABELS = 4481, 80, 6250
CELLS, FOLDS, RESAMPLES = 9, 4, 10_000
ROUNDS, TARGET = 5, 60.0
Array = NDArray[Any]


def _truth(rng: np.random.Generator) -> NDArray[np.uint8]:
    """A label for each clip, and more for some."""
    truth = np.eye(CLASSES, dtype=np.uint8)[rng.integers(0, CLASSES, CLIPS)]
    others = rng.permutation(np.flatnonzero(truth == 0))[: LABELS - CLIPS]
    truth.reshape(-1)[others] = 1
    return truth


def _scores(truth: Array, rng: np.random.Generator) -> NDArray[np.float32]:
    noise: NDArray[np.float32] = rng.standard_normal(truth.shape, np.float32)
    return noise + np.float32(3) * truth.astype(np.float32)


def _seconds(method: Callable[[], object]) -> float:
    start = time.perf_counter()
    method()
    return time.perf_counter() - start


def _scoring(truth: Array, scores: Array) -> None:
    methods: dict[str, Callable[[], object]] = {
        "lwlrap": lambda: lwlrap(truth, scores),
        "lwlrap, challenge": lambda: lwlrap(truth, scores, "challenge"),
        "scikit-learn": lambda: label_ranking_average_precision_score(
            truth, scores, sample_weight=truth.sum(1)
        ),
    }
    rounds = [[_seconds(method) for method in methods.values()] for _ in range(ROUNDS)]
    print(f"lwlrap of {CLIPS} x {CLASSES}: medians of {ROUNDS} rounds, methods run in turn")
    for i, name in enumerate(methods):
        ratio = statistics.median(row[-1] / row[i] for row in rounds)
        print(
            f"{name:18} {1e3 * statistics.median(r[i] for r in rounds):8.2f} ms   {ratio:.0f} x scikit-learn"
        )


def _cell(truth: Array, folds: list[NDArray[np.float32]]) -> ClipSums:
    every = np.arange(len(truth))
    return clip_sums([(every, label_precisions(truth, scores)) for scores in folds], len(truth))


def _all_statistics(truth: Array, cells: list[list[NDArray[np.float32]]]) -> None:
    """Every cell's interval, and its paired difference from the first."""
    sampled = bootstrap([_cell(truth, folds) for folds in cells], resamples=RESAMPLES)
    for cell in sampled:
        interval(cell)
        paired(cell, sampled[0])


def main() -> None:
    rng = np.random.default_rng(0)
    truth = _truth(rng)
    _scoring(truth, _scores(truth, rng))
    cells = [[_scores(truth, rng) for _ in range(FOLDS)] for _ in range(CELLS)]
    spent = _seconds(lambda: _all_statistics(truth, cells))
    print(
        f"{RESAMPLES} paired resamples of {CLIPS} x {CLASSES} scores x {CELLS} cells x {FOLDS} folds,"
        f" from scores to verdicts: {spent:.2f} s (target {TARGET:.0f} s)"
    )


if __name__ == "__main__":
    main()
