from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.figures.draw import write_figures
from orchestrator.report.figures.style import Picture
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.figures.drawn import QUICK, SMALL, figures


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


@pytest.mark.parametrize(
    ("missing", "names"),
    [([], ["grid", "figure4-sigmoid", "curves", "classes"]), ([("sigmoid", "verified_only")], [])],
)
def test_one_cell_without_test_labels(
    tmp_path: Path, missing: list[tuple[str, str]], names: list[str]
) -> None:
    numbers = replace(SMALL, iterations=(1, 1, 1), labelled_test=False)
    columns = ("verified_only",)
    run = make_fake_run(
        tmp_path, numbers=numbers, activations=("sigmoid",), selections=columns, missing=missing, config=QUICK
    )
    assert list(figures(run)) == names


def test_files_are_written(run: Run, made: dict[str, Picture], tmp_path: Path) -> None:
    write_figures(list(made.values()), Store.open(tmp_path))
    assert (tmp_path / "figures" / "grid.svg").read_bytes() == made["grid"].svg
    assert len(list((tmp_path / "figures").iterdir())) == 2 * len(made)


WIDE = {
    "verified_only": {}, "keep_all": {}, "random_k": {"k": 3}, "top_k": {"k": 3}, "threshold": {"k": 3},
    "max_outlier": {}, "lq": {}, "top_k_per_label": {"mechanism": "top_k", "k": 3, "rank_by": "per_label"},
    "threshold_per_label": {"mechanism": "threshold", "k": 3, "rank_by": "per_label"},
}  # fmt: skip
ROWS = ("sigmoid", "asymmetric", "sigmoid_softmax", "sigmoid_entmax15", "sigmoid_sparsemax")


@pytest.mark.filterwarnings("error")
def test_no_text_of_a_wide_grid_is_cut_off_or_lies_on_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: dict[int, Figure] = {}
    save = Figure.savefig

    def keep(figure: Figure, *args: Any, **options: Any) -> None:
        drawn[id(figure)] = figure
        save(figure, *args, **options)

    monkeypatch.setattr(Figure, "savefig", keep)
    run = make_fake_run(
        tmp_path, numbers=SMALL, activations=ROWS, config=QUICK | {"selections": WIDE},
        vocabulary=["Accelerating", "Hum", "Water_tap", "Run"],
    )  # fmt: skip
    made = figures(run)
    assert len(made) == len(drawn)
    assert "Claims over the whole grid alone" in made["claims"].caption, "hundreds of lines are no figure"
    touching = {
        name: found for name, figure in zip(made, drawn.values(), strict=True) if (found := _touching(figure))
    }
    assert touching == {}


def _touching(figure: Figure) -> list[str]:
    """Texts beyond the edge of a figure, and pairs of texts on each other; slanted ones are not compared."""
    renderer = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    boxes = [(text, text.get_window_extent(renderer)) for text in _shown(figure)]
    edge = figure.bbox.padded(2)
    beyond = [
        text.get_text() for text, box in boxes if not (edge.contains(*box.min) and edge.contains(*box.max))
    ]
    level = [(text.get_text(), box.padded(-1)) for text, box in boxes if text.get_rotation() % 90 == 0]
    pairs = combinations(level, 2)
    return beyond + [f"{one} on {other}" for (one, a), (other, b) in pairs if a.overlaps(b)]


def _shown(figure: Figure) -> list[Text]:
    """All texts but those of hidden axes and of ticks outside of their axes' limits."""
    hidden: set[Text] = set()
    for axes in figure.axes:
        hidden.update(() if axes.get_visible() else axes.findobj(Text))
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [*axis.majorTicks, *axis.minorTicks]
            outside = [tick for tick in ticks if not low <= tick.get_loc() <= high]
            hidden.update(label for tick in outside for label in (tick.label1, tick.label2))
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    return [text for text in texts if text not in hidden]
