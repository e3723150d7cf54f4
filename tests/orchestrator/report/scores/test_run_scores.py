"""Oracles: scikit-learn's weighted LRAP and F1, and loops that follow the definitions word by word."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from sklearn.metrics import f1_score, label_ranking_average_precision_score

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.plan.legs import Cell
from orchestrator.report.scores import scoring
from orchestrator.report.scores.bootstrap import Sampled, bootstrap, paired
from orchestrator.report.scores.predictions import Pool, Scored, make_pools, precision_sums
from orchestrator.report.scores.run_scores import Entry, RunScores, Score, What, score_run
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run
from trainable.metrics import Ties

FAST = ReportSettings(resamples=200)
ENTRY = Entry("sigmoid", "threshold")
SEEDED = Entry("sigmoid", "top_k")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(tmp_path_factory.mktemp("run"), activations=["sigmoid"], folds=3)


@pytest.fixture(scope="module")
def scores(run: Run) -> RunScores:
    return score_run(run, FAST, {})


def sklearn_lwlrap(truth: NDArray[Any], scores: NDArray[Any]) -> float:
    return float(label_ranking_average_precision_score(truth, scores, sample_weight=truth.sum(1)))


def folds_of(run: Run, part: str, stage: int | None = None) -> list[tuple[NDArray[Any], NDArray[Any], Any]]:
    """Truth, scores and usage of every fold, in double precision."""
    found = []
    for fold in range(run.experiment.folds):
        of = run.predictions(cell_of(run, *ENTRY), fold, part, stage)
        usage = run.clips["usage"].to_numpy()[of.rows]
        found.append((run.targets[of.rows], of.scores.astype(float), usage))
    return found


def value(scores: RunScores, what: What, entry: Entry = ENTRY) -> float:
    found = scores.find(entry, what)
    assert isinstance(found, Score)
    return found.value


def test_cv_is_the_mean_of_the_folds_and_pooled_is_one_table(run: Run, scores: RunScores) -> None:
    folds = folds_of(run, "validation")
    each = [sklearn_lwlrap(truth, s) for truth, s, _ in folds]
    found = scores.entries[ENTRY].scores[What("cv")]
    assert found.by_fold == pytest.approx(each, abs=1e-12)
    assert found.value == pytest.approx(np.mean(each), abs=1e-12)
    pooled = sklearn_lwlrap(np.concatenate([f[0] for f in folds]), np.concatenate([f[1] for f in folds]))
    assert value(scores, What("cv", "blend")) == pytest.approx(pooled, abs=1e-12)


@pytest.mark.parametrize("split", ["public", "private", "test"])
def test_test_splits_by_folds_and_blended(run: Run, scores: RunScores, split: Any) -> None:
    folds = folds_of(run, "test")
    usage = folds[0][2]
    rows = np.ones(len(usage), bool) if split == "test" else usage == split.capitalize()
    truth = folds[0][0][rows]
    each = [sklearn_lwlrap(truth, s[rows]) for _, s, _ in folds]
    assert scores.entries[ENTRY].scores[What(split)].by_fold == pytest.approx(each, abs=1e-12)
    assert value(scores, What(split)) == pytest.approx(np.mean(each), abs=1e-12)
    product = np.prod([s[rows] for _, s, _ in folds], axis=0) ** (1 / len(folds))
    assert value(scores, What(split, "blend")) == pytest.approx(sklearn_lwlrap(truth, product), abs=1e-12)


def slow_normalise(scores: NDArray[Any], sigma: float) -> NDArray[Any]:
    columns = []
    for column in scores.T:
        z = np.clip((column - np.mean(column)) / np.std(column), -sigma, sigma)
        columns.append((z - min(z)) / (max(z) - min(z)))
    return np.stack(columns, 1)


def test_normalised_scores_see_the_whole_test_set(run: Run, scores: RunScores) -> None:
    folds = folds_of(run, "test")
    private = folds[0][2] == "Private"
    tables = [slow_normalise(s, FAST.clip_sigma or 0) for _, s, _ in folds]
    truth = folds[0][0][private]
    each = [sklearn_lwlrap(truth, table[private]) for table in tables]
    assert value(scores, What("private", form="normalised")) == pytest.approx(np.mean(each), abs=1e-12)
    blend = np.prod(np.maximum(tables, 1e-7), axis=0) ** (1 / len(folds))
    expected = sklearn_lwlrap(truth, blend[private])
    assert value(scores, What("private", "blend", "normalised")) == pytest.approx(expected, abs=1e-3)
    each = [sklearn_lwlrap(t, slow_normalise(s, 3)) for t, s, _ in folds_of(run, "validation")]
    assert value(scores, What("cv", form="normalised")) == pytest.approx(np.mean(each), abs=1e-12)


def test_clips_with_several_labels(run: Run, scores: RunScores) -> None:
    several = [(t[t.sum(1) > 1], s[t.sum(1) > 1]) for t, s, _ in folds_of(run, "validation")]
    each = [sklearn_lwlrap(t, s) for t, s in several]
    found = scores.entries[ENTRY].scores[What("cv", clips="several")]
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
    assert scores.labels["cv"].tolist() == truth.sum(0).tolist()


@pytest.mark.parametrize("ties", ["group", "challenge"])
def test_both_rules_for_ties(ties: Ties) -> None:
    """Per-label precisions of tied scores, by sorting as the challenge does or counting the whole group."""
    rng = np.random.default_rng(0)
    truth = (rng.random((30, 5)) < 0.4).astype(np.uint8)
    truth[truth.sum(1) == 0, 0] = 1
    table = rng.integers(0, 3, (30, 5)) / 2
    pool = Pool(np.arange(30) * 2, truth, np.zeros(30, np.int64), np.full(30, ""))
    found = precision_sums(pool, [Scored(np.arange(60), np.repeat(table, 2, axis=0))], ties)
    for clip in range(30):
        order = sorted(range(5), key=lambda c: (table[clip, c], c), reverse=True)
        expected = 0.0
        for c in np.flatnonzero(truth[clip]):
            above = order[: order.index(int(c)) + 1]
            if ties == "group":
                above = [k for k in order if table[clip, k] >= table[clip, c]]
            expected += sum(truth[clip, k] for k in above) / len(above)
        assert found.sums[clip, 0] == pytest.approx(expected, abs=1e-12)
    assert found.counts[:, 0].tolist() == truth.sum(1).tolist()


def test_tied_labels_are_counted_and_the_rules_then_differ(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["verified_only"])
    folder = run.leg(run.cells[Cell("sigmoid", "verified_only", 0)])
    for fold in range(2):
        table = (folder / f"fold-{fold}").read_table("predictions.parquet")
        flat = np.round(table["scores"].combine_chunks().flatten().to_numpy(), 1)
        column = pa.FixedSizeListArray.from_arrays(pa.array(flat), 6)
        (folder / f"fold-{fold}").write_table("predictions.parquet", table.set_column(1, "scores", column))
    scores = score_run(run, FAST, {})
    entry = Entry("sigmoid", "verified_only")
    assert 0 < scores.entries[entry].tied["cv"] < 1
    assert value(scores, What("cv"), entry) < value(scores, What("cv", ties="challenge"), entry)


def test_only_columns_without_unverified_clips_are_scored_at_earlier_stages(
    run: Run, scores: RunScores
) -> None:
    plain = scores.entries[Entry("sigmoid", "verified_only")].scores
    assert {what.stage for what in plain} == {None, 0, 1}
    assert {what.stage for what in scores.entries[ENTRY].scores} == {None}
    cell = cell_of(run, "sigmoid", "verified_only")
    each = []
    for fold in range(3):
        of = run.predictions(cell, fold, "test", 1)
        each.append(sklearn_lwlrap(run.targets[of.rows], of.scores.astype(float)))
    assert plain[What("test", stage=1)].value == pytest.approx(np.mean(each), abs=1e-12)


def test_seeds_are_averaged_and_a_lost_one_is_named(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], seeds=[3, 4])
    both = score_run(run, FAST, {}).entries[SEEDED]
    found = both.scores[What("private")]
    assert found.value == pytest.approx(np.mean(list(found.by_seed.values())), abs=1e-12)
    assert found.seed_sd == pytest.approx(abs(found.by_seed[3] - found.by_seed[4]) / np.sqrt(2))
    assert both.missing_seeds == {}
    run.leg(run.cells[Cell("sigmoid", "top_k", 4)]).delete("result.json")
    one = score_run(run, FAST, {}).entries[SEEDED]
    assert one.missing_seeds == {4: "not run"}
    assert one.scores[What("private")].value == pytest.approx(found.by_seed[3], abs=1e-12)
    assert one.scores[What("private")].seed_sd is None


def test_holes_say_why(tmp_path: Path) -> None:
    lost, broken = ("sigmoid", "top_k"), ("sigmoid", "threshold")
    run = make_fake_run(tmp_path, activations=["sigmoid"], missing={lost}, failed={broken})
    scores = score_run(run, FAST, {})
    assert scores.find(Entry(*lost), What("cv")) == "not run"
    assert scores.find(Entry(*broken), What("cv")) == "failed: RuntimeError: out of memory"
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
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], numbers=numbers)
    scores = score_run(run, FAST, {})
    assert dict(scores.unscored) == reasons
    assert scores.held_out == held_out
    assert isinstance(scores.find(SEEDED, What("cv")), Score)
    for split, reason in reasons.items():
        assert scores.find(SEEDED, What(split, "blend")) == reason  # type: ignore[arg-type]


def test_intervals_are_about_the_value_and_repeatable(run: Run, scores: RunScores) -> None:
    again = score_run(run, FAST, {})
    for entry, found in scores.entries.items():
        for what, score in found.scores.items():
            assert score.interval.low < score.value < score.interval.high
            assert (score.sampled.draws == again.entries[entry].scores[what].sampled.draws).all()


def test_a_cell_does_not_differ_from_its_twin(tmp_path: Path) -> None:
    """With equal predictions the paired difference is exactly zero in every sample."""
    columns = ("top_k", "threshold")
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=columns)
    one, other = (run.leg(run.cells[Cell("sigmoid", column, 0)]) for column in columns)
    for fold in ("fold-0", "fold-1"):
        (other / fold).write("predictions.parquet", (one / fold).read("predictions.parquet"))
    scores = score_run(run, FAST, {})
    a, b = (scores.entries[Entry("sigmoid", column)].scores[What("cv")] for column in columns)
    difference = paired(a.sampled, b.sampled)
    assert (difference.estimate, difference.low, difference.high) == (0, 0, 0)


def test_pools_hold_labelled_clips_alone(run: Run) -> None:
    pools = make_pools(run)
    assert pools["cv"].rows.tolist() == list(range(60))
    assert pools["public"] is pools["private"] is pools["test"]
    assert pools["public"].mask("public").sum() + pools["private"].mask("private").sum() == 80


def test_settings_and_ensembles_come_from_the_configuration(tmp_path: Path) -> None:
    report = {"resamples": 150, "ties": "challenge", "level": 0.8}
    config = {"report": report, "ensembles": {"all": ["sigmoid/top_k"]}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], config=config)
    scores = score_run(run)
    found = scores.entries[SEEDED].scores[What("cv")]
    assert (scores.settings.ties, len(found.sampled.draws)) == ("challenge", 150)
    assert list(scores.ensembles.scores) == ["all"]
    wide = score_run(run, ReportSettings(resamples=150), {}).entries[SEEDED].scores[What("cv")].interval
    assert found.interval.high - found.interval.low < wide.high - wide.low


def test_bounds_do_not_depend_on_the_order_of_summation(
    run: Run, scores: RunScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More threads or another CPU change the last bits of every resampled score, but no bound."""

    def on_another_machine(*given: Any, **named: Any) -> list[Sampled]:
        return [replace(s, draws=s.draws * (1 + 4e-16)) for s in bootstrap(*given, **named)]

    monkeypatch.setattr(scoring, "bootstrap", on_another_machine)
    again = score_run(run, FAST, {})
    for entry, found in scores.entries.items():
        for what, score in found.scores.items():
            assert again.entries[entry].scores[what].interval == score.interval
