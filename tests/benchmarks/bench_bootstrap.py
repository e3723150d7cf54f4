"""Scoring and the bootstrap at the size of the real test part: 4481 clips x 80 classes, 9 cells x 4 folds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.stats.bootstrap import ClipSums, bootstrap, clip_sums, interval, paired
from tests.benchmarks.table import Row, compared, in_turn
from trainable.metrics import label_precisions, lwlrap

CLIPS, CLASSES, LABELS = 4481, 80, 6250
CELLS, FOLDS, RESAMPLES = 9, 4, 10_000
ROUNDS, TARGET, LWLRAP = 5, 60.0, 0.01
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


def _scoring(truth: Array, scores: Array) -> Row:
    """Against the library that knows this score under another name."""
    calls = (
        lambda: lwlrap(truth, scores),
        lambda: label_ranking_average_precision_score(truth, scores, sample_weight=truth.sum(1)),
    )
    return compared(f"lwlrap of {CLIPS} x {CLASSES}, scikit-learn", in_turn(calls, ROUNDS), LWLRAP)


def _cell(truth: Array, folds: list[NDArray[np.float32]]) -> ClipSums:
    every = np.arange(len(truth))
    return clip_sums([(every, label_precisions(truth, scores)) for scores in folds], len(truth))


def _all_statistics(truth: Array, cells: list[list[NDArray[np.float32]]]) -> None:
    """Every cell's interval, and its paired difference from the first."""
    sampled = bootstrap([_cell(truth, folds) for folds in cells], resamples=RESAMPLES)
    for cell in sampled:
        interval(cell)
        paired(cell, sampled[0])


def rows() -> list[Row]:
    """Scoring against scikit-learn, and all resamples of a grid."""
    rng = np.random.default_rng(0)
    truth = _truth(rng)
    scoring = _scoring(truth, _scores(truth, rng))
    cells = [[_scores(truth, rng) for _ in range(FOLDS)] for _ in range(CELLS)]
    ((spent,),) = in_turn([lambda: _all_statistics(truth, cells)], 1, warm_up=0)
    return [scoring, Row(f"{RESAMPLES} resamples of {CELLS} cells x {FOLDS} folds", spent, seconds=TARGET)]
