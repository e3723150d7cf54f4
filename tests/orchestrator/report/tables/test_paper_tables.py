import io
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from orchestrator.artifacts.run import Run
from orchestrator.experiment.report_settings import ReportSettings
from orchestrator.report.claims.claims import judge_claims
from orchestrator.report.scores.bootstrap import Interval
from orchestrator.report.scores.run_scores import Entry, RunScores, What, score_run
from orchestrator.report.tables import files as table_files
from orchestrator.report.tables import paper_tables as tables
from orchestrator.report.tables.files import COLUMNS, INTERVAL_COLUMNS, write_tables
from orchestrator.report.tables.more_tables import readings_table, stages_table, verdicts_table
from orchestrator.report.tables.paper_tables import claims_table, table1, table2, table3
from orchestrator.report.tables.table import Column, Hole, Row, Table, Value, to_csv, to_latex, to_markdown
from orchestrator.report.tables.terminal import to_rich
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import Numbers, make_fake_run

FAST = ReportSettings(resamples=200)
MEMBERS = {"best": ("sigmoid_softmax/threshold", "sigmoid_sparsemax/threshold"), "lost": ("sigmoid/top_k",)}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    lost, broken = {("sigmoid_softmax", "top_k")}, {("sigmoid", "top_k")}
    return make_fake_run(tmp_path_factory.mktemp("run"), missing=lost, failed=broken)


@pytest.fixture(scope="module")
def scores(run: Run) -> RunScores:
    return score_run(run, FAST, MEMBERS)


@pytest.fixture(scope="module")
def written(run: Run, scores: RunScores, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_tables(run, scores, judge_claims(run, scores), Store.open(folder))
    return folder / "report" / "tables"


def printed(table: Table, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(to_rich(table, width))
    return stream.getvalue()


SMALL = Table(
    "A title",
    "row",
    (Column("x_1", "cv"), Column("x_1", "private"), Column("words")),
    (
        Row("a_b", (Value(0.5, Interval(0.4, 0.7)), Value(0.25, None, 0.3), "50 % & more")),
        Row("c", (Hole("failed: no memory"), Hole("not run"), "x|y")),
    ),
    ("a note",),
)


def test_markdown() -> None:
    assert to_markdown(SMALL).splitlines() == [
        "**A title**",
        "",
        "| row | x_1 cv | x_1 private | words |",
        "| --- | --- | --- | --- |",
        "| a_b | 0.5000 [0.4000, 0.7000] | 0.2500<br>paper 0.3000, -0.0500 | 50 % & more |",
        "| c | *failed: no memory* | *not run* | x&#124;y |",
        "",
        "- a note",
    ]


def test_csv_has_all_digits_and_the_reasons() -> None:
    frame = pd.read_csv(io.StringIO(to_csv(SMALL)))
    assert frame["x_1 cv low"].tolist()[0] == 0.4
    assert frame["x_1 private difference"].tolist()[0] == 0.25 - 0.3
    assert frame["x_1 cv hole"].tolist()[1] == "failed: no memory"
    assert frame["words"].tolist() == ["50 % & more", "x|y"]


def test_latex_escapes_and_has_as_many_cells_in_every_line() -> None:
    text = to_latex(SMALL)
    assert r"a\_b & 0.5000 [0.4000, 0.7000] & 0.2500; paper 0.3000, -0.0500 & 50 \% \& more \\" in text
    assert r"\emph{not run}" in text
    assert text.count("\\begin{") == text.count("\\end{") == 2
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {line.replace(r"\&", "").count("&") for line in lines} == {3}


def test_a_terminal_shows_half_the_interval_and_the_reason_below() -> None:
    text = printed(SMALL)
    for word in (
        "0.5000",
        "±0.1500",
        "p0.3000",
        "-0.0500",
        "failed",
        "c x_1 cv: failed: no memory",
        "a note",
    ):
        assert word in text


def test_table_1_fits_80_characters(run: Run, scores: RunScores) -> None:
    lines = printed(table1(run, scores)).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("sigmoid_sparsemax") for line in lines) == 1, "one block"
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80])
def test_nothing_is_cut_on_a_narrow_terminal(run: Run, scores: RunScores, width: int) -> None:
    claims = judge_claims(run, scores)
    for table in (table1(run, scores), table2(run, scores), table3(run, scores), readings_table(run, scores),
                  stages_table(run, scores), verdicts_table(scores, claims)):  # fmt: skip
        text = printed(table, width)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width


def test_table_1_csv_has_exactly_these_columns_and_every_cell(written: Path, scores: RunScores) -> None:
    frame = pd.read_csv(written / "table1.csv")
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 9 * 4 * 2
    assert set(frame["split"]) == {"cv", "public", "private", "test"}
    assert set(frame["score"]) == {"folds", "blend"}
    for line in frame.itertuples():
        entry = Entry(str(line.activation), str(line.selection))
        if entry in scores.holes:
            assert str(line.mean) == "nan"
            assert line.n_folds == 0
        else:
            what = What(line.split, line.score)  # type: ignore[arg-type]
            assert line.mean == scores.entries[entry].scores[what].value, "every digit"
            assert line.n_folds == 2


