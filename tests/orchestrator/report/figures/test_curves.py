from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.legs.run import Run
from orchestrator.report.figures.curves import (
    bin_edges,
    bin_width,
    binned,
    evaluated,
    limit,
    read_curves,
    values_of,
)
from orchestrator.report.figures.style import Picture, looks
from orchestrator.stats.grid import Entry
from tests.orchestrator.fake_run import cell_of, make_fake_run
from tests.orchestrator.report.figures.drawn import QUICK, SMALL, empty_axes, figures, texts


def test_axes_of_figure_4_have_names_and_units(made: dict[str, Picture]) -> None:
    shown = texts(made["figure4-sigmoid"])
    assert {"(a) F-score", "(b) loss", "(c) selection threshold", "iteration", "stage 2"} <= shown
    assert any("nats" in text for text in shown)
    assert {"verified_only", "top_k", "threshold"} <= shown


def test_a_figure_tells_what_it_does_not_show(made: dict[str, Picture]) -> None:
    assert "threshold: failed: RuntimeError: out of memory" in made["figure4-sigmoid_softmax"].note
    assert made["figure4-sigmoid"].note == ""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=4), st.integers(1, 120))
def test_bins_are_of_one_width_and_end_with_the_stages(iterations: list[int], points: int) -> None:
    ends = np.cumsum(iterations).tolist()
    edges = bin_edges(ends, points)
    assert edges[0] == 0
    assert set(ends) <= set(edges.tolist())
    assert (np.diff(edges) >= 1).all()
    assert (np.diff(edges) <= bin_width(ends, points)).all()
    assert len(edges) - 1 <= points + len(ends)


def test_a_bin_is_the_mean_of_its_iterations_and_spans_all_folds() -> None:
    values = np.array([[1.0, 3.0, np.nan, np.nan, 5.0], [2.0, 4.0, np.nan, 7.0, np.nan]])
    mean, low, high = binned(values, np.array([0, 2, 3, 5]))
    np.testing.assert_array_equal(mean, [[2, np.nan, 5], [3, np.nan, 7]])
    np.testing.assert_array_equal(low, [1, np.nan, 5])
    np.testing.assert_array_equal(high, [4, np.nan, 7])


def test_the_threshold_of_a_column_is_eta_or_the_ranked_loss(run: Run) -> None:
    curves = read_curves(run)
    assert limit(curves[Entry("sigmoid", "threshold")]) == "eta"
    assert limit(curves[Entry("sigmoid", "top_k")]) == "T"
    assert Entry("sigmoid_softmax", "threshold") not in curves


def test_seeds_are_series_of_their_own(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path, numbers=SMALL, activations=("sigmoid",), selections=("top_k",), seeds=(0, 1), config=QUICK
    )
    assert len(read_curves(run)[Entry("sigmoid", "top_k")]) == 4
    assert "folds and seeds" in figures(run)["figure4-sigmoid"].caption


def test_curves_are_those_that_the_folds_have_written(run: Run) -> None:
    curves = read_curves(run)[Entry("sigmoid", "threshold")]
    for fold in range(2):
        written = run.curves(cell_of(run, "sigmoid", "threshold"), fold)["loss"].to_numpy(float)
        assert np.array_equal(values_of(curves, "loss")[fold], written)


def test_a_score_is_drawn_at_evaluations_alone() -> None:
    axes = empty_axes()
    values = np.full((2, 10), np.nan)
    values[:, [4, 9]] = [[0.2, 0.6], [0.4, 0.8]]
    evaluated(axes, values, looks(["x"])["x"], "x")
    line = axes.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), [5, 10])  # iterations are counted from 1
    assert np.asarray(line.get_ydata()).tolist() == pytest.approx([0.3, 0.7])
    assert line.get_marker() == "o"
