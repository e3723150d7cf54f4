from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.legs.run import Run
from orchestrator.report.figures.grids import heat_map, per_class
from orchestrator.report.figures.style import Picture, style
from orchestrator.stats.grid import Hole
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.measured import scores_of
from tests.orchestrator.report.figures.drawn import QUICK, SMALL, texts


@pytest.fixture(scope="module")
def scores(run: Run) -> RunScores:
    return scores_of(run)


def test_the_grid_shows_every_score_and_hole(scores: RunScores, made: dict[str, Picture]) -> None:
    shown = texts(made["grid"])
    for entry in scores.entries.values():
        for key in (ScoreKey("cv"), ScoreKey("private")):
            assert f"{entry.scores[key].value:.4f}" in shown
    assert "failed" in shown, "short: the reason has no room"
    assert not any("out of memory" in text for text in shown)


def test_classes_come_in_the_order_of_their_mean_with_their_number_of_labels(
    run: Run, scores: RunScores, made: dict[str, Picture]
) -> None:
    mean = np.mean([entry.per_class["private"] for entry in scores.entries.values()], axis=0)
    best, worst = (run.manifest.vocabulary[c] for c in (int(np.argmax(mean)), int(np.argmin(mean))))
    labels = run.targets[(run.clips["usage"] == "Private").to_numpy()].sum(0)
    names = [f"{name} ({count})" for name, count in zip(run.manifest.vocabulary, labels, strict=True)]
    assert set(names) <= texts(made["classes"])
    (first,) = [name for name in names if name.startswith(f"{best} (")]
    (last,) = [name for name in names if name.startswith(f"{worst} (")]
    assert made["classes"].alt == f"Dot plot of 4 classes from {first}, the best, to {last}."


def test_a_row_without_results_says_so(tmp_path: Path) -> None:
    lost = [("sigmoid_softmax", "top_k")]
    run = make_fake_run(tmp_path, numbers=SMALL, activations=("sigmoid", "sigmoid_softmax"),
                        selections=("top_k",), missing=lost, config=QUICK)  # fmt: skip
    with style():
        drawn = per_class(run, scores_of(run))
    assert drawn is not None
    assert "no result" in texts(drawn)


def test_only_splits_that_can_be_scored_are_shown(run: Run, scores: RunScores) -> None:
    assert scores.splits_shown == ("cv", "private")
    unlabelled: dict[Split, Hole] = dict.fromkeys(("public", "private", "test"), Hole("no labels"))
    assert replace(scores, unscored=unlabelled).splits_shown == ("cv",)
    everything: dict[Split, Hole] = unlabelled | {"cv": Hole("no labels")}
    assert heat_map(run, replace(scores, unscored=everything)) is None
