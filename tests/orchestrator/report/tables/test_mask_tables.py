from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from orchestrator.report.diagnostics import Diagnostics
from orchestrator.report.tables.mask_tables import SUSPECTS, mask_tables, suspect_table
from orchestrator.stats.grid import Hole
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import diagnostics_of

SMALL = Numbers(verified=24, unverified=40, test=10, classes=5, iterations=(4, 10, 3), batch=16)


@pytest.fixture(scope="module")
def diagnostics(tmp_path_factory: pytest.TempPathFactory) -> Diagnostics:
    columns = ("verified_only", "keep_all", "top_k")
    folder = tmp_path_factory.mktemp("run")
    return diagnostics_of(make_fake_run(folder, activations=("sigmoid",), selections=columns, numbers=SMALL))


def test_what_was_masked_has_a_row_for_each_cell_that_judges(diagnostics: Diagnostics) -> None:
    table = mask_tables(diagnostics)[0]
    assert [row.label for row in table.rows] == ["sigmoid/keep_all", "sigmoid/top_k"]
    titles = [column.title for column in table.columns]
    kept, masked = (dict(zip(titles, row.cells, strict=True)) for row in table.rows)
    assert kept["share masked"] == "0.000"
    assert kept["precision"] == Hole("n/a")  # nothing masked: no share of it is right
    written = diagnostics.by_cell.set_index("selection").loc["top_k"]
    assert masked["precision"] == f"{written['precision']:.3f}"
    assert masked["judgements"] == f"{written['judged']:,}"
    assert masked["precision / base rate"] == f"{written['lift']:.2f}"


def test_kinds_and_the_worklists_precision_have_tables_where_truth_is_known(diagnostics: Diagnostics) -> None:
    *_, by_kind, precision = mask_tables(diagnostics)
    assert [column.title for column in by_kind.columns] == ["in_vocabulary", "out_of_vocabulary", "right"]
    assert [row.label for row in precision.rows] == ["first 10", "first 25"]
    number = diagnostics.by_labels.assign(masked_right=np.nan, masked_wrong=np.nan)
    unknown = replace(diagnostics, by_labels=number, by_kind=None, precision_at=None)
    titles = [table.title for table in mask_tables(unknown)]
    assert titles == ["What was masked, over all folds and iterations", "Share masked by number of labels"]


def test_masking_is_told_by_number_of_labels_and_for_right_labels(diagnostics: Diagnostics) -> None:
    _, every, right, *_ = mask_tables(diagnostics)
    written = diagnostics.by_labels.set_index(["selection", "labels"])
    for table, share in ((every, "masked_share"), (right, "masked_right")):
        assert [column.title for column in table.columns] == ["1 label", "2 labels"]
        cells = dict(zip((row.label for row in table.rows), (row.cells for row in table.rows), strict=True))
        assert cells["sigmoid/keep_all"] == ("0.000", "0.000")
        assert cells["sigmoid/top_k"] == tuple(f"{written[share]['top_k', n]:.3f}" for n in (1, 2))


def test_the_worklist_is_cut_and_says_what_is_right(diagnostics: Diagnostics) -> None:
    table = suspect_table(diagnostics)
    assert table is not None
    assert len(table.rows) == SUSPECTS
    assert [row.label for row in table.rows] == diagnostics.suspects["fname"][:SUSPECTS].tolist()
    for row, wrong in zip(table.rows, diagnostics.suspects["wrong"], strict=False):
        assert str(row.cells[-1]).endswith("(labels are right)") != bool(wrong)


def test_without_judgements_there_are_no_tables(diagnostics: Diagnostics) -> None:
    nothing = {name: table.iloc[:0] for name, table in vars(diagnostics).items()}
    empty = Diagnostics(**nothing)
    assert mask_tables(empty) == []
    assert suspect_table(empty) is None


def test_cells_of_other_seeds_say_so(diagnostics: Diagnostics) -> None:
    frame = pd.concat([diagnostics.by_cell, diagnostics.by_cell.assign(seed=np.int64(3))])
    seeds = replace(diagnostics, by_cell=frame, by_kind=None, precision_at=None)
    assert [row.label for row in mask_tables(seeds)[0].rows][-1] == "sigmoid/top_k, seed 3"