def test_the_list_of_all_scores_names_the_holes(written: Path, scores: RunScores) -> None:
    frame = pd.read_csv(written / "table1_intervals.csv")
    assert tuple(frame.columns) == INTERVAL_COLUMNS
    assert frame["reason"].dropna().tolist() == ["failed: RuntimeError: out of memory", "not run"]
    rest = frame[frame["reason"].isna()]
    assert len(rest) == sum(len(entry.scores) for entry in scores.entries.values())
    assert (rest["low"] <= rest["mean"]).all()
    assert (rest["mean"] <= rest["high"]).all()


@pytest.mark.parametrize("form", ["md", "tex", "csv"])
@pytest.mark.parametrize("name", ["table1", "table2", "table3", "readings"])
def test_holes_are_visible_in_every_form(written: Path, name: str, form: str) -> None:
    if (name, form) != ("table1", "csv"):  # has a fixed schema: tested above
        text = (written / f"{name}.{form}").read_text()
        assert "failed: RuntimeError: out of memory" in text
        assert "not run" in text or name == "table3"


def test_no_published_numbers_beside_other_data(written: Path) -> None:
    for name in ("table1", "table2", "table3", "claims"):
        text = (written / f"{name}.md").read_text()
        assert "no published numbers: the data set is not FSDKaggle2019 (its 6 classes" in text
        assert "0.8417" not in text
        assert "THUEE" not in text


def test_published_numbers_stand_beside_the_papers_data(
    run: Run, scores: RunScores, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (tables, table_files):
        monkeypatch.setattr(module, "is_fsdkaggle2019", lambda _: None)
    first = table1(run, scores).rows[0].cells[0]
    assert isinstance(first, Value)
    assert first.published == 0.8417
    assert first.difference == pytest.approx(first.value - 0.8417)
    assert "p0.8417" in printed(table1(run, scores))
    assert [row.label for row in table3(run, scores).rows][-4:][0] == "THUEE, DCASE 2nd place [9]"
    lines = pd.read_csv(io.StringIO(table_files.intervals_csv(run, scores)))
    assert lines["published"].notna().sum() == 7 * 2, "cv and private of the cells with results"


def test_table_2_puts_the_paper_beside_threshold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_fake_run(tmp_path, folds=4, numbers=Numbers(verified=120))
    monkeypatch.setattr(tables, "is_fsdkaggle2019", lambda _: None)
    table = table2(run, score_run(run, FAST, {}))
    row = {row.label: row for row in table.rows}["sigmoid_softmax/threshold"]
    published = [cell.published for cell in row.cells if isinstance(cell, Value)]
    assert published == [0.7617, 0.8097, 0.7941, 0.7643, 0.7825]
    plain = {row.label: row for row in table.rows}["sigmoid_softmax/top_k"]
    assert all(isinstance(cell, Value) and cell.published is None for cell in plain.cells)


def test_the_same_run_gives_the_same_bytes(run: Run, written: Path, tmp_path: Path) -> None:
    again = Run.open(run.store)
    scores = score_run(again, FAST, MEMBERS)
    write_tables(again, scores, judge_claims(again, scores), Store.open(tmp_path))
    names = sorted(path.name for path in written.iterdir())
    assert names == sorted(path.name for path in (tmp_path / "report" / "tables").iterdir())
    assert len(names) == 20
    for name in names:
        assert (tmp_path / "report" / "tables" / name).read_bytes() == (written / name).read_bytes(), name
    folder = "report/ensembles/best/predictions.parquet"
    assert (tmp_path / folder).read_bytes() == (written.parents[1] / folder).read_bytes()


def test_claims_have_a_line_each(run: Run, scores: RunScores) -> None:
    claims = judge_claims(run, scores)
    table = claims_table(run, scores, claims)
    assert len(table.rows) == len(claims)
    words = {row.cells[3] for row in table.rows}
    assert words <= {"confirmed", "not distinguishable", "contradicted", "not judged"}
    whole = verdicts_table(scores, claims)
    assert len(whole.rows) == 6 * 2 + 1 + 3, (
        "six comparisons on two splits, one on several labels, three rows"
    )


def test_without_test_labels_the_tables_say_so(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], numbers=Numbers(labelled_test=False))
    scores = score_run(run, FAST, {})
    write_tables(run, scores, judge_claims(run, scores), run.store)
    assert "*no labels*" in (tmp_path / "report/tables/table1.md").read_text()
    frame = pd.read_csv(tmp_path / "report/tables/table1.csv")
    assert set(frame["split"]) == {"cv"}
