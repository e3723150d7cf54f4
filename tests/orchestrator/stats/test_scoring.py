from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.settings.tree import ReportSettings
from orchestrator.stats import scoring
from orchestrator.stats.bootstrap import Sampled, bootstrap, paired
from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.inputs import CellPredictions, ClipScores
from orchestrator.stats.predictions import Pool, Split
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.scoring import CellSums, ScoreKey, cell_sums, score_cells
from tests.orchestrator.stats.made import FAST, made_inputs
from trainable.metrics import lwlrap

SETTINGS = ReportSettings(resamples=200)
CLIPS, CLASSES = 30, 4


def pool_of(truth: Any, fold: Any) -> dict[Split, Pool]:
    return {"cv": Pool(np.arange(len(truth)), truth, fold, np.full(len(truth), ""))}


def two_folds(seed: int) -> tuple[dict[Split, Pool], CellPredictions]:
    """Labels, and one model's scores of each half of the clips."""
    rng = np.random.default_rng(seed)
    truth = np.eye(CLASSES, dtype=np.uint8)[rng.integers(0, CLASSES, CLIPS)]
    truth[::5] |= np.roll(truth[::5], 1, axis=1)
    table = rng.random((CLIPS, CLASSES)) + truth
    fold = np.arange(CLIPS) % 2
    rows = [np.flatnonzero(fold == k) for k in range(2)]
    return pool_of(truth, fold), CellPredictions(tuple(ClipScores(r, table[r]) for r in rows), ())


def sums_of(predictions: CellPredictions, pools: dict[Split, Pool]) -> CellSums:
    return cell_sums({"raw": predictions}, {}, pools, SETTINGS)


def test_a_cells_scores_are_lwlrap_of_its_folds_and_of_all_clips_together() -> None:
    pools, predictions = two_folds(0)
    (scores,) = score_cells({"cell": {0: sums_of(predictions, pools)}}, pools, SETTINGS).values()
    truth = pools["cv"].truth
    folds = [lwlrap(truth[model.rows], model.scores) for model in predictions.validation]
    assert scores[ScoreKey("cv")].by_fold == pytest.approx(folds, abs=1e-12)
    rows = np.concatenate([model.rows for model in predictions.validation])
    table = np.concatenate([model.scores for model in predictions.validation])
    assert scores[ScoreKey("cv", "blend")].value == pytest.approx(lwlrap(truth[rows], table), abs=1e-12)
    several = [
        lwlrap(truth[model.rows][keep], model.scores[keep])
        for model in predictions.validation if (keep := truth[model.rows].sum(1) > 1).any()
    ]  # fmt: skip
    assert scores[ScoreKey("cv", clips="several")].value == pytest.approx(np.mean(several), abs=1e-12)


def test_a_score_is_the_mean_over_seeds() -> None:
    pools, first = two_folds(1)
    shifted = [ClipScores(m.rows, np.roll(m.scores, 1, axis=0)) for m in first.validation]
    second = CellPredictions(tuple(shifted), ())
    seeds = {seed: sums_of(predictions, pools) for seed, predictions in ((3, first), (7, second))}
    both = score_cells({"cell": seeds}, pools, SETTINGS)["cell"][ScoreKey("cv")]
    alone = {
        seed: score_cells({"cell": {seed: sums}}, pools, SETTINGS)["cell"][ScoreKey("cv")]
        for seed, sums in seeds.items()
    }
    assert both.by_seed == pytest.approx({seed: score.value for seed, score in alone.items()})
    assert both.value == pytest.approx((alone[3].value + alone[7].value) / 2)
    assert both.seed_sd == pytest.approx(abs(alone[3].value - alone[7].value) / np.sqrt(2))
    assert alone[3].seed_sd is None


def test_clips_that_some_fold_has_none_of_are_not_scored() -> None:
    pools, predictions = two_folds(2)
    truth = pools["cv"].truth.copy()
    truth[np.arange(CLIPS) % 2 == 1, 1:] = 0
    truth[np.arange(CLIPS) % 2 == 1, 0] = 1
    one_sided = pool_of(truth, pools["cv"].fold)
    scores = score_cells({"cell": {0: sums_of(predictions, one_sided)}}, one_sided, SETTINGS)["cell"]
    assert ScoreKey("cv") in scores
    assert ScoreKey("cv", clips="several") not in scores
    assert ScoreKey("cv", "blend", clips="several") in scores


def test_nothing_to_score_gives_nothing() -> None:
    pools, _ = two_folds(0)
    assert score_cells({}, pools, SETTINGS) == {}


def test_a_cell_does_not_differ_from_its_twin() -> None:
    """With equal predictions the paired difference is exactly zero in every sample."""
    inputs, twin = made_inputs(rows=["sigmoid"]), Cell("sigmoid", "top_k", 0)
    same = replace(inputs, predictions=lambda cell, stages: inputs.predictions(twin, stages))
    scores = score_run(same, FAST)
    a, b = (scores.entries[Entry("sigmoid", c)].scores[ScoreKey("cv")] for c in ("top_k", "threshold"))
    difference = paired(a.sampled, b.sampled)
    assert (difference.estimate, difference.low, difference.high) == (0, 0, 0)


def test_bounds_do_not_depend_on_the_order_of_summation(monkeypatch: pytest.MonkeyPatch) -> None:
    """More threads or another CPU change the last bits of every resampled score, but no bound."""

    def on_another_machine(*given: Any, **named: Any) -> list[Sampled]:
        return [replace(s, draws=s.draws * (1 + 4e-16)) for s in bootstrap(*given, **named)]

    inputs = made_inputs(rows=["sigmoid"])
    scores = score_run(inputs, FAST)
    monkeypatch.setattr(scoring, "bootstrap", on_another_machine)
    again = score_run(inputs, FAST)
    for entry, of_entry in scores.entries.items():
        for key, score in of_entry.scores.items():
            assert again.entries[entry].scores[key].interval == score.interval
