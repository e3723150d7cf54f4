import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.metrics import label_ranking_average_precision_score

from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.build import headline, write_ensembles, write_report
from orchestrator.report.inputs import ranking
from orchestrator.report.unchanged import ReportNote, unchanged_report
from orchestrator.stats.grid import Entry
from orchestrator.stats.scoring import Score, ScoreKey
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run, with_noise_truth
from tests.orchestrator.measured import claims_about, scores_of

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
    write_report(run)
    written = set(contents(tmp_path / "report"))
    assert {
        "index.html",
        "suspects.csv",
        "diagnostics/by_cell.csv",
        "diagnostics/by_labels.csv",
        "tables/table1.csv",
        "figures/grid.svg",
    } <= written
    assert "figures/old.svg" not in written
    assert {
        name: data for name, data in contents(tmp_path).items() if not name.startswith("report/")
    } == before
    suspects = pd.read_csv(tmp_path / "report" / "suspects.csv")
    assert suspects["fname"].is_unique
    assert suspects["suspicion"].is_monotonic_decreasing


def test_it_is_kept_until_something_changes(run: Run, tmp_path: Path) -> None:
    assert unchanged_report(run) is None
    report = write_report(run)
    unchanged = unchanged_report(Run.open(run.store))
    assert unchanged
    assert rendered(unchanged) == rendered(report)
    names = {name for name in contents(tmp_path / "report") if name != "made.json"}
    assert (run.store / "report").read_model("made.json", ReportNote).files.keys() == names
    (tmp_path / "report" / "figures" / "grid.svg").write_text("edited")
    assert unchanged_report(Run.open(run.store)) is None


def test_the_page_links_only_files_that_are_there(run: Run, tmp_path: Path) -> None:
    write_report(run)
    links = re.findall(r'href="([^#"]+)"', (tmp_path / "report" / "index.html").read_text())
    assert len(links) > 30
    assert [link for link in links if not (tmp_path / "report" / link).is_file()] == []


def test_the_terminal_shows_grid_verdicts_and_where_the_page_is(run: Run, tmp_path: Path) -> None:
    report = write_report(run)
    text = rendered(report)
    value = report.scores.entries[next(iter(report.scores.entries))].scores
    assert text.startswith("Best cell by cross-validation: sigmoid/")
    assert "Table 1" in text
    assert "Verdicts" in text
    assert f"{next(iter(value.values())).value:.4f}" in text
    assert f"{tmp_path}/report/index.html" in text.replace("\n", "")


def rendered(report: object) -> str:
    console = Console(width=80)
    with console.capture() as capture:
        console.print(report)
    return capture.get()


def test_a_run_without_results_has_a_report(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, numbers=SMALL, activations=("sigmoid",), selections=("top_k", "threshold"),
                        missing=[("sigmoid", "top_k"), ("sigmoid", "threshold")], config=QUICK)  # fmt: skip
    text = rendered(write_report(run))
    assert "not run" in text
    assert (tmp_path / "report" / "index.html").exists()


def test_one_cell_and_no_test_labels(tmp_path: Path) -> None:
    numbers = Numbers(
        verified=24, unverified=40, test=16, classes=4, iterations=(4, 4, 2), labelled_test=False
    )
    run = make_fake_run(
        tmp_path, numbers=numbers, activations=("sigmoid",), selections=("top_k",), config=QUICK
    )
    assert "no labels" in rendered(write_report(run))


def test_no_test_clips_and_no_known_label_errors(tmp_path: Path) -> None:
    numbers = Numbers(verified=24, unverified=40, test=0, classes=4, iterations=(4, 4, 2))
    run = make_fake_run(tmp_path, numbers=numbers, activations=("sigmoid",), config=QUICK)
    report = write_report(with_noise_truth(run, None))
    assert report.diagnostics.precision_at is None
    assert not (tmp_path / "report" / "diagnostics" / "precision_at.csv").exists()


def test_several_seeds_with_a_hole(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, numbers=SMALL, activations=("sigmoid",), seeds=(0, 1),
                        failed=[("sigmoid", "threshold")], config=QUICK)  # fmt: skip
    assert "failed" in rendered(write_report(run))


def test_a_wrong_ensemble_costs_no_report(run: Run, tmp_path: Path) -> None:
    run.store.write("report/index.html", b"an older one")
    wrong = run.manifest.config | {"ensembles": {"best": ["sigmoid/nothing"]}}
    broken = Run(run.store, run.manifest.model_copy(update={"config": wrong}))
    with pytest.raises(ValueError, match="nothing"):
        write_report(broken)
    assert contents(tmp_path / "report") == {"index.html": b"an older one"}


ROWS = ["sigmoid", "sigmoid_softmax"]
EFFECT = {("sigmoid", "threshold"): 2.0, ("sigmoid_softmax", "threshold"): 1.0}


def sentences(run: Run) -> tuple[str, ...]:
    scores = scores_of(run)
    return headline(scores, claims_about(run, scores), list(ranking(run)))


def test_best_cell_what_its_parts_bring_and_how_sure_that_is(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, effect=EFFECT, config=QUICK)
    first, second = sentences(run)
    scores = scores_of(run)
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
    run = make_fake_run(tmp_path, activations=rows, selections=["top_k"], effect=effect, config=QUICK)
    first, _ = sentences(run)
    assert first.startswith("Best cell by cross-validation: softmax/top_k, ")
    assert "a second head brings +" in first
    assert "(sigmoid_entmax15, the best of 2: " in first


def test_several_trainings_are_said(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=ROWS, effect=EFFECT, seeds=[0, 1], config=QUICK)
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
    run = make_fake_run(tmp_path, activations=["sigmoid"], config=QUICK, **options)
    first, *_ = sentences(run)
    assert first.startswith(start)
    assert "brings" not in first


def test_without_test_clips_cross_validation_is_told(tmp_path: Path) -> None:
    numbers = Numbers(verified=24, unverified=40, test=0, classes=4, iterations=(4, 4, 2))
    run = make_fake_run(tmp_path, activations=["sigmoid"], numbers=numbers, config=QUICK)
    first, _ = sentences(run)
    assert " in cross-validation, where selection brings " in first
    assert "test clips" not in first


@pytest.fixture(scope="module")
def blended(tmp_path_factory: pytest.TempPathFactory) -> Run:
    members = {"both": ("sigmoid/top_k", "sigmoid_softmax/threshold")}
    return make_fake_run(
        tmp_path_factory.mktemp("run"), activations=ROWS, config=QUICK | {"ensembles": members}
    )


def test_the_file_has_a_cells_columns_and_gives_the_very_scores(blended: Run) -> None:
    run, scores = blended, scores_of(blended)
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
