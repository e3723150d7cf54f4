from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.legs.run import Run
from orchestrator.stats.diagnostics import Diagnostics
from orchestrator.stats.grid import Cell
from orchestrator.stats.suspects import TOP, places, precision_at
from tests.orchestrator.stats.by_hand import rows_by_hand


def test_suspects_are_ordered_by_their_place_among_clips_with_as_many_labels(
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
    labels = dict(zip(run.clips["fname"], map(len, run.clips["labels"]), strict=True))
    assert {1, 2} == {labels[name] for name in seen}
    for name, row in table.to_dict("index").items():
        peers = [table["strength"][other] for other in seen if labels[other] == labels[name]]
        below = sum(value < row["strength"] for value in peers)
        assert row["suspicion"] == pytest.approx((below + 0.5) / len(peers))
    order = sorted(seen, key=lambda name: (-table["suspicion"][name], -table["strength"][name], name))
    assert table.index.tolist() == order
    assert diagnostics.suspects["rank"].tolist() == list(range(1, len(seen) + 1))


def test_a_right_clip_with_several_labels_is_no_suspect() -> None:
    """Every label costs 3, a wrong clip 2 more: ordered by the loss, clips with three labels come first."""
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2, 3], [280, 80, 40])
    wrong = rng.random(400) < 0.3
    strength = 3.0 * labels + 2 * wrong + 0.5 * rng.standard_normal(400)

    def precision(order: np.ndarray) -> float:
        return float(wrong[np.argsort(-order)[:50]].mean())

    assert precision(strength) < 0.5
    assert precision(places(strength, labels)) > 0.95


@given(st.lists(st.tuples(st.integers(1, 3), st.floats(-5, 5)), min_size=1, max_size=40, unique=True))
def test_places_are_even_in_every_group_and_know_no_scale(clips: list[tuple[int, float]]) -> None:
    group, values = np.array([g for g, _ in clips]), np.array([v for _, v in clips])
    found = places(values, group)
    for g in np.unique(group):
        own, n = found[group == g], int((group == g).sum())
        np.testing.assert_allclose(np.sort(own), (np.arange(n) + 0.5) / n)
        assert (np.argsort(own) == np.argsort(values[group == g])).all()


def test_few_clips_cannot_fill_the_top_of_the_list() -> None:
    found = places(np.arange(104.0), np.repeat([1, 2, 3], [100, 3, 1]))
    assert found[-1] == 0.5  # without a peer nothing is known
    assert (np.argsort(-found)[:16] < 100).all()  # of the three the highest has 1 - 1 / 6


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
