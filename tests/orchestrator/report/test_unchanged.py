"""A report whose inputs have not changed is kept; whatever it is made from, or is, is noticed."""

from collections.abc import Callable
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
ROWS = (Row("a", (SCORE,)), Row("b", ("text",)))
TABLE = Table("Title", "row", (Column("group", "name"),), ROWS, ("note",))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """One with a report, or what stands for one."""
    failed = [("sigmoid", "top_k")]
    run = make_fake_run(tmp_path / "run", numbers=SMALL, activations=("sigmoid",), failed=failed)
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


def test_another_start_and_the_live_page_change_nothing(run: Run) -> None:
    manifest(run, started="2021-01-01T00:00:00+00:00", seconds=1.0)
    write("live.html", b"newer")(run)
    assert again(run)


def manifest(run: Run, **changed: object) -> None:
    run.store.write_model(artifacts.RUN, run.manifest.model_copy(update=changed).sealed())


def train_again(run: Run) -> None:
    leg = run.leg_of(cell_of(run, "sigmoid", "threshold"))
    result = leg.result()
    folds = (result.folds[0].model_copy(update={"seconds": 7.0}), *result.folds[1:])
    leg.store.write_model(artifacts.RESULT, result.model_copy(update={"folds": folds}).sealed())


def edit_note(run: Run) -> None:
    report = run.store / artifacts.REPORT
    report.write(artifacts.MADE, report.read(artifacts.MADE).replace(b"It is so.", b"It is not."))


def write(name: str, content: bytes) -> Callable[[Run], None]:
    return lambda run: (run.store / artifacts.REPORT).write(name, content)


def delete(name: str) -> Callable[[Run], None]:
    return lambda run: (run.store / artifacts.REPORT).delete(name)


CHANGES: dict[str, Callable[[Run], None]] = {
    "data": lambda run: manifest(run, data_id="other"),
    "environment": lambda run: manifest(run, environment={"torch": "3"}),
    "skipped": lambda run: manifest(run, skipped={"a": "b"}),
    "report's setting": lambda run: manifest(
        run, config=run.manifest.config | {"report": run.manifest.config["report"] | {"level": 0.9}}
    ),
    "leg trained again": train_again,
    "other failure": lambda run: run.leg_of(cell_of(run, "sigmoid", "top_k")).fail("RuntimeError: another"),
    "page missing": delete("index.html"),
    "table missing": delete("tables/table1.csv"),
    "note missing": delete(artifacts.MADE),
    "page edited": write("index.html", b"content of index.htmX"),
    "table empty": write("tables/table1.csv", b""),
    "note cut": write(artifacts.MADE, b"{"),
    "note empty": write(artifacts.MADE, b"{}"),
    "note edited": edit_note,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_it_is_made_again_whatever_has_changed(run: Run, change: Callable[[Run], None]) -> None:
    change(run)
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


def test_through_a_network_sizes_are_compared(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "is_local", False)
    report = run.store / artifacts.REPORT
    note, before = report.read_model(artifacts.MADE, ReportNote), report.read("index.html")
    for content, whole in ((before[::-1], True), (before + b" ", False)):
        report.write("index.html", content)
        assert unchanged._is_whole(report, note) == whole
