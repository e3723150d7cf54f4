from collections import defaultdict

import numpy as np
import pytest

from orchestrator.legs.run import Run
from orchestrator.legs.tables import BY_LABELS
from orchestrator.stats.by_labels import labels_table, rows_by_labels
from orchestrator.stats.diagnostics import Diagnostics
from orchestrator.stats.judgements import read_judged
from tests.orchestrator.fake_run import cell_of
from tests.orchestrator.stats.by_hand import rows_by_hand


def test_shares_by_number_of_labels_agree_with_a_count_by_hand(run: Run, diagnostics: Diagnostics) -> None:
    table = diagnostics.by_labels
    table = table[(table["activation"] == "sigmoid") & (table["selection"] == "top_k")]
    masked: dict[tuple[int, bool], list[float]] = defaultdict(list)
    names: dict[int, set[str]] = defaultdict(set)
    for judged in rows_by_hand(run, cell_of(run, "sigmoid", "top_k")):
        masked[len(judged["labels"]), judged["wrong"]].append(judged["m"])
        names[len(judged["labels"])].add(judged["fname"])
    assert table["labels"].tolist() == sorted(names) == [1, 2]
    for row in table.to_dict("records"):
        right, wrong = (masked[row["labels"], kind] for kind in (False, True))
        assert (row["clips"], row["judged"]) == (len(names[row["labels"]]), len(right + wrong))
        shares = (row["masked_share"], row["masked_right"], row["masked_wrong"])
        assert shares == pytest.approx((np.mean(right + wrong), np.mean(right), np.mean(wrong)))


def test_without_known_truth_right_and_wrong_are_empty(run: Run) -> None:
    folds = [read_judged(run, cell_of(run, "sigmoid", "top_k"), fold) for fold in range(2)]
    table = labels_table(rows_by_labels(folds, run.targets.sum(1), None))
    assert table[["masked_right", "masked_wrong"]].isna().all(axis=None)
    assert table["masked_share"].notna().all()


def test_the_columns_are_those_of_the_schema(diagnostics: Diagnostics) -> None:
    for table in (diagnostics.by_labels, labels_table([])):
        assert table.columns.tolist() == BY_LABELS.names
        types = [field.type.to_pandas_dtype() for field in BY_LABELS]
        assert table.dtypes.tolist() == types
