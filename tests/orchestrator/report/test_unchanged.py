"""A report whose inputs have not changed is kept; whatever it is made from, or is, is noticed."""

from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report import unchanged
from orchestrator.report.tables.table import Column, Row, Table, Value
from orchestrator.report.tables.terminal import PrintedReport
from orchestrator.report.unchanged import ReportNote, fingerprint, note_report, unchanged_report
from orchestrator.stats.grid import Interval
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run

SMALL = Numbers(verified=12, unverified=20, test=8, classes=4, iterations=(4, 4, 2), batch=16)
SCORE = Value(0.5, Interval(0.4, 0.6), 0.7, best=True)
TABLE = Table(
    "Title", "row", (Column("group", "name"),), (Row("a", (SCORE,)), Row("b", ("text",))), ("note",)
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One with a report, or what stands for one."""
    run = make_fake_run(
        tmp_path / "run", numbers=SMALL, activations=("sigmoid",), failed=[("sigmoid", "top_k")]
    )
    report = run.store / artifacts.REPORT
    for name in ("index.html", "tables/table1.csv", "live.html"):
        report.write(name, f"content of {name}".encode())
    note_report(run, fingerprint(run), PrintedReport(("It is so.",), (TABLE,), f"{report}/index.html"))
    return run


def again(run: Run) -> PrintedReport | None:
    return unchanged_report(Run.open(run.store))


def test_a_kept_report_shows_what_the_new_one_did(run: Run) -> None:
    shown = again(run)
    assert shown
    assert (shown.headline, shown.tables) == (("It is so.",), (TABLE,))
    console = Console(width=80)
    with console.capture() as capture:
        console.print(shown)
    assert "±0.1000" in capture.get()
    assert f"{run.store}/report/index.html" in capture.get().replace("\n", "")


def test_another_start_changes_nothing(run: Run) -> None:
    manifest = run.manifest.model_copy(update={"started": "2021-01-01T00:00:00+00:00", "seconds": 1.0})
    run.store.write_model(artifacts.RUN, manifest.sealed())
    assert again(run)


CHANGES: list[dict[str, object]] = [
    {"data_id": "other"},
    {"environment": {"torch": "3"}},
    {"source": "other.yaml"},
    {"skipped": {"a": "b"}},
]


@pytest.mark.parametrize("changed", CHANGES, ids=lambda changed: next(iter(changed)))
def test_whatever_else_the_manifest_says_does(run: Run, changed: dict[str, object]) -> None:
    run.store.write_model(artifacts.RUN, run.manifest.model_copy(update=changed).sealed())
    assert again(run) is None


def test_a_setting_of_the_report_does(run: Run) -> None:
    config = run.manifest.config | {"report": run.manifest.config["report"] | {"level": 0.9}}
    run.store.write_model(artifacts.RUN, run.manifest.model_copy(update={"config": config}).sealed())
    assert again(run) is None


def test_a_leg_that_was_trained_again_does(run: Run) -> None:
    leg = run.leg_of(cell_of(run, "sigmoid", "threshold"))
    result = leg.result()
    folds = (result.folds[0].model_copy(update={"seconds": 7.0}), *result.folds[1:])
    leg.store.write_model(artifacts.RESULT, result.model_copy(update={"folds": folds}).sealed())
    assert again(run) is None


def test_another_reason_of_a_failure_does(run: Run) -> None:
    run.leg_of(cell_of(run, "sigmoid", "top_k")).fail("RuntimeError: something else")
    assert again(run) is None


def test_a_damaged_result_does_until_it_is_restored(run: Run) -> None:
    folder = run.leg_of(cell_of(run, "sigmoid", "threshold")).fold(0).store
    content = folder.read(artifacts.PREDICTIONS)
    folder.write(artifacts.PREDICTIONS, content[:-1] + b"x")
    assert again(run) is None
    folder.write(artifacts.PREDICTIONS, content)
    assert again(run)


def test_another_version_of_the_program_does(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "version", lambda _: "another")
    assert again(run) is None


@pytest.mark.parametrize("name", ["index.html", "tables/table1.csv", artifacts.MADE])
def test_a_missing_file_of_the_report_does(run: Run, name: str) -> None:
    (run.store / artifacts.REPORT).delete(name)
    assert again(run) is None


@pytest.mark.parametrize("name", ["index.html", "tables/table1.csv"])
@pytest.mark.parametrize("content", ["content of index.htmX", "", "more content than there was"])
def test_an_edited_file_does(run: Run, name: str, content: str) -> None:
    (run.store / artifacts.REPORT).write(name, content.encode())
    assert again(run) is None


@pytest.mark.parametrize("cut", [b"", b"{", b"{}"])
def test_a_note_that_cannot_be_read_does(run: Run, cut: bytes) -> None:
    (run.store / artifacts.REPORT).write(artifacts.MADE, cut)
    assert again(run) is None


def test_an_edited_note_does(run: Run) -> None:
    report = run.store / artifacts.REPORT
    report.write(artifacts.MADE, report.read(artifacts.MADE).replace(b"It is so.", b"It is not."))
    assert again(run) is None


def test_the_live_page_does_not(run: Run) -> None:
    (run.store / artifacts.REPORT).write("live.html", b"newer")
    assert again(run)


def test_through_a_network_sizes_are_compared(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "is_local", False)
    report = run.store / artifacts.REPORT
    before = report.read("index.html")
    report.write("index.html", before[::-1])
    note = report.read_model(artifacts.MADE, ReportNote)
    assert unchanged._is_whole(report, note)
    report.write("index.html", before + b" ")
    assert not unchanged._is_whole(report, note)
