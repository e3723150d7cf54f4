"""lwlrap and the F-score against worked cases, slow references, scikit-learn and the real test table."""

import csv
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from sklearn.metrics import f1_score, label_ranking_average_precision_score

from tests.places import META
from trainable.metrics import Ties, f_score, label_precisions, lwlrap, per_class_lwlrap, tied_share

Array = NDArray[Any]
TIES: tuple[Ties, ...] = ("group", "challenge")
HARMONIC_80 = sum(1 / rank for rank in range(1, 81)) / 80


def _slow_precision(truth: Array, scores: Array, label: int, ties: Ties) -> float:
    """Of one label of one clip, class by class."""
    above = [
        c
        for c in range(len(scores))
        if scores[c] > scores[label] or (scores[c] == scores[label] and (ties == "group" or c >= label))
    ]
    return sum(int(truth[c]) for c in above) / len(above)


def _sorted_precision(truth: Array, scores: Array, label: int) -> float:
    """The challenge's way: sort, ties to the higher class index, count hits down to the label."""
    order = sorted(range(len(scores)), key=lambda c: (-scores[c], -c))
    down_to = order[: order.index(label) + 1]
    return sum(int(truth[c]) for c in down_to) / len(down_to)


@st.composite
def _tables(draw: st.DrawFn) -> tuple[Array, Array]:
    """A truth with at least one label, and scores with many ties."""
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 7)))
    truth = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 1)))
    assume(truth.any())
    values = st.sampled_from([-1.0, 0.0, 0.125, 0.25, 0.5, 0.75])
    return truth, draw(hnp.arrays(draw(st.sampled_from(["float32", "float64"])), shape, elements=values))


CASE_A = (
    [[1, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]],
    [[0.3, 0.4, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]],
)
CASE_B = ([[1, 1, 0], [1, 0, 0], [0, 0, 1]], [[0.9, 0.1, 0.5], [0.2, 0.8, 0.1], [0.3, 0.2, 0.4]])
CASE_C = ([[1, 0, 0], [0, 0, 1]], [[0.5] * 3] * 2)
CASE_D = ([[1, 0, 1, 0]], [[0, 0, 1, 0]])


def _arrays(case: tuple[list[list[int]], list[list[float]]]) -> tuple[Array, Array]:
    return np.array(case[0]), np.array(case[1])


@pytest.mark.parametrize(
    ("case", "ties", "expected", "per_class"),
    [
        (CASE_A, "group", 2 / 3, [0.5, np.nan, np.nan, 1]),
        (CASE_A, "challenge", 2 / 3, [0.5, np.nan, np.nan, 1]),
        (CASE_B, "group", 19 / 24, [0.75, 2 / 3, 1]),
        (CASE_B, "challenge", 19 / 24, [0.75, 2 / 3, 1]),
        (CASE_C, "group", 1 / 3, [1 / 3, np.nan, 1 / 3]),
        (CASE_C, "challenge", 2 / 3, [1 / 3, np.nan, 1]),
        (CASE_D, "group", 0.75, [0.5, np.nan, 1, np.nan]),
    ],
)
def test_worked_cases(case: Any, ties: Ties, expected: float, per_class: list[float]) -> None:
    truth, scores = _arrays(case)
    assert lwlrap(truth, scores, ties) == pytest.approx(expected, abs=1e-15)
    np.testing.assert_allclose(per_class_lwlrap(truth, scores, ties), per_class, atol=1e-15)


def test_precisions_say_whose_they_are() -> None:
    found = label_precisions(*_arrays(CASE_A))
    assert found.clip.tolist() == [0, 1, 1]
    assert found.label.tolist() == [0, 0, 3]
    assert found.precision.tolist() == [0.5, 0.5, 1]
    assert [x.dtype.name for x in (found.clip, found.label, found.precision)] == ["int64", "int64", "float64"]


