from pathlib import Path

import pytest
from sklearn.metrics import f1_score

from orchestrator.report.tables.all_tables import Tables
from orchestrator.report.tables.glance import glance_tables
from orchestrator.report.tables.table import Table, Value
from orchestrator.stats.assessment import whole_grid
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.grid import Cell, Hole
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.tables.conftest import FAST, Results


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


def test_a_hole_fills_its_row_of_readings(tables: Tables) -> None:
    (lost,) = [row.cells for row in tables.readings.rows if row.label == "sigmoid_softmax/top_k"]
    assert set(lost) == {Hole("not run")}


def test_stages_end_with_table_1s_numbers_of_columns_without_unverified_clips(tables: Tables) -> None:
    table = tables.stages
    assert [row.label for row in table.rows] == [
        f"{row}/verified_only" for row in ("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax")
    ]
    for split in ("cv", "private"):
        last = cell(tables.table1, "sigmoid", f"verified_only {split}")
        assert cell(table, "sigmoid/verified_only", f"{split} stage 3") == last
        assert cell(table, "sigmoid/verified_only", f"{split} stage 1") != last


def test_verdicts_are_those_over_the_whole_grid(results: Results, tables: Tables) -> None:
    assert len(tables.verdicts.rows) == 6 * 2 + 2 + 6, (
        "six comparisons on two splits, one on their clips with several labels, six about training"
    )
    for row, result in zip(tables.verdicts.rows, whole_grid(results.claims), strict=True):
        split, verdict = row.cells
        assert row.label.startswith(f"{result.claim.sentence}, {result.claim.scope} (")
        assert split == str(result.evidence)
        if isinstance(result.difference, Difference):
            number = f"{result.difference.estimate:+.4f}"
            assert isinstance(verdict, str)
            assert verdict.startswith(f"{result.words}\n{number} [")
        else:
            assert verdict == result.difference


def test_a_grid_without_two_cells_to_compare_says_so(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["verified_only"], config=FAST)
    results = Results.of(run)
    verdicts = results.tables().verdicts
    assert (verdicts.rows, verdicts.notes) == ((), ("the grid has no two cells that a claim compares",))
    assert glance_tables(results.claims) == ()
