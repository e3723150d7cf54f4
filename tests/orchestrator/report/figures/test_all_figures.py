import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.report.claims.claims import judge_claims
from orchestrator.report.figures.all_figures import make_figures, write_figures
from orchestrator.report.figures.curves import bin_edges, bin_width, binned, read_curves
from orchestrator.report.figures.masks import worklist_precision
from orchestrator.report.figures.style import SERIES, Picture, band, looks, style
from orchestrator.report.scores.run_scores import score_run
from orchestrator.report.selection.diagnostics import diagnose
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import Numbers, make_fake_run

SMALL = Numbers(verified=24, unverified=30, test=16, classes=4, iterations=(8, 8, 4), batch=16)


def figures(run: Run) -> dict[str, Picture]:
    scores = score_run(run, ReportSettings(resamples=100))
    return {p.name: p for p in make_figures(run, scores, judge_claims(run, scores), diagnose(run))}


def texts(picture: Picture) -> set[str]:
    root = ET.fromstring(picture.svg)
    return {"".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), numbers=SMALL, activations=("sigmoid", "sigmoid_softmax"),
        failed=[("sigmoid_softmax", "threshold")], vocabulary=["a_b", "$x^2$", "<b>&\"", "d"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(run: Run) -> dict[str, Picture]:
    return figures(run)


def test_all_figures_are_made(made: dict[str, Picture]) -> None:
    assert list(made) == [
        "grid", "claims", "figure4-sigmoid", "figure4-sigmoid_softmax", "curves", "classes", "masks",
        "suspects", "masked-classes",
    ]  # fmt: skip
    for picture in made.values():
        assert picture.png.startswith(b"\x89PNG")
        assert picture.title
        assert picture.caption.endswith(".")
        assert picture.alt.endswith(".")


def test_the_same_run_gives_the_same_bytes(run: Run, made: dict[str, Picture]) -> None:
    again = figures(run)
    assert all(again[name].svg == picture.svg for name, picture in made.items())
    assert all(again[name].png == picture.png for name, picture in made.items())
    assert all(b"<dc:date>" not in picture.svg for picture in made.values())


def test_the_grid_shows_every_score_and_hole(run: Run, made: dict[str, Picture]) -> None:
    shown = texts(made["grid"])
    scores = score_run(run, ReportSettings(resamples=100))
    for entry in scores.entries.values():
        found = {
            f"{s.value:.4f}"
            for w, s in entry.scores.items()
            if w[:6] == ("cv", "folds", "raw", "all", "group", None)
        }
        assert len(found) == 1
        assert found <= shown
    assert "failed" in shown


def test_names_of_classes_are_text_not_markup_or_mathematics(made: dict[str, Picture]) -> None:
    shown = texts(made["masked-classes"])
    assert {"$x^2$", '<b>&"', "a_b"} <= shown
    assert b"<b>" not in made["masked-classes"].svg


def test_axes_of_figure_4_have_names_and_units(made: dict[str, Picture]) -> None:
    shown = texts(made["figure4-sigmoid"])
    assert {"(a) F-score", "(b) loss", "(c) selection threshold", "iteration", "stage 2"} <= shown
    assert any("nats" in text for text in shown)
    assert {"verified_only", "top_k", "threshold"} <= shown


def test_a_figure_tells_what_it_does_not_show(made: dict[str, Picture]) -> None:
    assert "threshold: failed: RuntimeError: out of memory" in made["figure4-sigmoid_softmax"].caption
    assert "Not shown" not in made["figure4-sigmoid"].caption


def test_an_unfinished_run_without_results_has_no_figures(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path,
        numbers=SMALL,
        activations=("sigmoid",),
        selections=("top_k",),
        missing=[("sigmoid", "top_k")],
    )
    assert figures(run) == {}


def test_one_cell_without_test_labels(tmp_path: Path) -> None:
    numbers = Numbers(
        verified=24, unverified=30, test=16, classes=4, iterations=(1, 1, 1), labelled_test=False
    )
    run = make_fake_run(tmp_path, numbers=numbers, activations=("sigmoid",), selections=("verified_only",))
    assert list(figures(run)) == ["grid", "figure4-sigmoid", "curves", "classes"]


def test_files_are_written(run: Run, made: dict[str, Picture], tmp_path: Path) -> None:
    write_figures(list(made.values()), Store.open(tmp_path))
    assert (tmp_path / "figures" / "grid.svg").read_bytes() == made["grid"].svg
    assert len(list((tmp_path / "figures").iterdir())) == 2 * len(made)


def test_the_users_settings_of_matplotlib_stay_and_do_not_matter(run: Run, made: dict[str, Picture]) -> None:
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9}):
        with style():
            again = worklist_precision(diagnose(run))
        assert again == made["suspects"]
        assert mpl.rcParams["font.size"] == 30


def test_every_series_differs_without_colour() -> None:
    assert len({str(line) + marker for _, line, marker in SERIES}) == len(SERIES)
    assert len({color for color, _, _ in SERIES}) == len(SERIES)
    assert looks(list("abcdefghij"))["i"] == looks(["i"])["i"]


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
    found = binned(values, np.array([0, 2, 3, 5]))
    np.testing.assert_array_equal(found.mean, [[2, np.nan, 5], [3, np.nan, 7]])
    np.testing.assert_array_equal(found.low, [1, np.nan, 5])
    np.testing.assert_array_equal(found.high, [4, np.nan, 7])
    np.testing.assert_array_equal(found.middle, [1.5, 3, 4.5])  # iterations are counted from 1


def test_a_band_is_mean_lowest_and_highest_with_gaps() -> None:
    axes = Figure().subplots()
    values = np.array([[1.0, np.nan, 3.0, 0.0], [3.0, np.nan, np.nan, 4.0]])
    with style():
        band(axes, np.arange(4.0), values, looks(["x"])["x"], "x")
        band(axes, np.arange(4.0), np.full((2, 4), np.nan), looks(["x"])["x"], "nothing")
    assert len(axes.lines) == 1
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2, np.nan, 3, 2])
    heights = {
        y for path in axes.collections[0].get_paths() for y in np.asarray(path.vertices)[:, 1].tolist()
    }
    assert heights == {0, 1, 3, 4}


def test_the_threshold_of_a_column_is_eta_or_the_ranked_loss(run: Run) -> None:
    curves = read_curves(run)
    assert curves["sigmoid", "threshold"].limit == "eta"
    assert curves["sigmoid", "top_k"].limit == "T"
    assert ("sigmoid_softmax", "threshold") not in curves


def test_seeds_are_series_of_their_own(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path, numbers=SMALL, activations=("sigmoid",), selections=("top_k",), seeds=(0, 1)
    )
    assert len(read_curves(run)["sigmoid", "top_k"].folds) == 4
    assert "folds and seeds" in figures(run)["figure4-sigmoid"].caption
