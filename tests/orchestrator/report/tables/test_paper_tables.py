from pathlib import Path

import pytest

from orchestrator.report.tables.all_tables import Tables
from orchestrator.report.tables.paper_tables import claims_table, table1, table2, table3
from orchestrator.report.tables.table import DetailHole, Table, Value
from orchestrator.stats.assessment import TRAINING
from orchestrator.stats.bootstrap import Difference, Interval
from orchestrator.stats.grid import Cell, Hole
from orchestrator.stats.paper import Published
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import scores_of
from tests.orchestrator.report.tables.conftest import ANOTHER, FAST, Results


def row(table: Table, label: str) -> tuple[object, ...]:
    (cells,) = [row.cells for row in table.rows if row.label == label]
    return cells


def test_table_1_has_every_score_and_hole_in_its_place(results: Results, tables: Tables) -> None:
    table = tables.table1
    titles = [column.title for column in table.columns]
    assert titles == [
        f"{s} {split}" for s in results.run.experiment.selections for split in ("cv", "private")
    ]
    for entry in results.run.entries:
        for split in ("cv", "private"):
            cell = row(table, entry.activation)[titles.index(f"{entry.selection} {split}")]
            if entry in results.scores.holes:
                assert cell == results.scores.holes[entry]
            else:
                score = results.scores.entries[entry].scores[ScoreKey(split)]
                assert isinstance(cell, Value)
                assert (cell.value, cell.interval) == (score.value, score.interval)


def test_published_numbers_stand_beside_the_papers_data(results: Results) -> None:
    first = table1(results.run, results.scores, Published()).rows[0].cells[0]
    assert isinstance(first, Value)
    assert first.published == 0.8417
    assert first.difference == pytest.approx(first.value - 0.8417)
    systems = [row.label for row in table3(results.run, results.scores, Published()).rows]
    assert systems[-4] == "THUEE, DCASE 2nd place [9]"
    assert "THUEE, DCASE 2nd place [9]" not in [
        row.label for row in table3(results.run, results.scores, ANOTHER).rows
    ]


def test_table_2_puts_the_paper_beside_threshold(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, folds=4, numbers=Numbers(verified=120), config=FAST)
    table = table2(run, scores_of(run), Published())
    beside = [cell.published for cell in row(table, "sigmoid_softmax/threshold") if isinstance(cell, Value)]
    assert beside == [0.7617, 0.8097, 0.7941, 0.7643, 0.7825]
    plain = row(table, "sigmoid_softmax/top_k")
    assert all(isinstance(cell, Value) and cell.published is None for cell in plain)


def test_table_2_has_no_paper_beside_other_numbers_of_folds(results: Results) -> None:
    table = table2(results.run, results.scores, Published())
    cells = [cell for row in table.rows for cell in row.cells if isinstance(cell, Value)]
    assert all(cell.published is None for cell in cells)
    assert not any("does not name the selection" in note for note in table.notes)


def test_table_2s_mean_is_the_mean_of_its_folds(tables: Tables) -> None:
    values = [cell.value for cell in row(tables.table2, "sigmoid/threshold") if isinstance(cell, Value)]
    assert values[-1] == pytest.approx(sum(values[:-1]) / len(values[:-1]))


def test_table_3_has_a_row_for_each_ensemble_and_form(results: Results, tables: Tables) -> None:
    assert [row.label for row in tables.table3.rows] == [
        "best, raw", "best, normalised", "lost, raw", "lost, normalised"
    ]  # fmt: skip
    reason = Hole("incomplete", "sigmoid/top_k: failed: RuntimeError: out of memory")
    assert set(row(tables.table3, "lost, raw")) == {reason}
    score = results.scores.ensembles.scores["best"][ScoreKey("private", "blend", "normalised")]
    assert row(tables.table3, "best, normalised")[2] == Value(score.value, score.interval)


def test_table_1_marks_the_highest_value_of_each_split(tables: Tables) -> None:
    for place in (0, 1):
        cells = [
            cell for row in tables.table1.rows for cell in row.cells[place::2] if isinstance(cell, Value)
        ]
        assert [cell.best for cell in cells] == [cell.value == max(c.value for c in cells) for cell in cells]


def test_claims_have_a_line_each(results: Results) -> None:
    table = claims_table(results.scores, results.claims, ANOTHER)
    assert len(table.rows) == len(results.claims)
    for line, result in zip(table.rows, results.claims, strict=True):
        where, split, difference, open_too, _, corrected, verdict, source = line.cells
        assert (corrected != "") == (result.corrected_p is not None)
        if result.crossed:
            assert open_too == Value(
                result.crossed.estimate, Interval(result.crossed.low, result.crossed.high)
            )
        assert (split, verdict, source) == (str(result.evidence), result.words, result.claim.source.cited)
        assert where == str(result.claim.scope) + (" (in part)" if result.incomplete else "")
        if isinstance(result.difference, Difference):
            if result.evidence == TRAINING:
                assert difference == Hole("n/a", "trainings alone are held open")
                continue
            assert isinstance(difference, Value)
            assert difference.value == result.difference.estimate
        else:
            assert difference == DetailHole("not judged", result.difference.detail)
    assert {row.cells[6] for row in table.rows} >= {"not judged", "no clear difference"}


def test_table_1_names_lost_seeds_and_the_spread_over_seeds(tmp_path: Path) -> None:
    columns = ["top_k", "threshold"]
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=columns, seeds=[0, 1], config=FAST)
    run.leg_of(Cell("sigmoid", "top_k", 1)).store.delete("result.json")
    scores = scores_of(run)
    notes = table1(run, scores, ANOTHER).notes
    assert "sigmoid/top_k: without seed 1 (not run)" in notes
    (entry,) = [of for e, of in scores.entries.items() if e.selection == "threshold"]
    spread = entry.scores[ScoreKey("cv")].seed_sd
    assert any(f"standard deviation over seeds on cv: {spread:.4f} to {spread:.4f}" in note for note in notes)
