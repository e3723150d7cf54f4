"""Cross-validation folds of the verified clips: multi-label stratified, from names and a seed alone."""

import numpy as np
from numpy.typing import NDArray

from trainable.sampling import Ints


def assign_folds(targets: NDArray[np.uint8], n_folds: int, seed: int) -> Ints:
    """Fold of every clip, by iterative stratification (Sechidis et al., 2011; not in the paper): (clips,).

    `targets` (clips, classes) are 0 or 1, rows in the order of the sorted file names. The rarest class is
    dealt out first, each of its clips to the fold that lacks most of the class, then to the one that lacks
    most clips; a seeded order decides the rest.

    Raises:
        ValueError: there are fewer clips than folds.
    """
    clips = len(targets)
    if clips < n_folds:
        raise ValueError(f"{clips} verified clips cannot fill {n_folds} folds: lower folds")
    rng = np.random.default_rng(seed)
    order = rng.permutation(clips)
    favourite = rng.permutation(n_folds)  # among equals
    wanted_KC = np.repeat(targets.sum(0, dtype=np.float64)[None] / n_folds, n_folds, 0)
    room_K = np.full(n_folds, clips / n_folds)
    fold_of = np.full(clips, -1, np.int64)
    left_C = targets.sum(0, dtype=np.int64)
    while (left_C > 0).any():
        rarest = int(np.where(left_C > 0, left_C, clips + 1).argmin())
        for clip in order[(targets[order, rarest] == 1) & (fold_of[order] < 0)]:
            fold = int(np.lexsort((favourite, -room_K, -wanted_KC[:, rarest]))[0])
            fold_of[clip] = fold
            wanted_KC[fold] -= targets[clip]
            room_K[fold] -= 1
            left_C -= targets[clip]
    for clip in order[fold_of[order] < 0]:  # without any label
        fold_of[clip] = int(np.lexsort((favourite, -room_K))[0])
        room_K[fold_of[clip]] -= 1
    return fold_of
