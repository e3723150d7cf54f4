"""Cross-validation folds of the verified clips: multi-label stratified, from names and a seed alone.

Shapes: N clips, C classes, K folds.
"""

import numpy as np
from numpy.typing import NDArray

from trainable.arrays import Floats, Ints
from trainable.errors import UserError

PASSES = 20
"""Most rounds of moving single clips to better folds; two or three are usual."""


def assign_folds(targets: NDArray[np.uint8], n_folds: int, seed: int) -> Ints:
    """Fold of every clip, by iterative stratification (Sechidis et al., 2011; not in the paper): (clips,).

    `targets` (clips, classes) are 0 or 1, rows in the order of the sorted file names. Clips with several
    labels can leave a class uneven, so single clips move afterwards for as long as that evens counts out.

    Raises:
        UserError: there are fewer clips than folds.
    """
    if len(targets) < n_folds:
        raise UserError(f"{len(targets)} verified clips cannot fill {n_folds} folds: lower folds")
    # The last column, which every clip has, makes the folds' sizes one more class to balance.
    y_NC = np.column_stack([targets, np.ones(len(targets))]).astype(np.int64)
    rng = np.random.default_rng(seed)
    order, favourite = rng.permutation(len(targets)), rng.permutation(n_folds)
    fold_of = _deal(y_NC, order, favourite)
    _even_out(y_NC, order, fold_of, n_folds)
    return fold_of


def _deal(y_NC: Ints, order: Ints, favourite: Ints) -> Ints:
    """The rarest class first: each clip to the fold that lacks most of the class, then of clips."""
    wanted_KC = np.tile(y_NC.sum(0) / len(favourite), (len(favourite), 1))
    fold_of = np.full(len(y_NC), -1, np.int64)
    left_C = y_NC.sum(0)
    while left_C.any():
        rarest = int(np.where(left_C > 0, left_C, len(y_NC) + 1).argmin())
        for clip in order[(y_NC[order, rarest] == 1) & (fold_of[order] < 0)]:
            fold = int(np.lexsort((favourite, -wanted_KC[:, -1], -wanted_KC[:, rarest]))[0])
            fold_of[clip] = fold
            wanted_KC[fold] -= y_NC[clip]
            left_C -= y_NC[clip]
    return fold_of


def _even_out(y_NC: Ints, order: Ints, fold_of: Ints, n_folds: int) -> None:
    """Move clips, in place, while that lowers the summed squares of the folds' excess counts."""
    excess_KC = _excess(y_NC, fold_of, n_folds)
    for _ in range(PASSES):
        moved = False
        for clip in order:
            own = fold_of[clip]
            columns = np.flatnonzero(y_NC[clip])
            excess_K = excess_KC[:, columns].sum(1)
            best = int(excess_K.argmin())
            # A move from a to b changes the sum by 2 (excess_b - excess_a + labels).
            if excess_K[best] - excess_K[own] + len(columns) < -1e-9:
                excess_KC[own, columns] -= 1
                excess_KC[best, columns] += 1
                fold_of[clip], moved = best, True
        if not moved:
            return


def _excess(y_NC: Ints, fold_of: Ints, n_folds: int) -> Floats:
    """Clips of each fold and class beyond an equal share: (K, C)."""
    counts_KC = np.stack([y_NC[fold_of == fold].sum(0) for fold in range(n_folds)])
    excess_KC: Floats = counts_KC - y_NC.sum(0) / n_folds
    return excess_KC
