from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from orchestrator.stats import scoring
from orchestrator.stats.bootstrap import Sampled, bootstrap, paired
from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.inputs import CellPredictions, ClipScores
from orchestrator.stats.predictions import Pool, Split
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.scoring import ScoreKey, cell_sums, score_cells
from tests.orchestrator.stats.made import FAST, made_inputs

CLIPS, CLASSES = 30, 4


def test_clips_that_some_fold_has_none_of_are_not_scored() -> None:
    rng, fold = np.random.default_rng(2), np.arange(30) % 2
    truth = np.eye(4, dtype=np.uint8)[rng.integers(0, 4, 30)]
    truth[:20:2, 3] = truth[:20:2, 2] = 1  # in the first fold alone
    pools: dict[Split, Pool] = {"cv": Pool(np.arange(30), truth, fold, np.full(30, ""))}
    models = tuple(ClipScores(np.flatnonzero(fold == k), rng.random((15, 4))) for k in range(2))
    sums = cell_sums({"raw": CellPredictions(models, ())}, {}, pools, FAST)
    scores = score_cells({"cell": {0: sums}}, pools, FAST)["cell"]
    assert ScoreKey("cv") in scores
    assert ScoreKey("cv", clips="several") not in scores
    assert ScoreKey("cv", "blend", clips="several") in scores
    assert score_cells({}, pools, FAST) == {}


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
