"""One cell in a terminal."""

import io
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_inputs
from orchestrator.report.show import (
    CLASSES,
    NAME,
    NUMBER,
    SUSPECTS,
    curve_line,
    drawing,
    find_cells,
    ruler,
    show_cell,
)
from orchestrator.stats.grid import Cell, Entry
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import scores_of
from trainable.errors import UserError

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
    Console(file=stream, width=width).print(show_cell(run, name))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_a_cell_is_shown_with_all_that_is_known_of_it(run: Run, width: int) -> None:
    text = printed(run, "sigmoid/threshold", width)
    first = text.splitlines()[0]
    assert first.startswith("sigmoid/threshold: ")
    assert first.endswith("of 3 cells in cross-validation; 2 folds, seed 0")
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


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Run:
    config = {"report": {"resamples": 100}, "ensembles": {"all": ["sigmoid/threshold"]}}
    missing, folder = [("sigmoid", "threshold")], tmp_path_factory.mktemp("small")
    return make_fake_run(folder, activations=["sigmoid"], seeds=[0, 3], missing=missing, config=config)


def found(run: Run, name: str | None) -> list[Cell]:
    return find_cells(run, read_inputs(run), name)


def test_a_name_means_all_seeds_or_one(small: Run) -> None:
    assert found(small, "sigmoid/top_k") == [Cell("sigmoid", "top_k", 0), Cell("sigmoid", "top_k", 3)]
    assert found(small, "sigmoid/top_k/3") == [Cell("sigmoid", "top_k", 3)]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sigmoid/topk", "--cell sigmoid/topk: there is no such cell, did you mean sigmoid/top_k?"),
        ("sigmoid/top_k/1", "did you mean sigmoid/top_k"),
        ("", "--cell : there is no such cell, did you mean "),
        ("x" * 9999, "did you mean sigmoid/"),
        ("sigmoid/threshold", "sigmoid/threshold: no result: not run"),
    ],
)
def test_what_is_not_there_is_refused_with_the_nearest_name(small: Run, name: str, message: str) -> None:
    with pytest.raises(UserError) as refused:
        found(small, name)
    assert message in str(refused.value)
    assert len(str(refused.value)) < 500


def test_without_a_name_it_is_the_best_in_cross_validation(small: Run) -> None:
    entries = (Entry("sigmoid", "verified_only"), Entry("sigmoid", "top_k"))
    by_score = {e: sum(small.leg_of(cell).result().lwlrap for cell in small.entries[e]) for e in entries}
    assert found(small, None) == small.entries[max(by_score, key=lambda entry: by_score[entry])]


def test_a_cell_alone_has_the_scores_that_it_has_in_the_grid(small: Run) -> None:
    own = score_run(read_inputs(small).only(found(small, "sigmoid/top_k")), small.experiment.report)
    assert list(own.entries) == [Entry("sigmoid", "top_k")]
    key, entry = ScoreKey("private"), Entry("sigmoid", "top_k")
    single, whole = (scores.entries[entry].scores[key] for scores in (own, scores_of(small)))
    assert (single.value, single.by_fold, single.interval) == (whole.value, whole.by_fold, whole.interval)


NAN = float("nan")


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (np.arange(16.0), "▁▁▂▂▃▃▄▄▅▅▆▆▇▇██"),
        ([NAN, 0.0, NAN, 1.0, NAN], " ▁▄█ "),  # blank at the ends, a line between two values
        ([2.0, 2.0, 2.0], "▄▄▄"),
        ([NAN, 5.0], " ▄"),
    ],
)
def test_a_curve_is_drawn_in_eight_levels(values: Any, line: str) -> None:
    assert drawing(np.array(values), len(line)) == line
    assert len(drawing(np.array(values), 40)) == 40


def test_a_curve_has_its_name_and_its_numbers() -> None:
    line = curve_line("loss", np.array([3.0, 1.0, 2.0]), 60)
    assert line.startswith("loss ")
    assert line.endswith(" 2 (1 to 3)")
    assert len(line) <= 60


@pytest.mark.parametrize("width", [10, 40, 80, 120])
def test_the_ruler_says_where_stages_begin(width: int) -> None:
    text = ruler([100, 300, 400], width)
    assert text.endswith(" 400 iterations")
    if width >= 80:
        room = width - NAME - NUMBER
        assert text.index("|stage 2") == NAME + round(room / 4)
        assert text.index("|stage 3") == NAME + round(room * 3 / 4)
