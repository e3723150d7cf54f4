"""Oracles: scikit-learn's weighted LRAP and F1, and loops that follow the definitions word by word."""

from dataclasses import replace
from typing import Any, Literal

import numpy as np
import pytest
from sklearn.metrics import f1_score, label_ranking_average_precision_score

from orchestrator.settings.tree import ReportSettings
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.inputs import CellPredictions, ClipScores, Inputs
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import Score, ScoreKey
from tests.orchestrator.fake_data import Numbers
from tests.orchestrator.stats.made import FAST, made_inputs
from trainable.arrays import Array

ENTRY, PLAIN = Entry("sigmoid", "threshold"), Entry("sigmoid", "verified_only")
SEEDED = Entry("sigmoid", "top_k")
CLIPPED = ReportSettings(resamples=200, clip_sigma=2)
Fold = tuple[Array, Array, Array]


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return made_inputs(rows=["sigmoid"], folds=3)


@pytest.fixture(scope="module")
def scores(inputs: Inputs) -> RunScores:
    return score_run(inputs, CLIPPED)


def sklearn_lwlrap(truth: Array, scores: Array) -> float:
    return float(label_ranking_average_precision_score(truth, scores, sample_weight=truth.sum(1)))


def folds_of(
    inputs: Inputs, part: Literal["validation", "test"], entry: Entry = ENTRY, stage: int | None = None
) -> list[Fold]:
    """Truth, scores and usage of every fold, in double precision."""
    (predictions,) = inputs.predictions(Cell(*entry, 0), [stage])
    models = getattr(predictions, part)
    clips = inputs.clips
    return [(clips.targets[m.rows], m.scores.astype(float), clips.usage[m.rows]) for m in models]


def value(scores: RunScores, key: ScoreKey, entry: Entry = ENTRY) -> float:
    score = scores.find(entry, key)
    assert isinstance(score, Score)
    return score.value


def are_scored(scores: RunScores, key: ScoreKey, folds: list[tuple[Array, Array]]) -> None:
    """The mean of the folds, each by scikit-learn."""
    each = [sklearn_lwlrap(truth, table) for truth, table in folds]
    assert scores.entries[ENTRY].scores[key].by_fold == pytest.approx(each, abs=1e-12)
    assert value(scores, key) == pytest.approx(np.mean(each), abs=1e-12)


def test_cv_is_the_mean_of_the_folds_and_pooled_is_one_table(inputs: Inputs, scores: RunScores) -> None:
    folds = [(truth, table) for truth, table, _ in folds_of(inputs, "validation")]
    are_scored(scores, ScoreKey("cv"), folds)
    pooled = sklearn_lwlrap(*map(np.concatenate, zip(*folds, strict=True)))
    assert value(scores, ScoreKey("cv", "blend")) == pytest.approx(pooled, abs=1e-12)


@pytest.mark.parametrize("split", ["public", "private", "test"])
def test_test_splits_by_folds_and_blended(inputs: Inputs, scores: RunScores, split: Any) -> None:
    folds = folds_of(inputs, "test")
    usage = folds[0][2]
    rows = np.ones(len(usage), bool) if split == "test" else usage == split.capitalize()
    are_scored(scores, ScoreKey(split), [(truth[rows], s[rows]) for truth, s, _ in folds])
    product = np.prod([s[rows] for _, s, _ in folds], axis=0) ** (1 / len(folds))
    blend = sklearn_lwlrap(folds[0][0][rows], product)
    assert value(scores, ScoreKey(split, "blend")) == pytest.approx(blend, abs=1e-12)


def slow_normalise(scores: Array, sigma: float) -> Array:
    columns = []
    for column in scores.T:
        z = np.clip((column - np.mean(column)) / np.std(column), -sigma, sigma)
        columns.append((z - min(z)) / (max(z) - min(z)))
    return np.stack(columns, 1)


def test_normalised_scores_see_the_whole_test_set(inputs: Inputs, scores: RunScores) -> None:
    private = folds_of(inputs, "test")[0][2] == "Private"
    tables = [(t[private], slow_normalise(s, 2)[private]) for t, s, _ in folds_of(inputs, "test")]
    are_scored(scores, ScoreKey("private", form="normalised"), tables)
    cv = [(t, slow_normalise(s, 2)) for t, s, _ in folds_of(inputs, "validation")]
    are_scored(scores, ScoreKey("cv", form="normalised"), cv)


