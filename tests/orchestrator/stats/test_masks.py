"""Tables about masks against counts by hand."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.inputs import Inputs, Judged
from orchestrator.stats.masks import BINS, BY_LABELS, CELL, MaskTables, diagnose
from orchestrator.stats.suspects import Columns
from tests.orchestrator.fake_data import Numbers
from tests.orchestrator.stats.by_hand import SMALL, judgements_by_hand
from tests.orchestrator.stats.made import made_inputs, without_truth

TOP_K, THRESHOLD = Cell("sigmoid", "top_k", 0), Cell("sigmoid_softmax", "threshold", 0)
LOST = Entry("sigmoid", "threshold")
COLUMNS = ("verified_only", "keep_all", "top_k", "threshold", "random_k")


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return made_inputs(columns=COLUMNS, numbers=SMALL, missing=[LOST])


@pytest.fixture(scope="module")
def tables(inputs: Inputs) -> MaskTables:
    return diagnose(inputs)


def of_cell(columns: Columns, cell: Cell, **where: object) -> pd.DataFrame:
    table = pd.DataFrame(dict(columns))
    wanted = dict(zip(CELL, (cell.activation, cell.selection, cell.seed), strict=True)) | where
    return table[np.logical_and.reduce([table[name] == value for name, value in wanted.items()])]


def line(columns: Columns, cell: Cell, **where: object) -> Any:
    table = of_cell(columns, cell, **where)
    assert len(table) == 1
    return table.iloc[0]


@pytest.mark.parametrize("selection", ["top_k", "random_k"])
def test_a_mask_is_judged_as_a_detector_of_wrong_labels(
    inputs: Inputs, tables: MaskTables, selection: str
) -> None:
    cell = Cell("sigmoid", selection, 0)
    by_hand = judgements_by_hand(inputs, cell)
    masked, wrong = sum(j["m"] for j in by_hand), sum(j["wrong"] for j in by_hand)
    hits, judged = sum(j["m"] for j in by_hand if j["wrong"]), len(by_hand)
    row = line(tables.by_cell, cell)
    assert row["judged"] == judged
    names = ["masked_share", "base_rate", "precision", "recall", "lift"]
    base = wrong / judged
    expected = [masked / judged, base, hits / masked, hits / wrong, hits / masked / base]
    assert row[names].tolist() == pytest.approx(expected)


def test_ranking_masks_find_wrong_labels_and_the_control_does_not(tables: MaskTables) -> None:
    lift = pd.DataFrame(dict(tables.by_cell)).groupby("selection")["lift"].mean()
    assert min(lift["top_k"], lift["threshold"]) > 1.3
    assert 0.7 < lift["random_k"] < 1.3
    assert np.isnan(lift["keep_all"]), "it masks nothing"


def test_spans_of_time_agree_with_a_count_by_hand(inputs: Inputs, tables: MaskTables) -> None:
    by_hand, table = judgements_by_hand(inputs, THRESHOLD), of_cell(tables.over_time, THRESHOLD)
    assert len(table) == 2 * BINS  # 30 iterations
    for row in table.to_dict("records"):
        within = [j for j in by_hand if j["fold"] == row["fold"] and row["first"] <= j["t"] <= row["last"]]
        masked = sum(j["m"] for j in within)
        assert row["judged"] == len(within)
        assert row["masked_share"] == pytest.approx(masked / len(within))
        if masked:
            assert row["precision"] == pytest.approx(sum(j["m"] * j["wrong"] for j in within) / masked)
    assert table["judged"].sum() == len(by_hand)
    assert (table["first"].min(), table["last"].max()) == (5, 34)


def test_every_label_of_a_clip_counts_for_its_class(inputs: Inputs, tables: MaskTables) -> None:
    masks: dict[str, list[float]] = defaultdict(list)
    for judged in judgements_by_hand(inputs, TOP_K):
        for label in judged["labels"]:
            masks[label].append(judged["m"])
    table = of_cell(tables.by_class, TOP_K)
    for name, of_class in table.groupby("class"):
        assert of_class["judged"].sum() == len(masks[str(name)])
        total = (of_class["judged"] * of_class["masked_share"].fillna(0)).sum()
        assert total == pytest.approx(sum(masks[str(name)]))


def test_shares_by_kind_and_number_of_labels_agree_with_a_count_by_hand(
    inputs: Inputs, tables: MaskTables
) -> None:
    by_hand = judgements_by_hand(inputs, TOP_K)
    assert tables.by_kind is not None
    for kind in {j["kind"] for j in by_hand}:
        masks = [j["m"] for j in by_hand if j["kind"] == kind]
        row = line(tables.by_kind, TOP_K, kind=kind)
        assert (row["judged"], row["masked_share"]) == (len(masks), pytest.approx(np.mean(masks)))
    assert set(of_cell(tables.by_labels, TOP_K)["labels"]) == {1, 2}
    for count in (1, 2):
        own = [j for j in by_hand if len(j["labels"]) == count]
        right, wrong = ([j["m"] for j in own if j["wrong"] == kind] for kind in (False, True))
        row = line(tables.by_labels, TOP_K, labels=count)
        assert (row["clips"], row["judged"]) == (len({j["clip"] for j in own}), len(own))
        shares = row[["masked_share", "masked_right", "masked_wrong"]].tolist()
        assert shares == pytest.approx([np.mean(right + wrong), np.mean(right), np.mean(wrong)])


def test_soft_weights_count_in_part() -> None:
    inputs = made_inputs(columns=["top_k"], numbers=SMALL)

    def soft(cell: Cell, fold: int) -> Judged:
        judged = inputs.judged(cell, fold)
        return replace(judged, masked=np.full_like(judged.masked, 0.25))

    tables = diagnose(replace(inputs, judged=soft))
    assert line(tables.by_cell, TOP_K)["masked_share"] == pytest.approx(0.25)


def test_without_known_truth_only_shares_are_told() -> None:
    tables = diagnose(without_truth(made_inputs(columns=["top_k"], numbers=SMALL)))
    assert tables.precision_at is tables.by_kind is None
    assert "precision" not in tables.by_cell
    assert "wrong" not in tables.suspects
    assert np.isnan([tables.by_labels[name] for name in ("masked_right", "masked_wrong")]).all()
    assert not np.isnan(tables.by_labels["masked_share"]).any()
    assert len(tables.suspects["rank"]) == SMALL.unverified


def test_a_run_that_judged_nothing_has_empty_tables() -> None:
    tables = diagnose(made_inputs(columns=["verified_only"], numbers=Numbers(verified=24, unverified=8)))
    for columns in (tables.over_time, tables.by_class, tables.by_cell, tables.suspects):
        assert {len(values) for values in columns.values()} == {0}
    assert tuple(tables.by_labels) == BY_LABELS
