import re
from dataclasses import replace

import pytest

from orchestrator.report.page.overview import grids, summary, verdict_counts, verdicts
from orchestrator.stats.assessment import TRAINING
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.paper import Published
from orchestrator.stats.scoring import Score
from tests.orchestrator.report.page.conftest import ANOTHER, Made

pytestmark = pytest.mark.integration  # draws every figure


def test_the_grid_marks_its_highest_score(made: Made) -> None:
    for grid in grids(made.run, made.scores, ANOTHER):
        cells = [cell for _, row in grid.rows for cell in row]
        scored = [(cell.score.value, cell) for cell in cells if isinstance(cell.score, Score)]
        values = [value for value, _ in scored]
        assert [value for value, cell in scored if cell.best] == [max(values)]
        assert {cell.score for cell in cells if isinstance(cell.score, Hole)} == {
            Hole("not run"),
            Hole("failed", "RuntimeError: out of memory"),
        }
        ranks = [cell.rank for _, cell in scored]
        assert (min(ranks), max(ranks)) == (0, 1)
        assert sorted(values) == [value for _, value in sorted(zip(ranks, values, strict=True))]


def test_published_numbers_stand_in_the_grid_on_the_papers_data(made: Made) -> None:
    cells = dict(grids(made.run, made.scores, Published())[1].rows)
    assert cells["sigmoid"][0].published == 0.7155
    shown = [cell for grid in grids(made.run, made.scores, ANOTHER) for _, row in grid.rows for cell in row]
    assert all(cell.published is None for cell in shown)


def test_the_summary_counts(made: Made) -> None:
    lines = summary(made.run, made.scores)
    assert lines.shape == "3 activations × 3 selections, 2 folds, seed 0"
    assert lines.clips == "24 verified, 40 unverified, 16 test clips of 4 classes"


def test_verdicts_are_counted_in_words(made: Made) -> None:
    shown = [c for table in verdicts(made.claims) for row in table.rows for c in row.results if c]
    numbers = [int(n) for n in re.findall(r"\d+", verdict_counts(made.claims))]
    assert numbers[0] == len(shown) == sum(numbers[1:])


def test_the_summary_names_holes_and_lost_seeds(made: Made) -> None:
    entry = Entry("sigmoid", "threshold")
    lost = replace(made.scores.entries[entry], missing_seeds={4: Hole("not run")})
    scores = replace(made.scores, entries={entry: lost})
    assert summary(made.run, scores).missing == (
        "sigmoid/top_k: not run",
        "sigmoid_softmax/threshold: failed: RuntimeError: out of memory",
        "sigmoid/threshold, seed 4: not run",
    )


def test_verdicts_by_scores_and_by_training_are_tables_of_their_own(made: Made) -> None:
    by_scores, by_training = verdicts(made.claims)
    assert by_scores.columns == ("cross-validation", "private test")
    assert by_training.columns == ("verdict",)
    assert all(row.claim.scope.is_whole_grid for row in by_scores.rows)
    assert [result.evidence for row in by_training.rows for result in row.results if result] == [TRAINING] * 6
    several = [row for row in by_scores.rows if row.claim.clips == "several"]
    assert [result.evidence.split for row in several for result in row.results if result] == ["cv", "private"]
    assert verdicts([]) == []
    assert verdict_counts([]) == ""