@pytest.mark.parametrize(
    ("split", "part", "usage"), [("cv", "validation", ""), ("private", "test", "Private")]
)
def test_clips_with_several_labels(
    inputs: Inputs, scores: RunScores, split: Split, part: Any, usage: str
) -> None:
    folds = [(t, s, (t.sum(1) > 1) & (u == usage)) for t, s, u in folds_of(inputs, part)]
    are_scored(scores, ScoreKey(split, clips="several"), [(t[rows], s[rows]) for t, s, rows in folds])


def test_per_class_and_f_score(inputs: Inputs, scores: RunScores) -> None:
    folds = folds_of(inputs, "validation")
    truth, table = (np.concatenate([f[i] for f in folds]) for i in (0, 1))
    sums, counts = np.zeros(truth.shape[1]), np.zeros(truth.shape[1])
    for labels, row in zip(truth, table, strict=True):
        for c in np.flatnonzero(labels):
            above = [k for k in range(len(row)) if row[k] >= row[c]]
            sums[c] += sum(labels[k] for k in above) / len(above)
            counts[c] += 1
    own = scores.entries[ENTRY]
    np.testing.assert_allclose(own.per_class["cv"], sums / counts, atol=1e-12)
    f1 = [f1_score(t, s >= inputs.f_threshold, average="micro") for t, s, _ in folds]
    assert own.fscore["cv"] == pytest.approx(np.mean(f1), abs=1e-12)
    kept = [(t[:, t.any(0)], s[:, t.any(0)] >= inputs.f_threshold) for t, s, _ in folds]
    macro = [f1_score(t, s, average="macro") for t, s in kept]  # classes with a label
    assert own.macro_fscore["cv"] == pytest.approx(np.mean(macro), abs=1e-12)
    assert scores.labels["cv"].tolist() == truth.sum(0).tolist()


def test_tied_labels_are_counted_and_the_rules_then_differ() -> None:
    inputs = made_inputs(rows=["sigmoid"], columns=["verified_only"])

    def coarse(cell: Cell, stages: Any) -> list[CellPredictions]:
        def rounded(models: tuple[ClipScores, ...]) -> tuple[ClipScores, ...]:
            return tuple(ClipScores(m.rows, m.scores.round(1)) for m in models)

        made = inputs.predictions(cell, stages)
        return [CellPredictions(rounded(p.validation), rounded(p.test)) for p in made]

    scores = score_run(replace(inputs, predictions=coarse), FAST)
    assert 0 < scores.entries[PLAIN].tied["cv"] < 1
    assert value(scores, ScoreKey("cv"), PLAIN) < value(scores, ScoreKey("cv", ties="challenge"), PLAIN)


def test_only_columns_without_unverified_clips_are_scored_at_earlier_stages(
    inputs: Inputs, scores: RunScores
) -> None:
    plain = scores.entries[PLAIN].scores
    assert {key.stage for key in plain} == {None, 0, 1}
    assert {key.stage for key in scores.entries[ENTRY].scores} == {None}
    each = [sklearn_lwlrap(t, s) for t, s, _ in folds_of(inputs, "test", PLAIN, 1)]
    assert plain[ScoreKey("test", stage=1)].value == pytest.approx(np.mean(each), abs=1e-12)


def test_seeds_are_averaged_and_a_lost_one_is_named() -> None:
    shape: Any = {"rows": ["sigmoid"], "columns": ["top_k"], "seeds": [3, 4]}
    both = score_run(made_inputs(**shape), FAST).entries[SEEDED]
    score = both.scores[ScoreKey("private")]
    assert score.value == pytest.approx(np.mean(list(score.by_seed.values())), abs=1e-12)
    assert score.seed_sd == pytest.approx(abs(score.by_seed[3] - score.by_seed[4]) / np.sqrt(2))
    assert both.missing_seeds == {}
    alone = score_run(made_inputs(missing=[Cell(*SEEDED, 4)], **shape), FAST).entries[SEEDED]
    assert alone.missing_seeds == {4: Hole("not run")}
    assert alone.scores[ScoreKey("private")].value == pytest.approx(score.by_seed[3], abs=1e-12)
    assert alone.scores[ScoreKey("private")].seed_sd is None


