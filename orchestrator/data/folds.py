"""Cross-validation folds of the verified clips: multi-label stratified, from names and a seed alone.

Clips that belong together, as those of one recording, are dealt as one; without such each clip is its own
group.

Shapes: N clips, G groups, C classes, K folds.
"""

import numpy as np
from numpy.typing import NDArray

from trainable.arrays import Floats, Ints
from trainable.errors import UserError

PASSES = 20
"""Most rounds of moving single groups to better folds; two or three are usual."""

UNEVEN = 2
"""Clips of a class beyond an equal share, from which on a fold's groups are exchanged."""
ROUNDING = 1e-9


def assign_folds(targets: NDArray[np.uint8], n_folds: int, seed: int, group_of: Ints | None = None) -> Ints:
    """Fold of every clip, by iterative stratification (Sechidis et al., 2011; not in the paper): (clips,).

    `targets` (clips, classes) are 0 or 1, rows in the order of the sorted file names. `group_of` (clips,)
    numbers the group of each clip from 0, in the order of their first clips; None: there are none. Clips with
    several labels can leave a class uneven, so single groups move afterwards, or change places, for as long
    as that evens counts out.

    Raises:
        UserError: there are fewer groups than folds.
    """
    group_of = np.arange(len(targets)) if group_of is None else group_of
    groups = int(group_of.max(initial=-1)) + 1
    if groups < n_folds:
        which = "clips" if groups == len(targets) else "groups of clips"
        raise UserError(f"{groups} verified {which} cannot fill {n_folds} folds: lower folds")
    # The last column, which every clip has, makes the folds' sizes one more class to balance.
    y_NC = np.column_stack([targets, np.ones(len(targets))]).astype(np.int64)
    y_GC = np.zeros((groups, y_NC.shape[1]), np.int64)
    np.add.at(y_GC, group_of, y_NC)
    rng = np.random.default_rng(seed)
    order, favourite = rng.permutation(groups), rng.permutation(n_folds)
    order = order[np.argsort(-y_GC[order, -1], kind="stable")]
    fold_of = _deal(y_GC, order, favourite)
    _even_out(y_GC, order, fold_of, n_folds)
    return fold_of[group_of]


def _deal(y_GC: Ints, order: Ints, favourite: Ints) -> Ints:
    """The rarest class first, the largest groups first: each to the fold that lacks most of the class."""
    wanted_KC = np.tile(y_GC.sum(0) / len(favourite), (len(favourite), 1))
    fold_of = np.full(len(y_GC), -1, np.int64)
    left_C = y_GC.sum(0)
    while left_C.any():
        rarest = int(np.where(left_C > 0, left_C, y_GC[:, -1].sum() + 1).argmin())
        for group in order[(y_GC[order, rarest] > 0) & (fold_of[order] < 0)]:
            fold = int(np.lexsort((favourite, -wanted_KC[:, -1], -wanted_KC[:, rarest]))[0])
            fold_of[group] = fold
            wanted_KC[fold] -= y_GC[group]
            left_C -= y_GC[group]
    return fold_of


def _even_out(y_GC: Ints, order: Ints, fold_of: Ints, n_folds: int) -> None:
    """Move groups, in place, while that lowers the summed squares of the folds' excess counts.

    Groups of several clips may block each other: they change places too. Single clips need not.
    """
    excess_KC, has_groups = _excess(y_GC, fold_of, n_folds), bool((y_GC[:, -1] > 1).any())
    for _ in range(PASSES):
        moved = _move(y_GC, order, fold_of, excess_KC)
        exchanged = has_groups and _exchange(y_GC, order, fold_of, excess_KC)
        if not (moved or exchanged):
            return


def _move(y_GC: Ints, order: Ints, fold_of: Ints, excess_KC: Floats) -> bool:
    """One round of moves from fold a to b, each changes the sum by 2 (y . (excess_b - excess_a) + y . y)."""
    moved = False
    for group in order:
        own = fold_of[group]
        columns = np.flatnonzero(y_GC[group])
        y_C = y_GC[group, columns]
        excess_K = (excess_KC[:, columns] * y_C).sum(1)
        best = int(excess_K.argmin())
        if excess_K[best] - excess_K[own] + y_C @ y_C < -ROUNDING:
            excess_KC[own, columns] -= y_C
            excess_KC[best, columns] += y_C
            fold_of[group], moved = best, True
    return moved


def _exchange(y_GC: Ints, order: Ints, fold_of: Ints, excess_KC: Floats) -> bool:
    """One round of exchanges; of two groups, as a move by the difference of their counts."""
    exchanged = False
    for group in order:
        own = fold_of[group]
        if excess_KC[own, y_GC[group] > 0].max() <= UNEVEN:
            continue
        difference_GC = y_GC[group] - y_GC
        change_G = (difference_GC * (excess_KC[fold_of] - excess_KC[own] + difference_GC)).sum(1)
        other = int(change_G.argmin())
        if change_G[other] < -ROUNDING:
            excess_KC[own] -= difference_GC[other]
            excess_KC[fold_of[other]] += difference_GC[other]
            fold_of[group], fold_of[other], exchanged = fold_of[other], own, True
    return exchanged


def _excess(y_GC: Ints, fold_of: Ints, n_folds: int) -> Floats:
    """Clips of each fold and class beyond an equal share: (K, C)."""
    counts_KC = np.stack([y_GC[fold_of == fold].sum(0) for fold in range(n_folds)])
    excess_KC: Floats = counts_KC - y_GC.sum(0) / n_folds
    return excess_KC
