"""Folds: every clip once, every class and the folds themselves as even as clips with several labels allow."""

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from orchestrator.data.clip_table import read_dataset
from orchestrator.data.folds import assign_folds
from orchestrator.data.layouts import DataSettings
from tests.places import META
from trainable.arrays import Ints

needs_data = pytest.mark.skipif(not META.exists(), reason="the real tables are not beside the checkout")


def unevenness(targets: NDArray[np.uint8], fold_of: Ints, n_folds: int) -> tuple[float, float]:
    """How far a class, and a fold's size, is from an equal share, at worst."""
    counts_KC = np.stack([targets[fold_of == fold].sum(0, dtype=int) for fold in range(n_folds)])
    sizes_K = np.bincount(fold_of, minlength=n_folds)
    classes = np.abs(counts_KC - targets.sum(0, dtype=int) / n_folds).max(initial=0)
    return float(classes), float(np.abs(sizes_K - len(targets) / n_folds).max())


def draw_targets(clips: int, classes: int, several: float, seed: int) -> NDArray[np.uint8]:
    """One label for each clip, and further ones for a share `several`."""
    rng = np.random.default_rng(seed)
    targets = np.eye(classes, dtype=np.uint8)[rng.integers(classes, size=clips)]
    more = rng.random(clips) < several
    targets[more] |= rng.random((int(more.sum()), classes)) < 1.5 / classes
    return targets


@given(
    clips=st.integers(8, 300),
    classes=st.integers(1, 12),
    n_folds=st.integers(2, 8),
    several=st.floats(0, 1),
    seed=st.integers(0, 1000),
)
def test_classes_and_sizes_are_even(
    clips: int, classes: int, n_folds: int, several: float, seed: int
) -> None:
    """At any number of classes and labels: a random split is off by several times this."""
    targets = draw_targets(clips, classes, several, seed)
    fold_of = assign_folds(targets, n_folds, seed)
    assert fold_of.dtype == np.int64
    assert fold_of.shape == (clips,)
    of_class, of_size = unevenness(targets, fold_of, n_folds)
    assert of_class <= 3
    assert of_size <= 3


@given(counts=st.lists(st.integers(1, 40), min_size=1, max_size=10), n_folds=st.integers(2, 6))
def test_clips_of_one_label_are_split_within_one(counts: list[int], n_folds: int) -> None:
    """With single labels nothing stands in the way: each class differs by at most one between folds."""
    targets = np.eye(len(counts), dtype=np.uint8)[np.repeat(np.arange(len(counts)), counts)]
    if len(targets) < n_folds:
        return
    fold_of = assign_folds(targets, n_folds, 0)
    per = np.stack([targets[fold_of == fold].sum(0, dtype=int) for fold in range(n_folds)])
    assert np.ptp(per, axis=0).max() <= 1


def test_the_seed_decides_and_nothing_else() -> None:
    targets = draw_targets(100, 6, 0.2, 0)
    np.testing.assert_array_equal(assign_folds(targets, 4, 3), assign_folds(targets.copy(), 4, 3))
    assert (assign_folds(targets, 4, 3) != assign_folds(targets, 4, 4)).any()


def test_clips_without_labels_fill_the_folds_too() -> None:
    fold_of = assign_folds(np.zeros((10, 3), np.uint8), 5, 0)
    assert np.bincount(fold_of).tolist() == [2] * 5


def test_a_class_may_be_rarer_than_the_folds_but_clips_may_not() -> None:
    targets = np.eye(4, dtype=np.uint8)
    assert sorted(assign_folds(targets, 4, 0)) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match=r"4 verified clips cannot fill 5 folds"):
        assign_folds(targets, 5, 0)


@needs_data
def test_the_real_classes_are_within_two_of_equal(tmp_path: Path) -> None:
    (tmp_path / "FSDKaggle2019.meta").symlink_to(META)
    table = read_dataset(tmp_path, DataSettings(), check_audio=False)
    verified = table.targets()[(table.clips["part"] == "verified").to_numpy()]
    began = time.process_time()
    for seed in range(5):
        fold_of = assign_folds(verified, 4, seed)
        of_class, of_size = unevenness(verified, fold_of, 4)
        assert of_class <= 2
        assert of_size <= 2
    assert (time.process_time() - began) / 5 < 1
