from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.settings.loading import parse_experiment
from orchestrator.stats.ensembles import members_of, write_ensembles
from orchestrator.stats.grid import Cell, Entry, Hole
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import cell_of, make_fake_run
from trainable.errors import UserError

FAST = {"report": {"resamples": 200}}
BOTH = ("sigmoid/top_k", "sigmoid_softmax/threshold")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"),
        activations=["sigmoid", "sigmoid_softmax"],
        missing={("sigmoid", "threshold")},
        config=FAST | {"ensembles": {"both": BOTH, "alone": BOTH[:1], "lost": ("sigmoid/threshold", *BOTH)}},
    )


def member_cell(run: Run, member: str) -> Cell:
    activation, selection = member.split("/")
    return cell_of(run, activation, selection)


@pytest.fixture(scope="module")
def scores(run: Run) -> RunScores:
    return score_run(run)


def test_an_ensemble_is_the_geometric_mean_over_members_and_folds(run: Run, scores: RunScores) -> None:
    models = [
        run.predictions(member_cell(run, member), fold).of("test") for member in BOTH for fold in (0, 1)
    ]
    product = np.exp(np.mean([np.log(model.scores.astype(float)) for model in models], axis=0))
    made = scores.ensembles.complete["both"].raw.test[0]
    assert (made.rows == models[0].rows).all()
    np.testing.assert_allclose(made.scores, product, rtol=1e-6)
    truth = run.targets[made.rows]
    expected = label_ranking_average_precision_score(truth, product, sample_weight=truth.sum(1))
    score = scores.ensembles.scores["both"][ScoreKey("test", "blend")]
    assert score.value == pytest.approx(expected, abs=1e-12)
    assert score.interval.low < score.value < score.interval.high


def test_validation_clips_are_scored_by_the_models_that_did_not_train_on_them(
    run: Run, scores: RunScores
) -> None:
    for fold, made in enumerate(scores.ensembles.complete["both"].raw.validation):
        tables = [run.predictions(member_cell(run, m), fold).of("validation").scores for m in BOTH]
        expected = np.sqrt(tables[0].astype(float) * tables[1])
        np.testing.assert_allclose(made.scores, expected, rtol=1e-6)
        assert (run.clips["fold"].to_numpy()[made.rows] == fold).all()


def test_an_ensemble_of_one_cell_is_its_blend(scores: RunScores) -> None:
    entry = Entry("sigmoid", "top_k")
    for key in (
        ScoreKey("private", "blend"),
        ScoreKey("cv", "blend"),
        ScoreKey("test", "blend", "normalised"),
    ):
        alone = scores.ensembles.scores["alone"][key]
        assert alone.value == pytest.approx(scores.entries[entry].scores[key].value, abs=1e-12)


def test_an_ensemble_with_a_missing_member_is_a_hole(scores: RunScores) -> None:
    assert scores.ensembles.holes == {"lost": Hole("incomplete", "sigmoid/threshold: not run")}
    assert set(scores.ensembles.scores) == {"both", "alone"}


def test_the_file_has_a_cells_columns_and_gives_the_very_scores(run: Run, scores: RunScores) -> None:
    write_ensembles(run, scores.ensembles.complete, run.store / artifacts.REPORT)
    table = (run.store / "report/ensembles/both").read_table(artifacts.PREDICTIONS)
    cell = run.leg_of(cell_of(run, "sigmoid", "top_k")).fold(0).store.read_table(artifacts.PREDICTIONS)
    assert table.schema == cell.schema
    assert set(table["stage"].to_pylist()) == {2}
    frame = table.to_pandas()
    assert sorted(frame["fname"][frame["part"] == "validation"]) == sorted(run.clips["fname"][:60])
    test = frame[frame["part"] == "test"]
    truth = run.targets[run.rows_of(test["fname"].tolist())]
    values = np.stack(test["scores"].to_list()).astype(float)
    lrap = label_ranking_average_precision_score(truth, values, sample_weight=truth.sum(1))
    assert scores.ensembles.scores["both"][ScoreKey("test", "blend")].value == pytest.approx(lrap, abs=1e-12)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"a": ("sigmoid/tresh",)},
            r"ensembles\.a: there is no cell sigmoid/tresh, did you mean sigmoid/threshold",
        ),
        ({"a": ()}, r"ensembles\.a: name its members, such as sigmoid/"),
        ({"../a": BOTH}, r"ensembles: '\.\./a' is no name"),
        ({"a/b": BOTH}, r"ensembles: 'a/b' is no name"),
    ],
)
def test_wrong_members_are_refused_with_the_settings(
    run: Run, members: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        parse_experiment(run.manifest.config | {"ensembles": members}, "report")


def test_all_seeds_of_a_member_take_part(tmp_path: Path) -> None:
    config = FAST | {"ensembles": {"a": ["sigmoid/top_k"]}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], seeds=[0, 1], config=config)
    made = score_run(run).ensembles.complete["a"]
    tables = [
        run.predictions(cell_of(run, "sigmoid", "top_k", seed), fold).of("test").scores.astype(float)
        for seed in (0, 1) for fold in (0, 1)
    ]  # fmt: skip
    np.testing.assert_allclose(made.raw.test[0].scores, np.prod(tables, axis=0) ** 0.25, rtol=1e-6)


def test_a_member_may_be_one_seed(tmp_path: Path) -> None:
    config = FAST | {"ensembles": {"a": ["sigmoid/top_k/1"]}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], seeds=[0, 1], config=config)
    made = score_run(run).ensembles.complete["a"]
    cell = cell_of(run, "sigmoid", "top_k", 1)
    assert made.members == members_of(run)["a"] == (cell,)
    tables = [run.predictions(cell, fold).of("test").scores.astype(float) for fold in (0, 1)]
    np.testing.assert_allclose(made.raw.test[0].scores, np.prod(tables, axis=0) ** 0.5, rtol=1e-6)