@given(_tables(), st.sampled_from(TIES))
def test_equals_the_slow_reference(table: tuple[Array, Array], ties: Ties) -> None:
    truth, scores = table
    found = label_precisions(truth, scores, ties)
    labels = list(zip(*np.nonzero(truth), strict=True))
    assert list(zip(found.clip, found.label, strict=True)) == labels
    slow = [_slow_precision(truth[i], scores[i], c, ties) for i, c in labels]
    assert found.precision.tolist() == slow
    assert lwlrap(truth, scores, ties) == pytest.approx(np.mean(slow), abs=1e-12)


@given(_tables())
def test_the_challenge_rule_is_a_sort(table: tuple[Array, Array]) -> None:
    truth, scores = table
    found = label_precisions(truth, scores, "challenge")
    slow = [_sorted_precision(truth[i], scores[i], c) for i, c in zip(found.clip, found.label, strict=True)]
    assert found.precision.tolist() == slow


@given(_tables(), st.sampled_from(TIES))
def test_lwlrap_is_the_label_weighted_mean_of_classes(table: tuple[Array, Array], ties: Ties) -> None:
    truth, scores = table
    per_class, weights = per_class_lwlrap(truth, scores, ties), truth.sum(0)
    assert np.array_equal(np.isnan(per_class), weights == 0)
    expected = np.average(np.nan_to_num(per_class), weights=weights)
    assert lwlrap(truth, scores, ties) == pytest.approx(expected, abs=1e-12)


@given(_tables())
def test_group_rule_equals_scikit_learn(table: tuple[Array, Array]) -> None:
    truth, scores = table
    assume(truth.shape[1] > 1)  # scikit-learn takes a single class for another kind of problem
    labelled = truth.any(1)
    expected = label_ranking_average_precision_score(
        truth[labelled], scores[labelled], sample_weight=truth[labelled].sum(1)
    )
    assert lwlrap(truth, scores) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("ties", TIES)
def test_without_ties_both_rules_equal_scikit_learn(ties: Ties) -> None:
    rng = np.random.default_rng(0)
    truth, scores = rng.random((500, 80)) < 0.03, rng.permuted(np.tile(np.arange(80.0), (500, 1)), axis=1)
    truth = truth[truth.any(1)]
    scores = scores[: len(truth)]
    expected = label_ranking_average_precision_score(truth, scores, sample_weight=truth.sum(1))
    assert lwlrap(truth, scores, ties) == pytest.approx(expected, abs=1e-12)
    assert tied_share(truth, scores) == 0


def test_perfect_scores() -> None:
    truth = np.eye(5, dtype=np.uint8)
    assert lwlrap(truth, truth.astype(np.float32)) == 1
    assert per_class_lwlrap(truth, truth).tolist() == [1] * 5
    assert f_score(truth, truth, 0.5) == 1


@pytest.mark.parametrize("label", [0, 7, 79])
def test_all_scores_equal(label: int) -> None:
    truth = np.eye(80)[[label]]
    assert lwlrap(truth, np.zeros((1, 80))) == pytest.approx(1 / 80)
    assert lwlrap(truth, np.zeros((1, 80)), "challenge") == pytest.approx(1 / (80 - label))


def test_a_random_ranker_scores_the_mean_reciprocal_rank() -> None:
    rng = np.random.default_rng(0)
    truth = np.eye(80, dtype=np.uint8)[rng.integers(0, 80, 40_000)]
    assert round(HARMONIC_80, 4) == 0.0621
    assert lwlrap(truth, rng.random(truth.shape, np.float32)) == pytest.approx(HARMONIC_80, abs=0.002)


@given(_tables())
def test_a_tie_is_with_another_class_of_the_clip(table: tuple[Array, Array]) -> None:
    truth, scores = table
    tied = [np.count_nonzero(scores[i] == scores[i, c]) > 1 for i, c in np.argwhere(truth)]
    assert tied_share(truth, scores) == pytest.approx(np.mean(tied))


