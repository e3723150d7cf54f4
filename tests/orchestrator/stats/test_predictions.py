from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.legs.run import Run
from orchestrator.stats.predictions import (
    CellPredictions,
    ClipScores,
    Pool,
    make_pools,
    precision_sums,
    read_predictions,
    together,
    within,
)
from tests.orchestrator.fake_run import cell_of, make_fake_run
from trainable.metrics import Ties


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), activations=["sigmoid"], selections=["verified_only"], folds=3
    )


def test_each_fold_predicts_its_own_validation_clips_and_all_test_clips(run: Run) -> None:
    (cell,) = run.cells
    last, first = read_predictions(run, cell, [None, 0])
    part, fold = run.clips["part"].to_numpy(), run.clips["fold"].to_numpy()
    for number in range(3):
        assert last.validation[number].rows.tolist() == np.flatnonzero(fold == number).tolist()
        assert last.test[number].rows.tolist() == np.flatnonzero(part == "test").tolist()
        written = run.predictions(cell, number)
        assert np.array_equal(last.test[number].scores, written.of("test", 2).scores)
        assert np.array_equal(first.test[number].scores, written.of("test", 0).scores)
    assert not np.array_equal(first.test[0].scores, last.test[0].scores)


def test_a_cell_without_a_result_has_no_predictions(tmp_path: Path) -> None:
    lost = ("sigmoid", "top_k")
    run = make_fake_run(tmp_path, activations=["sigmoid"], missing={lost})
    with pytest.raises(FileNotFoundError):
        read_predictions(run, cell_of(run, *lost))


def test_together_is_the_geometric_mean_of_the_same_clips() -> None:
    rows = np.array([3, 5])
    a, b = np.array([[0.1, 0.4], [0.9, 0.2]]), np.array([[0.4, 0.1], [0.4, 0.8]])
    mean = together([ClipScores(rows, a), ClipScores(rows, b)])
    np.testing.assert_allclose(mean.scores, [[0.2, 0.2], [0.6, 0.4]])
    assert mean.rows.tolist() == [3, 5]
    alone = ClipScores(rows, a)
    assert together([alone]) is alone
    with pytest.raises(AssertionError):
        together([alone, ClipScores(rows[::-1], b)])


def test_a_blend_keeps_validation_and_is_one_model_of_the_test_clips() -> None:
    rows = np.arange(2)
    folds = [ClipScores(rows, np.full((2, 1), value)) for value in (0.1, 0.9)]
    blend = CellPredictions(tuple(folds), tuple(folds)).blend()
    assert len(blend.validation) == 2
    np.testing.assert_allclose(blend.test[0].scores, 0.3)
    assert CellPredictions(tuple(folds), ()).blend().test == ()


def test_normalised_scores_of_a_class_span_0_to_1_whatever_their_scale() -> None:
    rng = np.random.default_rng(0)
    raw = rng.random((40, 3))
    model, scaled = ClipScores(np.arange(40), raw), ClipScores(np.arange(40), 5 * raw + 2)
    for clip_sigma in (None, 3.0):
        (plain,), (moved,) = (
            CellPredictions((m,), ()).normalised(clip_sigma).validation for m in (model, scaled)
        )
        np.testing.assert_allclose(plain.scores, moved.scores, atol=1e-6)
        assert plain.scores.min(0) == pytest.approx(0, abs=1e-6)
        assert plain.scores.max(0) == pytest.approx(1, abs=1e-6)
        assert (np.argsort(plain.scores[:, 0]) == np.argsort(raw[:, 0])).all()


def test_within_gives_places_of_the_labelled_clips_alone() -> None:
    pool = Pool(np.array([2, 4, 9]), np.eye(3, dtype=np.uint8), np.zeros(3, np.int64), np.full(3, ""))
    places, scores = within(pool, ClipScores(np.array([9, 3, 2]), np.array([[0.9], [0.3], [0.2]])))
    assert places.tolist() == [2, 0]
    assert scores.ravel().tolist() == [0.9, 0.2]


def test_the_sums_of_all_clips_give_lwlrap() -> None:
    rng = np.random.default_rng(1)
    truth = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, 20)] | (rng.random((20, 4)) < 0.2).astype(np.uint8)
    models = [ClipScores(np.arange(20), rng.random((20, 4))) for _ in range(2)]
    pool = Pool(np.arange(20), truth, np.zeros(20, np.int64), np.full(20, ""))
    sums = precision_sums(pool, models, "group")
    expected = [
        label_ranking_average_precision_score(truth, model.scores, sample_weight=truth.sum(1))
        for model in models
    ]
    np.testing.assert_allclose(sums.sums.sum(0) / sums.counts.sum(0), expected)


def test_clips_with_several_labels_and_of_a_split() -> None:
    truth = np.array([[1, 0], [1, 1], [0, 1], [1, 1]], np.uint8)
    usage = np.array(["Public", "Public", "Private", "Private"])
    pool = Pool(np.arange(4), truth, np.full(4, -1), usage)
    assert pool.mask("public").tolist() == [True, True, False, False]
    assert pool.mask("test").all()
    assert pool.mask("private", "several").tolist() == [False, False, False, True]


@pytest.mark.parametrize("ties", ["group", "challenge"])
def test_both_rules_for_ties(ties: Ties) -> None:
    """Per-label precisions of tied scores, by sorting as the challenge does or counting the whole group."""
    rng = np.random.default_rng(0)
    truth = (rng.random((30, 5)) < 0.4).astype(np.uint8)
    truth[truth.sum(1) == 0, 0] = 1
    table = rng.integers(0, 3, (30, 5)) / 2
    pool = Pool(np.arange(30) * 2, truth, np.zeros(30, np.int64), np.full(30, ""))
    found = precision_sums(pool, [ClipScores(np.arange(60), np.repeat(table, 2, axis=0))], ties)
    for clip in range(30):
        order = sorted(range(5), key=lambda c: (table[clip, c], c), reverse=True)
        expected = 0.0
        for c in np.flatnonzero(truth[clip]):
            above = order[: order.index(int(c)) + 1]
            if ties == "group":
                above = [k for k in order if table[clip, k] >= table[clip, c]]
            expected += sum(truth[clip, k] for k in above) / len(above)
        assert found.sums[clip, 0] == pytest.approx(expected, abs=1e-12)
    assert found.counts[:, 0].tolist() == truth.sum(1).tolist()


def test_pools_hold_labelled_clips_alone(run: Run) -> None:
    pools = make_pools(run)
    assert pools["cv"].rows.tolist() == list(range(60))
    assert pools["public"] is pools["private"] is pools["test"]
    assert pools["public"].mask("public").sum() + pools["private"].mask("private").sum() == 80
