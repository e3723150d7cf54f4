from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.plan.legs import Cell
from orchestrator.report.scores.ensembles import write_ensembles
from orchestrator.report.scores.run_scores import RunScores, What, score_run
from tests.orchestrator.fake_run import cell_of, make_fake_run

FAST = ReportSettings(resamples=200)
BOTH = ("sigmoid/top_k", "sigmoid_softmax/threshold")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    rows = ["sigmoid", "sigmoid_softmax"]
    return make_fake_run(tmp_path_factory.mktemp("run"), activations=rows, missing={("sigmoid", "threshold")})


def member_cell(run: Run, member: str) -> Cell:
    activation, selection = member.split("/")
    return cell_of(run, activation, selection)


@pytest.fixture(scope="module")
def scores(run: Run) -> RunScores:
    members = {"both": BOTH, "one": BOTH[:1], "lost": ("sigmoid/threshold", *BOTH)}
    return score_run(run, FAST, members)


def test_an_ensemble_is_the_geometric_mean_over_members_and_folds(run: Run, scores: RunScores) -> None:
    tables = [run.predictions(member_cell(run, member), fold, "test") for member in BOTH for fold in (0, 1)]
    product = np.exp(np.mean([np.log(table.scores.astype(float)) for table in tables], axis=0))
    made = scores.ensembles.made["both"].raw.test[0]
    assert (made.rows == tables[0].rows).all()
    np.testing.assert_allclose(made.scores, product, rtol=1e-6)
    truth = run.targets[made.rows]
    expected = label_ranking_average_precision_score(truth, product, sample_weight=truth.sum(1))
    found = scores.ensembles.scores["both"][What("test", "blend")]
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.interval.low < found.value < found.interval.high


def test_validation_clips_are_scored_by_the_models_that_did_not_train_on_them(
    run: Run, scores: RunScores
) -> None:
    for fold, made in enumerate(scores.ensembles.made["both"].raw.validation):
        tables = [run.predictions(member_cell(run, m), fold, "validation").scores for m in BOTH]
        expected = np.sqrt(tables[0].astype(float) * tables[1])
        np.testing.assert_allclose(made.scores, expected, rtol=1e-6)
        assert (run.clips["fold"].to_numpy()[made.rows] == fold).all()


def test_an_ensemble_of_one_cell_is_its_blend(scores: RunScores) -> None:
    entry = next(entry for entry in scores.entries if str(entry) == BOTH[0])
    for what in (What("private", "blend"), What("cv", "blend"), What("test", "blend", "normalised")):
        one = scores.ensembles.scores["one"][what]
        assert one.value == pytest.approx(scores.entries[entry].scores[what].value, abs=1e-12)


def test_an_ensemble_with_a_missing_member_is_a_hole(scores: RunScores) -> None:
    assert scores.ensembles.holes == {"lost": "incomplete: sigmoid/threshold: not run"}
    assert set(scores.ensembles.scores) == {"both", "one"}


def test_the_file_has_a_cells_columns_and_gives_the_very_scores(run: Run, scores: RunScores) -> None:
    write_ensembles(run, scores.ensembles.made, run.store)
    table = (run.store / "report/ensembles/both").read_table("predictions.parquet")
    cell = (run.leg(run.cells[cell_of(run, "sigmoid", "top_k")]) / "fold-0").read_table("predictions.parquet")
    assert table.schema == cell.schema
    assert set(table["stage"].to_pylist()) == {2}
    frame = table.to_pandas()
    assert sorted(frame["fname"][frame["part"] == "validation"]) == sorted(run.clips["fname"][:60])
    test = frame[frame["part"] == "test"]
    row_of = {name: row for row, name in enumerate(run.clips["fname"])}
    truth = run.targets[[row_of[name] for name in test["fname"]]]
    values = np.stack(test["scores"].to_list()).astype(float)
    lrap = label_ranking_average_precision_score(truth, values, sample_weight=truth.sum(1))
    assert scores.ensembles.scores["both"][What("test", "blend")].value == pytest.approx(lrap, abs=1e-12)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (
            {"a": ("sigmoid/tresh",)},
            r"ensembles\.a: no cell 'sigmoid/tresh': choose from sigmoid/ver",
        ),
        ({"a": ()}, r"ensembles\.a has no members"),
        ({"../a": BOTH}, r"ensembles\.\.\./a: it names a folder"),
        ({"a/b": BOTH}, r"ensembles\.a/b: it names a folder"),
    ],
)
def test_wrong_members_are_refused(run: Run, members: dict[str, tuple[str, ...]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        score_run(run, FAST, members)


def test_all_seeds_of_a_member_take_part(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], seeds=[0, 1])
    made = score_run(run, FAST, {"a": ("sigmoid/top_k",)}).ensembles.made["a"]
    tables = [
        run.predictions(cell_of(run, "sigmoid", "top_k", seed), fold, "test").scores.astype(float)
        for seed in (0, 1) for fold in (0, 1)
    ]  # fmt: skip
    np.testing.assert_allclose(made.raw.test[0].scores, np.prod(tables, axis=0) ** 0.25, rtol=1e-6)


def test_a_member_may_be_one_seed(tmp_path: Path) -> None:
    members = {"a": ("sigmoid/top_k/1",)}
    run = make_fake_run(
        tmp_path, activations=["sigmoid"], selections=["top_k"], seeds=[0, 1], config={"ensembles": members}
    )
    made = score_run(run, FAST).ensembles.made["a"]
    cell = cell_of(run, "sigmoid", "top_k", 1)
    assert made.members == (cell,)
    tables = [run.predictions(cell, fold, "test").scores.astype(float) for fold in (0, 1)]
    np.testing.assert_allclose(made.raw.test[0].scores, np.prod(tables, axis=0) ** 0.5, rtol=1e-6)
