"""What happens to scores after the model: class-wise normalisation and the geometric mean (section 2.3).

Shapes: N clips, C classes, K models.
"""

import numpy as np

from trainable.arrays import Array, Floats


def class_normalise(scores: Array, clip_sigma: float | None) -> Floats:
    """Each class to zero mean and unit variance over the clips, then from its minimum to its maximum: (N, C).

    Without clipping the z-scores at `clip_sigma` standard deviations (not in the paper) the second step
    would undo the first. What is clipped ties at 1, so it must leave a rare class its heights: perfect
    scores of one clip in C stand sqrt(C - 1) over their mean. A class whose scores are all equal, and a
    single clip, pass through unchanged. Needs all clips of a test set at once, and changes the ranking of
    classes within a clip.
    """
    x_NC = scores.astype(np.float64)
    spread_C = x_NC.std(0)
    varies_C = (spread_C > 0) & (np.ptp(x_NC, axis=0) > 0)
    z_NC = (x_NC - x_NC.mean(0)) / np.where(varies_C, spread_C, 1)
    if clip_sigma is not None:
        z_NC = z_NC.clip(-clip_sigma, clip_sigma)
    low_C, range_C = z_NC.min(0), np.ptp(z_NC, axis=0)
    return np.where(varies_C, (z_NC - low_C) / np.where(varies_C, range_C, 1), x_NC)


def geometric_mean(scores_KNC: Array, floor: float = 1e-7) -> Floats:
    """Geometric mean over models: (N, C). Scores under `floor` count as it, so that no zero decides alone."""
    logs: Floats = np.log(np.maximum(scores_KNC.astype(np.float64), floor)).mean(0)
    return np.exp(logs)
