from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orchestrator.files.store import Store, table_of
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.stats.diagnostics import CELL, Diagnostics, diagnose
from orchestrator.stats.judgements import BINS
from tests.orchestrator.fake_run import cell_of, make_fake_run, replace_file, with_noise_truth
from tests.orchestrator.stats.by_hand import rows_by_hand
from tests.orchestrator.stats.conftest import SMALL


def line(table: pd.DataFrame, *cell: object, **where: object) -> Any:
    for name, value in zip(CELL, cell, strict=False):
        table = table[table[name] == value]
    for name, value in where.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("selection", ["top_k", "random_k"])
def test_a_mask_is_judged_as_a_detector_of_wrong_labels(
    run: Run, diagnostics: Diagnostics, selection: str
) -> None:
    all_rows = rows_by_hand(run, cell_of(run, "sigmoid", selection))
    masked = sum(r["m"] for r in all_rows)
    hits = sum(r["m"] for r in all_rows if r["wrong"])
    wrong = sum(r["wrong"] for r in all_rows)
    row = line(diagnostics.by_cell, "sigmoid", selection, 0)
    assert row["judged"] == len(all_rows)
    assert row["masked_share"] == pytest.approx(masked / len(all_rows))
    assert row["base_rate"] == pytest.approx(wrong / len(all_rows))
    assert row["precision"] == pytest.approx(hits / masked)
    assert row["recall"] == pytest.approx(hits / wrong)
    assert row["lift"] == pytest.approx(hits / masked / (wrong / len(all_rows)))


def test_ranking_masks_find_wrong_labels_and_the_control_does_not(diagnostics: Diagnostics) -> None:
    lift = diagnostics.by_cell.groupby("selection")["lift"].mean()
    assert lift["top_k"] > 1.5
    assert lift["threshold"] > 1.5
    assert 0.7 < lift["random_k"] < 1.3


def test_cells_without_results_or_without_unverified_clips_are_left_out(diagnostics: Diagnostics) -> None:
    cells = set(zip(diagnostics.by_cell["activation"], diagnostics.by_cell["selection"], strict=True))
    assert cells == {
        (a, s)
        for a in ("sigmoid", "sigmoid_sparsemax")
        for s in ("keep_all", "top_k", "threshold", "random_k")
    } - {("sigmoid", "threshold")}


def test_a_mask_that_keeps_all_has_no_precision(diagnostics: Diagnostics) -> None:
    row = line(diagnostics.by_cell, "sigmoid", "keep_all", 0)
    assert row["masked_share"] == row["recall"] == 0
    assert np.isnan(row["precision"])


def test_spans_of_time_agree_with_a_count_by_hand(run: Run, diagnostics: Diagnostics) -> None:
    cell = cell_of(run, "sigmoid_sparsemax", "threshold")
    all_rows = rows_by_hand(run, cell)
    table = diagnostics.over_time
    table = table[(table["activation"] == cell.activation) & (table["selection"] == cell.selection)]
    assert len(table) == 2 * BINS  # 30 iterations
    for row in table.to_dict("records"):
        within = [r for r in all_rows if r["fold"] == row["fold"] and row["first"] <= r["t"] <= row["last"]]
        masked = sum(r["m"] for r in within)
        assert row["judged"] == len(within)
        assert row["masked_share"] == pytest.approx(masked / len(within))
        if masked:
            assert row["precision"] == pytest.approx(sum(r["m"] * r["wrong"] for r in within) / masked)
    assert table["judged"].sum() == len(all_rows)
    assert (table["first"].min(), table["last"].max()) == (5, 34)


def test_every_label_of_a_clip_counts_for_its_class(run: Run, diagnostics: Diagnostics) -> None:
    cell = cell_of(run, "sigmoid", "top_k")
    judged: dict[str, float] = defaultdict(float)
    masked: dict[str, float] = defaultdict(float)
    for r in rows_by_hand(run, cell):
        for label in r["labels"]:
            judged[label] += 1
            masked[label] += r["m"]
    table = diagnostics.by_class
    table = table[(table["activation"] == "sigmoid") & (table["selection"] == "top_k")]
    for name, spans in table.groupby("class"):
        assert spans["judged"].sum() == judged[str(name)]
        assert (spans["judged"] * spans["masked_share"]).sum() == pytest.approx(masked[str(name)])


def test_masked_share_by_kind_of_label(run: Run, diagnostics: Diagnostics) -> None:
    truth = run.noise_truth
    assert truth is not None
    assert diagnostics.by_kind is not None
    kind = dict(zip(truth["fname"], truth["kind"], strict=True))
    all_rows = rows_by_hand(run, cell_of(run, "sigmoid", "top_k"))
    for name in set(kind.values()):
        masked = [r["m"] for r in all_rows if kind[r["fname"]] == name]
        row = line(diagnostics.by_kind, "sigmoid", "top_k", 0, kind=name)
        assert (row["judged"], row["masked_share"]) == (len(masked), pytest.approx(np.mean(masked)))


def test_soft_weights_count_in_part(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",), numbers=SMALL)
    cell = cell_of(run, "sigmoid", "top_k")
    for fold in range(2):
        table = table_of(run.leg_of(cell).fold(fold).read(artifacts.JUDGEMENTS))
        soft = pa.array(np.full(len(table), 0.75, np.float32))
        replace_file(run, cell, fold, artifacts.JUDGEMENTS, table.set_column(4, "keep", soft))
    assert line(diagnose(run).by_cell, "sigmoid", "top_k", 0)["masked_share"] == pytest.approx(0.25)


def test_without_known_truth_only_shares_are_told(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",), numbers=SMALL)
    diagnostics = diagnose(with_noise_truth(run, None))
    assert diagnostics.precision_at is None
    assert diagnostics.by_kind is None
    assert "precision" not in diagnostics.by_cell
    assert "wrong" not in diagnostics.suspects
    assert len(diagnostics.suspects) == SMALL.unverified


def test_a_run_that_judged_nothing_has_empty_tables(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("verified_only",), numbers=SMALL)
    diagnostics = diagnose(run)
    assert all(
        len(t) == 0
        for t in (diagnostics.over_time, diagnostics.by_class, diagnostics.by_cell, diagnostics.suspects)
    )
    diagnostics.write(Store.open(tmp_path / "report"))
    assert (tmp_path / "report" / "suspects.csv").read_text().startswith("rank,fname,labels,suspicion,seen")
