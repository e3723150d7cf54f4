import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from orchestrator.legs.run import Run
from orchestrator.report.figures.masks import worklist_precision
from orchestrator.report.figures.style import (
    SERIES,
    Picture,
    band,
    legend_below,
    looks,
    mark_stages,
    sheet,
)
from tests.orchestrator.measured import diagnostics_of
from tests.orchestrator.report.figures.drawn import empty_axes


def test_the_users_settings_of_matplotlib_stay_and_do_not_matter(run: Run, made: dict[str, Picture]) -> None:
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9}):
        with sheet():
            again = worklist_precision(diagnostics_of(run))
        assert again == made["suspects"]
        assert mpl.rcParams["font.size"] == 30


def test_every_series_differs_without_colour() -> None:
    assert len({str(line) + marker for _, line, marker in SERIES}) == len(SERIES)
    assert len({color for color, _, _ in SERIES}) == len(SERIES)
    many = [str(number) for number in range(len(SERIES) ** 2)]
    assert len({(look.color, str(look.line), look.marker) for look in looks(many).values()}) == len(many)
    assert looks(many)["0"].color == looks(["0"])["0"].color
    assert looks(many)["0"].shade < looks(["0"])["0"].shade


def test_a_band_is_mean_lowest_and_highest_with_gaps() -> None:
    axes = Figure().subplots()
    values = np.array([[1.0, np.nan, 3.0, 0.0], [3.0, np.nan, np.nan, 4.0]])
    with sheet():
        band(axes, np.arange(4.0), values, looks(["x"])["x"], "x")
        band(axes, np.arange(4.0), np.full((2, 4), np.nan), looks(["x"])["x"], "nothing")
    assert len(axes.lines) == 1
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2, np.nan, 3, 2])
    heights = {
        y for path in axes.collections[0].get_paths() for y in np.asarray(path.vertices)[:, 1].tolist()
    }
    assert heights == {0, 1, 3, 4}


def test_a_legend_has_every_label_of_all_panels_once() -> None:
    figure = Figure(layout="constrained")
    panels = figure.subplots(1, 2)
    for panel, labels in zip(panels, ("ab", "bc"), strict=True):
        for label in labels:
            panel.plot([0, 1], label=label)
    legend_below(figure, panels)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b", "c"]


def test_stages_are_parted_by_lines_and_named_in_their_middles() -> None:
    axes = empty_axes()
    mark_stages(axes, [10, 30, 40], names=True)
    assert [line.get_xdata()[0] for line in axes.lines] == [10, 30]  # type: ignore[index]
    (above,) = axes.child_axes
    assert above.get_xticks().tolist() == [5, 20, 35]
    assert [label.get_text() for label in above.get_xticklabels()] == ["stage 1", "stage 2", "stage 3"]
    assert axes.get_xlim() == (0, 40)
