"""Which cell is meant."""

from pathlib import Path

import pytest

from orchestrator.legs.run import Run
from orchestrator.report.show.choice import alone, find_cells
from orchestrator.stats.best import ranked
from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import make_fake_run
from trainable.errors import UserError

COLUMNS = ["verified_only", "top_k", "threshold"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), activations=["sigmoid"], selections=COLUMNS, seeds=[0, 3],
        missing={("sigmoid", "threshold")},
        config={"report": {"resamples": 100}, "ensembles": {"all": ["sigmoid/threshold"]}},
    )  # fmt: skip


def test_a_name_means_all_seeds_or_one(run: Run) -> None:
    assert find_cells(run, "sigmoid/top_k") == [Cell("sigmoid", "top_k", 0), Cell("sigmoid", "top_k", 3)]
    assert find_cells(run, "sigmoid/top_k/3") == [Cell("sigmoid", "top_k", 3)]


def test_without_a_name_it_is_the_best_in_cross_validation(run: Run) -> None:
    by_score = {
        entry: sum(run.leg_of(cell).result().lwlrap for cell in run.entries[entry])
        for entry in (Entry("sigmoid", "verified_only"), Entry("sigmoid", "top_k"))
    }
    best = max(by_score, key=lambda entry: by_score[entry])
    assert find_cells(run, None) == run.entries[best]
    assert next(iter(ranked(run))) == best
    assert len(ranked(run)) == 2


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sigmoid/topk", "--cell sigmoid/topk: there is no such cell, did you mean sigmoid/top_k?"),
        ("sigmoid/top_k/1", "did you mean sigmoid/top_k"),
        ("", "--cell : there is no such cell, did you mean "),
        ("x" * 9999, "did you mean sigmoid/"),
        ("sigmoid/threshold", "sigmoid/threshold: no result: not run"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_name(run: Run, name: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        find_cells(run, name)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_cell_alone_has_the_scores_that_it_has_in_the_grid(run: Run) -> None:
    own = alone(run, find_cells(run, "sigmoid/top_k"))
    assert list(own.entries) == [Entry("sigmoid", "top_k")]
    key, entry = ScoreKey("private"), Entry("sigmoid", "top_k")
    single, whole = (score_run(of).entries[entry].scores[key] for of in (own, run))
    assert (single.value, single.by_fold, single.interval) == (whole.value, whole.by_fold, whole.interval)


def test_a_run_without_any_result_has_no_best(tmp_path: Path) -> None:
    empty = make_fake_run(
        tmp_path, activations=["sigmoid"], selections=["top_k"], missing={("sigmoid", "top_k")}
    )
    with pytest.raises(UserError, match="no result: not run"):
        find_cells(empty, None)
