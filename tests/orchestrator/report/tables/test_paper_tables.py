from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from orchestrator.report.tables.files import Tables
from orchestrator.report.tables.paper_tables import intervals_over, kept_together, table1, table2, table3
from orchestrator.report.tables.table import Table, Value
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


def cell(table: Table, label: str, title: str) -> object:
    (cells,) = [row.cells for row in table.rows if row.label == label]
    return cells[[column.title for column in table.columns].index(title)]


def test_readings_begin_with_table_1_and_end_with_the_f_score(results: Results, tables: Tables) -> None:
    table, run = tables.readings, results.run
    assert [row.label for row in table.rows] == [str(entry) for entry in run.entries]
    assert cell(table, "sigmoid/threshold", "cv folds") == cell(tables.table1, "sigmoid", "threshold cv")
    models = [run.predictions(Cell("sigmoid", "threshold", 0), fold).of("validation") for fold in range(2)]
    threshold = run.experiment.schedule.f_threshold
    for average, title in (("micro", "cv F-score"), ("macro", "cv macro F-score")):
        each = [f1_score(run.targets[m.rows], m.scores >= threshold, average=average) for m in models]
        fscore = cell(table, "sigmoid/threshold", title)
        assert isinstance(fscore, Value)
        assert fscore.value == pytest.approx(sum(each) / 2)


def test_readings_without_ties_agree_by_both_rules(tables: Tables) -> None:
    """Random scores hardly tie: without a tie both rules give the same number."""
    for label in ("sigmoid/threshold", "sigmoid_sparsemax/top_k"):
        tied = cell(tables.readings, label, "cv tied labels")
        assert isinstance(tied, Value)
        assert tied.value == 0
        assert cell(tables.readings, label, "cv challenge ties") == cell(tables.readings, label, "cv folds")


def test_stages_end_with_table_1s_numbers_of_columns_without_unverified_clips(tables: Tables) -> None:
    table = tables.stages
    assert [row.label for row in table.rows] == [
        f"{row}/verified_only" for row in ("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax")
    ]
    for split in ("cv", "private"):
        last = cell(tables.table1, "sigmoid", f"verified_only {split}")
        assert cell(table, "sigmoid/verified_only", f"{split} stage 3") == last
        assert cell(table, "sigmoid/verified_only", f"{split} stage 1") != last


def test_tables_say_what_their_intervals_are_over(results: Results, tmp_path: Path) -> None:
    clips = "other clips alone, bootstrap of 200 samples: one training was run"
    both = "other clips and other trainings, 4 models a cell"
    assert intervals_over(results.run, results.scores) == f"cv and private: {clips}"
    two = Results.of(make_fake_run(tmp_path / "two", activations=["sigmoid"], seeds=[0, 1], config=FAST))
    assert intervals_over(two.run, two.scores) == f"cv and private: {both}"
    four = Results.of(make_fake_run(tmp_path / "four", activations=["sigmoid"], folds=4, config=FAST))
    assert intervals_over(four.run, four.scores) == f"cv: {clips}; private: {both}"


def test_what_folds_keep_together_is_said(tmp_path: Path) -> None:
    none, source = (
        make_fake_run(tmp_path / group, activations=["sigmoid"], config={"fold_group": group})
        for group in ("none", "source")
    )
    assert kept_together(none).endswith("cross-validation may flatter; test clips are the primary score")
    assert kept_together(source) == "clips of one source are kept together; test clips are the primary score"
    assert any(note == f"folds: {kept_together(none)}" for note in Results.of(none).tables().table1.notes)