def test_ties_are_those_of_the_given_precision() -> None:
    truth, scores = np.array([[1, 0]]), np.array([[0.5, 0.5 + 1e-12]])
    assert lwlrap(truth, scores) == 0.5
    assert tied_share(truth, scores) == 0
    assert tied_share(truth, scores.astype(np.float32)) == 1


@given(_tables(), st.floats(-1, 1))
def test_f_score_is_the_micro_average_of_scikit_learn(table: tuple[Array, Array], threshold: float) -> None:
    truth, scores = table
    found = (scores >= threshold).astype(int)
    expected = f1_score(truth.ravel(), found.ravel(), zero_division=0)
    assert f_score(truth, scores, threshold) == pytest.approx(expected, abs=1e-12)


@given(_tables(), st.floats(0, 1))
def test_macro_is_scikit_learns_over_the_classes_with_a_label(
    table: tuple[Array, Array], threshold: float
) -> None:
    truth, scores = table
    classes = np.flatnonzero(truth.any(0))
    found = (scores >= threshold).astype(int)
    each = [f1_score(truth[:, c], found[:, c], zero_division=0) for c in classes]
    assert f_score(truth, scores, threshold, "macro") == pytest.approx(np.mean(each), abs=1e-12)


def test_a_rare_class_weighs_as_much_as_a_frequent_one_in_macro() -> None:
    truth = np.array([[1, 0, 0]] * 9 + [[0, 1, 0]])
    scores = np.tile([1.0, 0, 1], (10, 1))  # the third class has no label, and no F-score
    assert f_score(truth, scores, 0.5, "macro") == pytest.approx((18 / 19 + 0) / 2)
    assert f_score(truth, scores, 0.5) == pytest.approx(18 / 30)


def test_f_score_counts_a_score_at_the_threshold() -> None:
    assert f_score(np.array([[1, 0, 1]]), np.array([[0.4, 0.4, 0.3]]), 0.4) == 0.5


@pytest.mark.parametrize(
    ("truth", "scores", "message"),
    [
        (np.ones((2, 3)), np.ones((3, 2)), r"truth \(2, 3\) and scores \(3, 2\)"),
        (np.ones(3), np.ones(3), r"\(clips, classes\)"),
        (np.full((1, 2), 2), np.ones((1, 2)), "0 or 1"),
        (np.full((1, 2), np.nan), np.ones((1, 2)), "0 or 1"),
        (np.ones((3, 2)), np.array([[0, 1], [1, np.nan], [np.inf, 0]]), "clip 1 "),
        (np.ones((2, 2)), np.array([[0, 1], [1, -np.inf]]), "clip 1 "),
        (np.zeros((2, 2)), np.ones((2, 2)), "no clip has a label"),
        (np.zeros((0, 2)), np.ones((0, 2)), "no clip has a label"),
    ],
)
def test_refuses_what_has_no_score(truth: Array, scores: Array, message: str) -> None:
    for metric in (lwlrap, per_class_lwlrap, tied_share, lambda t, s: f_score(t, s, 0.5)):
        with pytest.raises(ValueError, match=message):
            metric(truth, scores)


@pytest.mark.skipif(not META.exists(), reason="the tables of FSDKaggle2019 are not here")
def test_the_real_test_table_by_chance() -> None:
    classes = [row[1] for row in csv.reader((META / "vocabulary.csv").read_text().splitlines())]
    rows = list(csv.DictReader((META / "test_post_competition.csv").read_text().splitlines()))
    truth = np.array([[name in row["labels"].split(",") for name in classes] for row in rows])
    assert (truth.shape, truth.sum()) == ((4481, 80), 6250)
    scores = np.random.default_rng(0).random(truth.shape, np.float32)
    start = time.perf_counter()
    score, share = lwlrap(truth, scores), tied_share(truth, scores)
    assert time.perf_counter() - start < 0.5
    assert score == pytest.approx(HARMONIC_80, abs=0.01)  # a little more: 1.4 labels a clip
    assert score > HARMONIC_80
    assert share < 0.001
