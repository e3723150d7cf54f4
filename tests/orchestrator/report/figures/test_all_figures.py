from pathlib import Path

from orchestrator.artifacts.run import Run
from orchestrator.report.figures.all_figures import write_figures
from orchestrator.report.figures.style import Picture
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import Numbers, make_fake_run
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


def test_an_unfinished_run_without_results_has_no_figures(tmp_path: Path) -> None:
    run = make_fake_run(
        tmp_path,
        numbers=SMALL,
        activations=("sigmoid",),
        selections=("top_k",),
        missing=[("sigmoid", "top_k")],
        config=QUICK,
    )
    assert figures(run) == {}


def test_one_cell_without_test_labels(tmp_path: Path) -> None:
    numbers = Numbers(
        verified=24, unverified=30, test=16, classes=4, iterations=(1, 1, 1), labelled_test=False
    )
    run = make_fake_run(
        tmp_path, numbers=numbers, activations=("sigmoid",), selections=("verified_only",), config=QUICK
    )
    assert list(figures(run)) == ["grid", "figure4-sigmoid", "curves", "classes"]


def test_files_are_written(run: Run, made: dict[str, Picture], tmp_path: Path) -> None:
    write_figures(list(made.values()), Store.open(tmp_path))
    assert (tmp_path / "figures" / "grid.svg").read_bytes() == made["grid"].svg
    assert len(list((tmp_path / "figures").iterdir())) == 2 * len(made)
