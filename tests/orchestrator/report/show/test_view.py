"""One cell in a terminal."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.legs.run import Run
from orchestrator.report.show.view import CLASSES, SUSPECTS, view_cell
from tests.orchestrator.fake_run import Numbers, make_fake_run

MANY = Numbers(verified=60, unverified=40, test=160, classes=12, iterations=(20, 20, 10), batch=16)
EVIL = "[red]\x1b[31mdog[/]"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), activations=["sigmoid"], numbers=MANY,
        selections=["verified_only", "threshold", "random_k"], vocabulary=[EVIL, *map(str, range(11))],
        config={"report": {"resamples": 100}},
    )  # fmt: skip


def printed(run: Run, name: str | None, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(view_cell(run, name))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_cell_is_shown_with_all_that_is_known_of_it(run: Run, width: int) -> None:
    text = printed(run, "sigmoid/threshold", width)
    first = text.splitlines()[0]
    assert first.startswith("sigmoid/threshold: ")
    assert first.endswith("of 3 cells in cross-validation, seed 0, 2 folds")
    for word in ("loss ", "eta ", "lwlrap ", "|stage 2", "Scores", "private test", "fold 2", "F-score"):
        assert word in text
    assert f"the best {CLASSES} and the worst {CLASSES} of 12" in text
    assert f"Suspects: the first {SUSPECTS} of 40 clips" in text
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("column", ["verified_only", "random_k"])
def test_a_cell_that_judges_no_clip_by_its_loss_has_no_suspects(run: Run, column: str) -> None:
    text = printed(run, f"sigmoid/{column}")
    assert "Suspects" not in text
    assert ("kept " in text) == (column == "random_k")


def test_names_from_strangers_do_nothing_to_the_terminal(run: Run) -> None:
    text = printed(run, "sigmoid/threshold", 200)
    assert "\x1b" not in text
    assert "[red]\ufffd[31mdog[/]" in text


def test_without_test_labels_cross_validation_is_shown(tmp_path: Path) -> None:
    numbers = Numbers(
        verified=24, unverified=40, test=16, classes=4, iterations=(4, 4, 2), labelled_test=False
    )
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], numbers=numbers)
    text = printed(run, None)
    assert "Classes, cross-validation" in text
    assert "of 1 cells" in text