def test_an_entry_without_any_seed_says_all_reasons_and_what_failed_first() -> None:
    inputs = made_inputs(rows=["sigmoid"], seeds=[0, 1], missing=[SEEDED], ensembles={"a": [str(SEEDED)]})
    scores = score_run(inputs, FAST)
    assert scores.holes == {SEEDED: Hole("not run")}
    assert scores.ensembles.holes == {"a": Hole("incomplete", f"{SEEDED}: not run")}
    failed = replace(inputs, holes=dict(inputs.holes) | {Cell(*SEEDED, 1): Hole("failed", "out of memory")})
    hole = score_run(failed, FAST).holes[SEEDED]
    assert (hole.kind, str(hole)) == ("failed", "failed: out of memory; not run")


@pytest.mark.parametrize(
    ("numbers", "reasons", "held_out"),
    [
        (Numbers(labelled_test=False), dict.fromkeys(["public", "private", "test"], "no labels"), "test"),
        (Numbers(usage=False), {"public": "no test clip is marked Public",
                                "private": "no test clip is marked Private"}, "test"),
        (Numbers(test=0), dict.fromkeys(["public", "private", "test"], "no test clips"), "test"),
    ],
)  # fmt: skip
def test_splits_that_cannot_be_scored_say_why(
    numbers: Numbers, reasons: dict[Split, str], held_out: str
) -> None:
    scores = score_run(made_inputs(rows=["sigmoid"], columns=["top_k"], numbers=numbers), FAST)
    assert {split: str(hole) for split, hole in scores.unscored.items()} == reasons
    assert scores.held_out == held_out
    assert isinstance(scores.find(SEEDED, ScoreKey("cv")), Score)
    for split, reason in reasons.items():
        assert str(scores.find(SEEDED, ScoreKey(split, "blend"))) == reason


def test_an_ensemble_is_scored_as_one_system_and_a_cell_is_read_once() -> None:
    ensembles = {"both": ["sigmoid/verified_only", "sigmoid/top_k"], "alone": ["sigmoid/top_k"]}
    inputs, read = made_inputs(rows=["sigmoid"], ensembles=ensembles), []

    def counted(cell: Cell, stages: Any) -> list[CellPredictions]:
        read.append(cell)
        return inputs.predictions(cell, stages)

    scores = score_run(replace(inputs, predictions=counted), FAST)
    assert read == list(inputs.grid.cells)
    models = [s for e in (PLAIN, SEEDED) for _, s, _ in folds_of(inputs, "test", e)]
    truth, product = folds_of(inputs, "test")[0][0], np.prod(models, axis=0) ** (1 / 4)
    both = scores.ensembles.scores["both"][ScoreKey("test", "blend")]
    assert both.value == pytest.approx(sklearn_lwlrap(truth, product), abs=1e-9)
    for key in (ScoreKey("private", "blend"), ScoreKey("cv", "blend", "normalised")):
        alone = scores.ensembles.scores["alone"][key]
        assert alone.value == pytest.approx(value(scores, key, SEEDED), abs=1e-12)


def test_what_is_not_in_the_grid_or_not_scored_says_so(scores: RunScores) -> None:
    assert scores.find(Entry("softmax", "top_k"), ScoreKey("cv")) == Hole("not in the grid")
    assert scores.find(ENTRY, ScoreKey("cv", stage=0)) == Hole("not scored")
    assert scores.find(ENTRY, ScoreKey("public", clips="several")) == Hole("not scored")


def test_settings_are_those_handed_over(inputs: Inputs) -> None:
    narrow = score_run(inputs, ReportSettings(resamples=150, ties="challenge", level=0.8))
    wide = score_run(inputs, ReportSettings(resamples=150))
    score, other = (s.entries[SEEDED].scores[ScoreKey("cv")] for s in (narrow, wide))
    assert (narrow.settings.ties, len(score.sampled.draws)) == ("challenge", 150)
    assert score.interval.high - score.interval.low < other.interval.high - other.interval.low
