from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.legs.run import Run
from orchestrator.report.figures.scores import claims_forest, heat_map, per_class
from orchestrator.report.figures.style import INK, Picture, sheet
from orchestrator.stats.assessment import TRAINING, ClaimResult, Evidence
from orchestrator.stats.bootstrap import Difference
from orchestrator.stats.claims import Claim, Scope
from orchestrator.stats.grid import Entry, Hole
from orchestrator.stats.paper import Citation
from orchestrator.stats.predictions import SPLITS, Split
from orchestrator.stats.run_scores import RunScores
from orchestrator.stats.scoring import ScoreKey
from orchestrator.stats.verdicts import Verdict, verdict_on
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
    with sheet():
        drawn = per_class(run, scores_of(run))
    assert drawn is not None
    assert "no result" in texts(drawn)


def test_without_labels_there_is_no_figure(run: Run, scores: RunScores) -> None:
    everything: dict[Split, Hole] = dict.fromkeys(SPLITS, Hole("no labels"))
    assert heat_map(run, replace(scores, unscored=everything)) is None


PAIR = (Entry("a", "x"), Entry("b", "x"))
WHOLE = Claim("a > b", Scope("selection"), Citation("section 1"), (PAIR,))
SEVERAL = Claim("a > b", Scope("selection", "x"), Citation("section 1"), (PAIR,), "several")
DIFFERENCE = Difference(0.1, 0.05, 0.2)
CV = Evidence("cv")


def forest(scores: RunScores, results: list[ClaimResult]) -> Picture | None:
    with sheet():
        return claims_forest(scores, results)


def test_every_claim_with_a_difference_has_a_line_under_its_sentence(made: dict[str, Picture]) -> None:
    shown = texts(made["claims"])
    assert {"threshold > top_k", "all rows", "sigmoid", "sigmoid_softmax", "all columns"} <= shown
    assert {"cross-validation", "private test"} <= shown
    assert "row sigmoid" not in shown, "a place is named alone"
    assert made["claims"].caption.endswith("Thick: the claim over the whole grid.")


def test_a_sentence_and_its_restriction_are_shown_with_the_place(scores: RunScores) -> None:
    drawn = forest(scores, [ClaimResult(SEVERAL, CV, DIFFERENCE)])
    assert drawn is not None
    assert {"a > b", "on clips with several labels", "x"} <= texts(drawn)


def test_without_a_difference_of_scores_there_is_no_forest(scores: RunScores) -> None:
    hole = ClaimResult(WHOLE, CV, Hole("not judged", "a/x: not run"))
    by_training = ClaimResult(WHOLE, TRAINING, DIFFERENCE)
    assert forest(scores, [hole, by_training]) is None
    assert forest(scores, [hole, by_training, ClaimResult(WHOLE, CV, DIFFERENCE)]) is not None


def test_verdicts_and_published_differences_have_marks_of_their_own(scores: RunScores) -> None:
    drawn = {
        verdict_on(difference): forest(scores, [ClaimResult(WHOLE, CV, difference)])
        for difference in (DIFFERENCE, Difference(0.1, -0.1, 0.2), Difference(-0.1, -0.2, -0.05))
    }
    assert set(drawn) == {Verdict.HIGHER, Verdict.UNCLEAR, Verdict.LOWER}
    assert len({picture.svg for picture in drawn.values() if picture}) == 3
    beside = forest(scores, [ClaimResult(WHOLE, CV, DIFFERENCE, published=0.15)])
    assert beside is not None
    plain = drawn[Verdict.HIGHER]
    assert plain is not None
    assert b"#009e73" in beside.svg
    assert b"#009e73" not in plain.svg
    assert INK.encode() in plain.svg
