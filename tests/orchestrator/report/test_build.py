import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.build import headline, write_ensembles, write_report
from orchestrator.report.unchanged import unchanged_report
from orchestrator.stats.assessment import assess_claims
from orchestrator.stats.grid import Entry, ranked
from orchestrator.stats.paper import Published
from orchestrator.stats.run_scores import RunScores, score_run
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run, with_noise_truth
from tests.orchestrator.measured import scores_of
from tests.orchestrator.stats.made import FAST, made_inputs

pytestmark = pytest.mark.integration  # draws every figure

SMALL = Numbers(verified=24, unverified=40, test=16, classes=4, iterations=(8, 8, 4), batch=16)
QUICK = {"report": {"resamples": 200}}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_fake_run(tmp_path, numbers=SMALL, activations=("sigmoid",), config=QUICK)


def test_a_deleted_report_comes_back_byte_for_byte(run: Run, tmp_path: Path) -> None:
    write_report(run)
    first = contents(tmp_path / "report")
    run.store.delete(artifacts.REPORT)
    write_report(Run.open(run.store))
    again = contents(tmp_path / "report")
    assert list(first) == list(again)
    assert first.pop("made.json") != again.pop("made.json")  # it has the checksum of the page
    page, page_again = (report.pop("index.html").splitlines() for report in (first, again))
    assert all(b"Written " in a for a, b in zip(page, page_again, strict=True) if a != b)
    assert first == again


def test_a_report_is_whole_and_new_and_all_that_changes(run: Run, tmp_path: Path) -> None:
    before = contents(tmp_path)
    run.store.write("report/figures/old.svg", b"")
    assert unchanged_report(run) is None
    text = rendered(write_report(run))
    assert text.startswith("Best cell by cross-validation: sigmoid/")
    assert "Table 1" in text
    assert "Verdicts" in text
    assert f"{tmp_path}/report/index.html" in text.replace("\n", "")
    written = contents(tmp_path / "report")
    expected = {"suspects.csv", "diagnostics/by_cell.csv", "tables/table1.csv", "figures/grid.svg"}
    assert expected | {"index.html"} <= set(written)
    assert "figures/old.svg" not in written
    now = contents(tmp_path)
    assert {name: data for name, data in now.items() if not name.startswith("report/")} == before
    links = re.findall(r'href="([^#"]+)"', written["index.html"].decode())
    assert len(links) > 30
    assert set(links) <= set(written)
    unchanged = unchanged_report(Run.open(run.store))
    assert unchanged
    assert rendered(unchanged) == text
    (tmp_path / "report" / "figures" / "grid.svg").write_text("edited")
    assert unchanged_report(Run.open(run.store)) is None


def rendered(report: object) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(report)
    return capture.get()


TINY = Numbers(verified=24, unverified=40, test=16, classes=4, iterations=(4, 4, 2))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"selections": ["top_k"], "missing": [("sigmoid", "top_k")]}, "not run"),
        ({"selections": ["top_k"], "numbers": replace(TINY, labelled_test=False)}, "no labels"),
        ({"seeds": (0, 1), "failed": [("sigmoid", "threshold")]}, "failed"),
    ],
)
def test_less_than_a_whole_run_has_a_report(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    shape: dict[str, Any] = {"numbers": TINY, "activations": ["sigmoid"], "config": QUICK}
    run = make_fake_run(tmp_path, **shape | options)
    assert said in rendered(write_report(run))


def test_without_test_clips_there_are_no_columns_of_holes(tmp_path: Path) -> None:
    config = QUICK | {"ensembles": {"all": ["sigmoid/top_k", "sigmoid/threshold"]}}
    run = make_fake_run(tmp_path, numbers=replace(TINY, test=0), activations=("sigmoid",), config=config)
    report = write_report(with_noise_truth(run, None))
    written = [path for path in (tmp_path / "report").rglob("*") if path.suffix in (".html", ".md", ".csv")]
    texts = [rendered(report), *(path.read_text() for path in written)]
    assert len(texts) > 10
    assert not [text for text in texts if "no test clips" in text]
    assert {str(claim.evidence) for claim in report.claims} == {"cv", "training"}
    assert " in cross-validation, where selection brings " in report.headline[0]
    assert "precision_at" not in report.diagnostics.tables


def test_a_wrong_ensemble_costs_no_report(run: Run, tmp_path: Path) -> None:
    run.store.write("report/index.html", b"an older one")
    wrong = run.manifest.config | {"ensembles": {"best": ["sigmoid/nothing"]}}
    broken = Run(run.store, run.manifest.model_copy(update={"config": wrong}))
    with pytest.raises(ValueError, match="nothing"):
        write_report(broken)
    assert contents(tmp_path / "report") == {"index.html": b"an older one"}


ROWS = ["sigmoid", "sigmoid_softmax"]
EFFECT = {Entry("sigmoid", "threshold"): 2.0, Entry("sigmoid_softmax", "threshold"): 1.0}


def sentences(**shape: Any) -> tuple[RunScores, tuple[str, ...]]:
    inputs = made_inputs(**shape)
    scores = score_run(inputs, FAST)
    claims = assess_claims(inputs, scores, Published("another data set"))
    return scores, headline(scores, claims, list(ranked(inputs.grid.entries, inputs.lwlrap)))


def test_best_cell_what_its_parts_bring_and_how_sure_that_is() -> None:
    scores, (first, second) = sentences(effect=EFFECT)
    value = scores.entries[Entry("sigmoid", "threshold")].scores[ScoreKey("private")].value
    best = f"Best cell by cross-validation: sigmoid/threshold, lwlrap {value:.4f} on private test clips and "
    assert first.startswith(best)
    assert " in cross-validation, where selection brings +" in first
    assert "(threshold, the best of 2: higher in these models) and a second head brings " in first
    assert "(sigmoid_softmax: " in first
    assert second.endswith("what other test clips would change, not what another training would.")


def test_several_trainings_are_said() -> None:
    _, (first, second) = sentences(effect=EFFECT, seeds=[0, 1])
    assert "the best of 2: confirmed)" in first
    assert second.startswith("Means of 2 trainings of each cell, 4 models on the same test clips: ")
    assert second.endswith("what other test clips and other trainings would change.")


def test_a_second_head_is_one_of_any_row_that_has_two() -> None:
    _, (first, _) = sentences(rows=["sigmoid", "softmax", "sigmoid_sparsemax"], columns=["top_k"])
    assert "a second head brings " in first
    assert "(sigmoid_sparsemax: " in first


@pytest.mark.parametrize(
    ("missing", "start"),
    [([Entry("sigmoid", "top_k")], "No cell can be scored yet."), ([], "Best cell by cross-validation: ")],
)
def test_less_of_a_grid_says_less(missing: list[Entry], start: str) -> None:
    _, (first, *_) = sentences(rows=["sigmoid"], columns=["top_k"], missing=missing)
    assert first.startswith(start)
    assert "brings" not in first


def test_an_ensembles_file_has_a_cells_columns_and_gives_the_very_scores(tmp_path: Path) -> None:
    ensembles = {"both": ["sigmoid/top_k", "sigmoid_softmax/threshold"]}
    run = make_fake_run(tmp_path, activations=ROWS, config=QUICK | {"ensembles": ensembles})
    scores = scores_of(run)
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
