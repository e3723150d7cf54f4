import numpy as np
import pytest

from orchestrator.stats.grid import Cell
from orchestrator.stats.inputs import ClipScores
from orchestrator.stats.predictions import (
    Pool,
    ensemble_of,
    precision_sums,
    together,
    within,
)
from tests.orchestrator.stats.made import made_inputs
from trainable.metrics import Ties


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


def test_within_gives_the_rows_of_the_labelled_clips_alone() -> None:
    pool = Pool(np.array([2, 4, 9]), np.eye(3, dtype=np.uint8), np.zeros(3, np.int64), np.full(3, ""))
    rows, scores = within(pool, ClipScores(np.array([9, 3, 2]), np.array([[0.9], [0.3], [0.2]])))
    assert rows.tolist() == [2, 0]
    assert scores.ravel().tolist() == [0.9, 0.2]


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


def test_an_ensemble_is_the_geometric_mean_over_members_and_on_test_clips_over_folds() -> None:
    inputs = made_inputs()
    cells = [Cell("sigmoid", "top_k", 0), Cell("sigmoid_softmax", "threshold", 0)]
    members = [inputs.predictions(cell, [None])[0] for cell in cells]
    made = ensemble_of(members, 10.0)["raw"]
    product = np.prod([model.scores.astype(float) for m in members for model in m.test], axis=0) ** (1 / 4)
    np.testing.assert_allclose(made.test[0].scores, product, rtol=1e-6)
    for fold, model in enumerate(made.validation):
        tables = [member.validation[fold].scores.astype(float) for member in members]
        np.testing.assert_allclose(model.scores, np.sqrt(tables[0] * tables[1]), rtol=1e-6)
        assert (inputs.clips.fold[model.rows] == fold).all()
        assert model.scores.dtype == np.float32, "as it is written"
