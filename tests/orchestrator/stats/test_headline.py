"""The first sentences of terminal and page."""

from pathlib import Path
from typing import Any

import pytest

from orchestrator.legs.run import Run
from orchestrator.stats.assessment import assess_claims
from orchestrator.stats.grid import Entry
from orchestrator.stats.headline import headline
from orchestrator.stats.published import Published
from orchestrator.stats.run_scores import score_run
from orchestrator.stats.scoring import Score, ScoreKey
from tests.orchestrator.fake_run import Numbers, make_fake_run

FAST = {"report": {"resamples": 200}}
ROWS = ["sigmoid", "sigmoid_softmax"]
EFFECT = {("sigmoid", "threshold"): 2.0, ("sigmoid_softmax", "threshold"): 1.0}


def sentences(run: Run) -> tuple[str, ...]:
    scores = score_run(run)
    return headline(run, scores, assess_claims(run, scores, Published("another data set")))


def test_best_cell_what_its_parts_bring_and_how_sure_that_is(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, effect=EFFECT, config=FAST)
    first, second = sentences(run)
    scores = score_run(run)
    value = scores.find(Entry("sigmoid", "threshold"), ScoreKey("private"))
    assert isinstance(value, Score)
    assert first.startswith(
        "Best cell by cross-validation: sigmoid/threshold, "
        f"lwlrap {value.value:.4f} on private test clips and "
    )
    assert " in cross-validation, where selection brings +" in first
    assert "(threshold, the best of 2: higher in these models) and a second head brings " in first
    assert "(sigmoid_softmax: " in first
    assert second == (
        "One training of each cell was run: the 95% intervals say what other test clips would change, not "
        "what another training would."
    )


def test_a_second_head_is_one_of_any_row_that_has_two(tmp_path: Path) -> None:
    rows = ["sigmoid", "softmax", "sigmoid_softmax", "sigmoid_entmax15"]
    effect = {("softmax", "top_k"): 3.0, ("sigmoid_entmax15", "top_k"): 2.0}
    run = make_fake_run(tmp_path, activations=rows, selections=["top_k"], effect=effect, config=FAST)
    first, _ = sentences(run)
    assert first.startswith("Best cell by cross-validation: softmax/top_k, ")
    assert "a second head brings +" in first
    assert "(sigmoid_entmax15, the best of 2: " in first


def test_several_trainings_are_said(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, effect=EFFECT, seeds=[0, 1], config=FAST)
    first, second = sentences(run)
    assert "the best of 2: confirmed)" in first
    assert second == (
        "Means of 2 trainings of each cell, 4 models on the same test clips: the 95% intervals say what "
        "other test clips and other trainings would change."
    )


@pytest.mark.parametrize(
    ("options", "start"),
    [
        ({"selections": ["top_k"], "missing": [("sigmoid", "top_k")]}, "No cell can be scored yet."),
        ({"selections": ["top_k"]}, "Best cell by cross-validation: sigmoid/top_k, lwlrap "),
    ],
)
def test_less_of_a_grid_says_less(tmp_path: Path, options: dict[str, Any], start: str) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], config=FAST, **options)
    first, *_ = sentences(run)
    assert first.startswith(start)
    assert "brings" not in first


def test_without_test_clips_cross_validation_is_told(tmp_path: Path) -> None:
    numbers = Numbers(verified=24, unverified=40, test=0, classes=4, iterations=(4, 4, 2))
    run = make_fake_run(tmp_path, activations=["sigmoid"], numbers=numbers, config=FAST)
    first, _ = sentences(run)
    assert " in cross-validation, where selection brings " in first
    assert "test clips" not in first
