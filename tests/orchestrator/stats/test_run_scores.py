"""Oracles: scikit-learn's weighted LRAP and F1, and loops that follow the definitions word by word."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, label_ranking_average_precision_score

from orchestrator.files.store import table_of
from orchestrator.legs import artifacts
from orchestrator.legs.run import Part, Run
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.predictions import Split
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import Score, ScoreKey
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run, replace_file

FAST = {"report": {"resamples": 200, "clip_sigma": 2}}
ENTRY = Entry("sigmoid", "threshold")
SEEDED = Entry("sigmoid", "top_k")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(tmp_path_factory.mktemp("run"), activations=["sigmoid"], folds=3, config=FAST)


@pytest.fixture(scope="module")
def scores(run: Run) -> RunScores:
    return score_run(run)


def sklearn_lwlrap(truth: NDArray[Any], scores: NDArray[Any]) -> float:
    return float(label_ranking_average_precision_score(truth, scores, sample_weight=truth.sum(1)))


def folds_of(run: Run, part: Part, stage: int | None = None) -> list[tuple[NDArray[Any], NDArray[Any], Any]]:
    """Truth, scores and usage of every fold, in double precision."""
    folds = []
    for fold in range(run.experiment.folds):
        model = run.predictions(cell_of(run, *ENTRY), fold).of(part, stage)
        usage = run.clips["usage"].to_numpy()[model.rows]
        folds.append((run.targets[model.rows], model.scores.astype(float), usage))
    return folds


def value(scores: RunScores, key: ScoreKey, entry: Entry = ENTRY) -> float:
    score = scores.find(entry, key)
    assert isinstance(score, Score)
    return score.value


def test_cv_is_the_mean_of_the_folds_and_pooled_is_one_table(run: Run, scores: RunScores) -> None:
    folds = folds_of(run, "validation")
    each = [sklearn_lwlrap(truth, s) for truth, s, _ in folds]
    found = scores.entries[ENTRY].scores[ScoreKey("cv")]
    assert found.by_fold == pytest.approx(each, abs=1e-12)
    assert found.value == pytest.approx(np.mean(each), abs=1e-12)
    pooled = sklearn_lwlrap(np.concatenate([f[0] for f in folds]), np.concatenate([f[1] for f in folds]))
    assert value(scores, ScoreKey("cv", "blend")) == pytest.approx(pooled, abs=1e-12)


@pytest.mark.parametrize("split", ["public", "private", "test"])
def test_test_splits_by_folds_and_blended(run: Run, scores: RunScores, split: Any) -> None:
    folds = folds_of(run, "test")
    usage = folds[0][2]
    rows = np.ones(len(usage), bool) if split == "test" else usage == split.capitalize()
    truth = folds[0][0][rows]
    each = [sklearn_lwlrap(truth, s[rows]) for _, s, _ in folds]
    assert scores.entries[ENTRY].scores[ScoreKey(split)].by_fold == pytest.approx(each, abs=1e-12)
    assert value(scores, ScoreKey(split)) == pytest.approx(np.mean(each), abs=1e-12)
    product = np.prod([s[rows] for _, s, _ in folds], axis=0) ** (1 / len(folds))
    assert value(scores, ScoreKey(split, "blend")) == pytest.approx(sklearn_lwlrap(truth, product), abs=1e-12)


def slow_normalise(scores: NDArray[Any], sigma: float) -> NDArray[Any]:
    columns = []
    for column in scores.T:
        z = np.clip((column - np.mean(column)) / np.std(column), -sigma, sigma)
        columns.append((z - min(z)) / (max(z) - min(z)))
    return np.stack(columns, 1)


def test_normalised_scores_see_the_whole_test_set(run: Run, scores: RunScores) -> None:
    folds = folds_of(run, "test")
    private = folds[0][2] == "Private"
    tables = [slow_normalise(s, 2) for _, s, _ in folds]
    truth = folds[0][0][private]
    each = [sklearn_lwlrap(truth, table[private]) for table in tables]
    assert value(scores, ScoreKey("private", form="normalised")) == pytest.approx(np.mean(each), abs=1e-12)
    blend = np.prod(np.maximum(tables, 1e-7), axis=0) ** (1 / len(folds))
    expected = sklearn_lwlrap(truth, blend[private])
    assert value(scores, ScoreKey("private", "blend", "normalised")) == pytest.approx(expected, abs=1e-3)
    each = [sklearn_lwlrap(t, slow_normalise(s, 2)) for t, s, _ in folds_of(run, "validation")]
    assert value(scores, ScoreKey("cv", form="normalised")) == pytest.approx(np.mean(each), abs=1e-12)


def test_clips_with_several_labels(run: Run, scores: RunScores) -> None:
    _are_scored(scores, "cv", [(t, s, t.sum(1) > 1) for t, s, _ in folds_of(run, "validation")])
    private = [(t, s, (t.sum(1) > 1) & (usage == "Private")) for t, s, usage in folds_of(run, "test")]
    _are_scored(scores, "private", private)


def _are_scored(scores: RunScores, split: Split, folds: list[tuple[NDArray[Any], NDArray[Any], Any]]) -> None:
    each = [sklearn_lwlrap(truth[rows], table[rows]) for truth, table, rows in folds]
    found = scores.entries[ENTRY].scores[ScoreKey(split, clips="several")]
    assert found.by_fold == pytest.approx(each, abs=1e-12)
    assert found.value == pytest.approx(np.mean(each), abs=1e-12)


def test_per_class_and_f_score(run: Run, scores: RunScores) -> None:
    folds = folds_of(run, "validation")
    truth, table = (np.concatenate([f[i] for f in folds]) for i in (0, 1))
    sums, counts = np.zeros(truth.shape[1]), np.zeros(truth.shape[1])
    for labels, row in zip(truth, table, strict=True):
        for c in np.flatnonzero(labels):
            above = [k for k in range(len(row)) if row[k] >= row[c]]
            sums[c] += sum(labels[k] for k in above) / len(above)
            counts[c] += 1
    np.testing.assert_allclose(scores.entries[ENTRY].per_class["cv"], sums / counts, atol=1e-12)
    threshold = run.experiment.schedule.f_threshold
    f1 = [f1_score(t, s >= threshold, average="micro") for t, s, _ in folds]
    assert scores.entries[ENTRY].fscore["cv"] == pytest.approx(np.mean(f1), abs=1e-12)
    kept = [(t[:, t.any(0)], s[:, t.any(0)] >= threshold) for t, s, _ in folds]  # classes with a label
    macro = [f1_score(t, found, average="macro") for t, found in kept]
    assert scores.entries[ENTRY].macro_fscore["cv"] == pytest.approx(np.mean(macro), abs=1e-12)
    assert scores.labels["cv"].tolist() == truth.sum(0).tolist()


def test_tied_labels_are_counted_and_the_rules_then_differ(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["verified_only"], config=FAST)
    cell = Cell("sigmoid", "verified_only", 0)
    for fold in range(2):
        table = table_of(run.leg_of(cell).fold(fold).read(artifacts.PREDICTIONS))
        flat = np.round(table["scores"].combine_chunks().flatten().to_numpy(), 1)
        column = pa.FixedSizeListArray.from_arrays(pa.array(flat), 6)
        replace_file(run, cell, fold, artifacts.PREDICTIONS, table.set_column(1, "scores", column))
    scores = score_run(run)
    entry = Entry("sigmoid", "verified_only")
    assert 0 < scores.entries[entry].tied["cv"] < 1
    assert value(scores, ScoreKey("cv"), entry) < value(scores, ScoreKey("cv", ties="challenge"), entry)


def test_only_columns_without_unverified_clips_are_scored_at_earlier_stages(
    run: Run, scores: RunScores
) -> None:
    plain = scores.entries[Entry("sigmoid", "verified_only")].scores
    assert {key.stage for key in plain} == {None, 0, 1}
    assert {key.stage for key in scores.entries[ENTRY].scores} == {None}
    cell = cell_of(run, "sigmoid", "verified_only")
    each = []
    for fold in range(3):
        model = run.predictions(cell, fold).of("test", 1)
        each.append(sklearn_lwlrap(run.targets[model.rows], model.scores.astype(float)))
    assert plain[ScoreKey("test", stage=1)].value == pytest.approx(np.mean(each), abs=1e-12)


def test_seeds_are_averaged_and_a_lost_one_is_named(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], seeds=[3, 4], config=FAST)
    both = score_run(run).entries[SEEDED]
    found = both.scores[ScoreKey("private")]
    assert found.value == pytest.approx(np.mean(list(found.by_seed.values())), abs=1e-12)
    assert found.seed_sd == pytest.approx(abs(found.by_seed[3] - found.by_seed[4]) / np.sqrt(2))
    assert both.missing_seeds == {}
    run.leg_of(Cell("sigmoid", "top_k", 4)).store.delete(artifacts.RESULT)
    one = score_run(run).entries[SEEDED]
    assert one.missing_seeds == {4: Hole("not run")}
    assert one.scores[ScoreKey("private")].value == pytest.approx(found.by_seed[3], abs=1e-12)
    assert one.scores[ScoreKey("private")].seed_sd is None


def test_holes_say_why(tmp_path: Path) -> None:
    lost, broken = ("sigmoid", "top_k"), ("sigmoid", "threshold")
    run = make_fake_run(tmp_path, activations=["sigmoid"], missing={lost}, failed={broken}, config=FAST)
    scores = score_run(run)
    assert scores.find(Entry(*lost), ScoreKey("cv")) == Hole("not run")
    assert scores.find(Entry(*broken), ScoreKey("cv")) == Hole("failed", "RuntimeError: out of memory")
    assert list(scores.entries) == [Entry("sigmoid", "verified_only")]


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
    tmp_path: Path, numbers: Numbers, reasons: dict[str, str], held_out: str
) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], numbers=numbers, config=FAST)
    scores = score_run(run)
    assert {split: str(hole) for split, hole in scores.unscored.items()} == reasons
    assert scores.held_out == held_out
    assert isinstance(scores.find(SEEDED, ScoreKey("cv")), Score)
    for split, reason in reasons.items():
        assert str(scores.find(SEEDED, ScoreKey(split, "blend"))) == reason  # type: ignore[arg-type]


def test_intervals_are_about_the_value_and_repeatable(run: Run, scores: RunScores) -> None:
    again = score_run(run)
    for entry, of_entry in scores.entries.items():
        for key, score in of_entry.scores.items():
            assert score.interval.low < score.value < score.interval.high
            assert (score.sampled.draws == again.entries[entry].scores[key].sampled.draws).all()


def test_a_fold_is_read_once_though_its_cell_is_in_ensembles_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = ["sigmoid/verified_only", "sigmoid/top_k"]
    config = FAST | {"ensembles": {"all": members, "some": members[:1]}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], config=config)
    read: list[tuple[Cell, int]] = []

    def counted(self: Run, cell: Cell, fold: int) -> Any:
        read.append((cell, fold))
        return original(self, cell, fold)

    original = Run.predictions
    monkeypatch.setattr(Run, "predictions", counted)
    assert set(score_run(run).ensembles.scores) == {"all", "some"}
    assert sorted(read, key=str) == sorted([(cell, fold) for cell in run.cells for fold in (0, 1)], key=str)


def test_an_entry_without_any_seed_says_all_reasons_and_what_failed_first(tmp_path: Path) -> None:
    lost = ("sigmoid", "top_k")
    run = make_fake_run(tmp_path, activations=["sigmoid"], seeds=[0, 1], missing={lost}, config=FAST)
    assert score_run(run).holes == {Entry(*lost): Hole("not run")}
    run.leg_of(Cell(*lost, 1)).fail("out of memory")
    hole = score_run(run).holes[Entry(*lost)]
    assert hole.kind == "failed"
    assert str(hole) == "failed: out of memory; not run"


def test_what_is_not_in_the_grid_or_not_scored_says_so(scores: RunScores) -> None:
    assert scores.find(Entry("softmax", "top_k"), ScoreKey("cv")) == Hole("not in the grid")
    assert scores.find(ENTRY, ScoreKey("cv", stage=0)) == Hole("not scored")
    assert scores.find(ENTRY, ScoreKey("public", clips="several")) == Hole("not scored")


def test_settings_and_ensembles_come_from_the_configuration(tmp_path: Path) -> None:
    report = {"resamples": 150, "ties": "challenge", "level": 0.8}
    config = {"report": report, "ensembles": {"all": ["sigmoid/top_k"]}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], config=config)
    scores = score_run(run)
    score = scores.entries[SEEDED].scores[ScoreKey("cv")]
    assert (scores.settings.ties, len(score.sampled.draws)) == ("challenge", 150)
    assert list(scores.ensembles.scores) == ["all"]
    config["report"] = {"resamples": 150}
    wider = make_fake_run(tmp_path / "95", activations=["sigmoid"], selections=["top_k"], config=config)
    wide = score_run(wider).entries[SEEDED].scores[ScoreKey("cv")].interval
    assert score.interval.high - score.interval.low < wide.high - wide.low
