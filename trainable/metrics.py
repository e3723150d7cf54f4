"""lwlrap, the paper's metric (section 4.3), and the F-score.

Conventions. For a clip i and one of its true classes c, the precision is the share of true classes among
those ranked at or above c. lwlrap is the mean precision over all *labels*: a class weighs as much as it has
labels; that is no macro-average, though the text says so. Clips without labels are ignored; a class without
labels has no value (NaN). Scores that tie with c count as ranked above it (`ties="group"`: eq. 10,
scikit-learn); the challenge's own code sorts instead, and a tie goes to the higher class index
(`ties="challenge"`).

Shapes: L labels (pairs of a clip and one of its classes), C classes; N clips.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from trainable.arrays import Array, Bools, Floats, Ints

Ties = Literal["group", "challenge"]
Average = Literal["micro", "macro"]


@dataclass(frozen=True)
class LabelPrecisions:
    """Precision at every label: all that lwlrap, its per-class values and their bootstrap need."""

    clip: Ints
    """Row of each label's clip: (L,)."""
    label: Ints
    """Class of each label: (L,)."""
    precision: Floats
    """In (0, 1]: (L,)."""


def validate(truth: Array, scores: Array) -> None:
    """Refuse what has no score.

    Raises:
        ValueError: shapes differ, a truth is neither 0 nor 1, a score is not finite, or nothing has a label.
    """
    if truth.ndim != 2 or truth.shape != scores.shape:
        raise ValueError(f"truth {truth.shape} and scores {scores.shape} must be tables (clips, classes)")
    if not ((truth == 0) | (truth == 1)).all():
        raise ValueError("truth must be 0 or 1")
    if not np.isfinite(scores).all():
        clip = int(np.flatnonzero(~np.isfinite(scores).all(1))[0])
        raise ValueError(f"the scores of clip {clip} are not finite")
    if not truth.any():
        raise ValueError("no clip has a label: there is nothing to score")


def label_precisions(truth: Array, scores: Array, ties: Ties = "group") -> LabelPrecisions:
    """Precision at every label of `truth` (N, C), 0 or 1, by `scores` (N, C).

    Raises:
        ValueError: as `validate`.
    """
    validate(truth, scores)
    clip, label = np.nonzero(truth)
    above_LC = _above(scores, clip, label, ties)
    precision = (above_LC & (truth[clip] == 1)).sum(1) / above_LC.sum(1)
    return LabelPrecisions(clip, label, precision)


def _above(scores: Array, clip: Array, label: Array, ties: Ties) -> Bools:
    """Which classes rank at or above each label: (L, C)."""
    scores_LC, own_L1 = scores[clip], scores[clip, label][:, None]
    if ties == "group":
        return np.asarray(scores_LC >= own_L1)
    classes_C = np.arange(scores.shape[1])
    return np.asarray((scores_LC > own_L1) | ((scores_LC == own_L1) & (classes_C >= label[:, None])))


def lwlrap(truth: Array, scores: Array, ties: Ties = "group") -> float:
    """Label-weighted label-ranking average precision (eq. 10).

    Raises:
        ValueError: as `validate`.
    """
    return float(label_precisions(truth, scores, ties).precision.mean())


def per_class_lwlrap(truth: Array, scores: Array, ties: Ties = "group") -> Floats:
    """Mean precision over the clips that have each class, NaN where none has it: (C,).

    Raises:
        ValueError: as `validate`.
    """
    found = label_precisions(truth, scores, ties)
    sums = np.bincount(found.label, found.precision, truth.shape[1])
    counts = np.bincount(found.label, minlength=truth.shape[1])
    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0))


def tied_share(truth: Array, scores: Array) -> float:
    """Share of labels whose score another class of the same clip has too (not in the paper).

    Raises:
        ValueError: as `validate`.
    """
    validate(truth, scores)
    clip, label = np.nonzero(truth)
    equal_LC = scores[clip] == scores[clip, label][:, None]
    return float((equal_LC.sum(1) > 1).mean())


def f_score(truth: Array, scores: Array, threshold: float, average: Average = "micro") -> float:
    """F-score; a score >= `threshold` decides for the class. 0 where nothing is found.

    micro: over all clips and classes together; macro: mean of the F-scores of each class that has a label.
    The paper shows an F-score "of each class" (section 4.3) without saying how it becomes one curve.

    Raises:
        ValueError: as `validate`.
    """
    validate(truth, scores)
    found = scores >= threshold
    hits_C = (found & (truth == 1)).sum(0)
    both_C, labelled_C = found.sum(0) + truth.sum(0, dtype=np.int64), truth.any(0)
    if average == "micro":
        return float(2 * hits_C.sum() / both_C.sum())
    return float((2 * hits_C[labelled_C] / both_C[labelled_C]).mean())
