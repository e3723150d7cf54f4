from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from orchestrator.artifacts.run import Run
from orchestrator.plan.legs import Cell
from orchestrator.report.selection.diagnostics import Diagnostics
from orchestrator.report.selection.suspects import TOP, precision_at
from tests.orchestrator.report.selection.by_hand import rows_by_hand


def test_suspects_are_ordered_by_how_often_then_how_strongly_masked(
    run: Run, diagnostics: Diagnostics
) -> None:
    cells = [
        Cell("sigmoid", "top_k", 0),
        Cell("sigmoid_sparsemax", "top_k", 0),
        Cell("sigmoid_sparsemax", "threshold", 0),
    ]
    seen: dict[str, int] = defaultdict(int)
    masked: dict[str, float] = defaultdict(float)
    excess: dict[str, float] = defaultdict(float)
    for cell in cells:  # neither the cell that keeps all nor the random control
        batches = defaultdict(list)
        for r in rows_by_hand(run, cell):
            batches[r["fold"], r["t"]].append(r)
        for batch in batches.values():
            losses = np.array([r["loss"] for r in batch])
            count = round(sum(r["m"] for r in batch))
            limit = sorted(losses)[-max(1, count)]
            for r in batch:
                seen[r["fname"]] += 1
                masked[r["fname"]] += r["m"]
                excess[r["fname"]] += (r["loss"] - limit) / losses.std()
    table: Any = diagnostics.suspects.set_index("fname")
    assert set(table.index) == set(seen)
    for name, row in table.to_dict("index").items():
        assert (row["seen"], row["masked"]) == (seen[name], pytest.approx(masked[name]))
        assert row["strength"] == pytest.approx(excess[name] / seen[name], abs=1e-6)
    order = sorted(seen, key=lambda name: (-masked[name] / seen[name], -table["strength"][name], name))
    assert table.index.tolist() == order
    assert diagnostics.suspects["rank"].tolist() == list(range(1, len(seen) + 1))


def test_suspects_show_the_models_own_top_classes(run: Run, diagnostics: Diagnostics) -> None:
    cells = [
        Cell("sigmoid", "top_k", 0),
        Cell("sigmoid_sparsemax", "top_k", 0),
        Cell("sigmoid_sparsemax", "threshold", 0),
    ]
    logs = [
        np.log(dict(zip(f.rows.tolist(), f.scores.astype(np.float64), strict=True))[row])
        for row in [int(np.flatnonzero(run.clips["fname"] == diagnostics.suspects["fname"][0])[0])]
        for cell in cells for f in (run.unverified_scores(cell, fold) for fold in range(2))
    ]  # fmt: skip
    mean = np.exp(np.mean(logs, axis=0))
    best = np.argsort(-mean)[:TOP]
    first = diagnostics.suspects.iloc[0]
    assert [first[f"class_{i + 1}"] for i in range(TOP)] == [run.manifest.vocabulary[c] for c in best]
    np.testing.assert_allclose([first[f"score_{i + 1}"] for i in range(TOP)], mean[best])


def test_precision_at_n_is_above_the_base_rate(diagnostics: Diagnostics) -> None:
    assert diagnostics.precision_at is not None
    assert diagnostics.precision_at["n"].tolist() == [10, 25]  # 40 clips
    assert diagnostics.precision_at["precision"][0] == diagnostics.suspects["wrong"][:10].mean()
    assert diagnostics.precision_at["lift"][0] > 1.5


def test_precision_of_a_short_or_empty_list() -> None:
    assert precision_at(pd.DataFrame({"wrong": [1] * 12}))["n"].tolist() == [10]
    assert precision_at(pd.DataFrame({"wrong": np.zeros(12, int)}))["lift"].isna().all()
    assert precision_at(pd.DataFrame({"wrong": np.zeros(0, int)})).empty
