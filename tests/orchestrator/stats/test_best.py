"""The one rule by which a cell is called the best."""

from pathlib import Path

import pytest

from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.stats.best import ranked
from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import make_fake_run

FAST = {"report": {"resamples": 100}}
EFFECT = {("sigmoid", "threshold"): 2.0, ("sigmoid", "top_k"): 1.0}


def test_the_order_is_that_of_table_1_in_cross_validation(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, seeds=[0, 1], effect=EFFECT, config=FAST)
    scores = {entry: s.scores[ScoreKey("cv")].value for entry, s in score_run(run).entries.items()}
    assert list(ranked(run)) == sorted(scores, key=lambda entry: -scores[entry])
    assert ranked(run) == pytest.approx(scores)


def test_an_entry_that_lacks_a_seed_comes_last(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], seeds=[0, 1], effect=EFFECT, config=FAST)
    assert next(iter(ranked(run))) == Entry("sigmoid", "threshold")
    run.leg_of(Cell("sigmoid", "threshold", 0)).store.delete(artifacts.RESULT)
    order = list(ranked(Run.open(run.store)))
    assert (order[0], order[-1]) == (Entry("sigmoid", "top_k"), Entry("sigmoid", "threshold"))


def test_without_a_result_nothing_is_ranked(tmp_path: Path) -> None:
    cell = ("sigmoid", "top_k")
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], missing={cell})
    assert ranked(run) == {}
