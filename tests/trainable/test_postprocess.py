"""Class-wise normalisation and the geometric mean against closed forms, scikit-learn and scipy."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import gmean
from sklearn.preprocessing import minmax_scale, scale

from trainable.arrays import Floats
from trainable.postprocess import class_normalise, geometric_mean

SCORES = hnp.arrays(
    np.float32, st.tuples(st.integers(2, 12), st.integers(1, 5)), elements=st.floats(0, 1, width=32)
)


def _varied(scores: Floats) -> bool:
    return bool((np.ptp(scores, axis=0) > 1e-3).all())


@given(SCORES, st.sampled_from([0.5, 1.0, 3.0]))
def test_equals_scikit_learn_step_by_step(scores: Floats, sigma: float) -> None:
    assume(_varied(scores))
    expected = minmax_scale(scale(scores.astype(np.float64)).clip(-sigma, sigma))
    np.testing.assert_allclose(class_normalise(scores, sigma), expected, atol=1e-9)


@given(SCORES)
def test_without_clipping_it_is_min_max_alone(scores: Floats) -> None:
    assume(_varied(scores))
    expected = minmax_scale(scores.astype(np.float64))
    np.testing.assert_allclose(class_normalise(scores, None), expected, atol=1e-9)


@given(SCORES)
def test_never_leaves_the_unit_interval_nor_turns_an_order_round(scores: Floats) -> None:
    found = class_normalise(scores, 3.0)
    assert found.dtype == np.float64
    assert ((found >= 0) & (found <= 1)).all()
    order = np.argsort(scores, axis=0, kind="stable")
    assert (np.diff(np.take_along_axis(found, order, 0), axis=0) >= 0).all()


def test_outliers_are_clipped() -> None:
    scores = np.append(np.tile([0.4, 0.6], 50), 100.0)[:, None]
    plain, clipped = class_normalise(scores, None)[:, 0], class_normalise(scores, 3.0)[:, 0]
    assert plain[-1] == clipped[-1] == 1
    assert clipped[1] > 3 * plain[1]


@pytest.mark.parametrize("classes", [10, 80])
def test_clipping_under_the_rarest_classs_height_ties_its_clips(classes: int) -> None:
    """Perfect scores of evenly frequent classes stand sqrt(C - 1) over their mean."""
    rng = np.random.default_rng(0)
    scores = np.tile(np.eye(classes), (5, 1)) * (1 - 0.01 * rng.random((5 * classes, classes)))
    height = np.sqrt(classes - 1)
    own = scores.argmax(1)

    def highest(sigma: float) -> int:
        normal = class_normalise(scores, sigma)
        return len(np.unique(normal[np.arange(len(own)), own]))

    assert highest(0.9 * height) == 1
    assert highest(1.1 * height) > 4 * classes  # only each class's maximum is at 1


def test_constant_classes_and_single_clips_pass_through() -> None:
    scores = np.array([[0.1, 0.2], [0.1, 0.6], [0.1, 0.4]])
    np.testing.assert_allclose(class_normalise(scores, 3.0), [[0.1, 0], [0.1, 1], [0.1, 0.5]], atol=1e-12)
    assert class_normalise(scores[:1], 3.0).tolist() == scores[:1].tolist()


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)),
        elements=st.floats(1e-6, 1),
    )
)
def test_geometric_mean_equals_scipy(scores: Floats) -> None:
    np.testing.assert_allclose(geometric_mean(scores), gmean(scores, axis=0), rtol=1e-9)


def test_zeros_neither_decide_alone_nor_make_ties() -> None:
    scores = np.array([[[0.0, 0.0, 0.0]], [[0.9, 0.3, 0.0]]], np.float32)
    found = geometric_mean(scores)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found[0], np.sqrt([0.9e-7, 0.3e-7, 1e-14]), rtol=1e-6)


def test_the_floor_is_an_argument() -> None:
    assert geometric_mean(np.zeros((3, 1, 1)), floor=0.01)[0, 0] == pytest.approx(0.01)
