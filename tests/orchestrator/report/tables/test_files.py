import io
from pathlib import Path

import pandas as pd
import pytest

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.tables.files import (
    COLUMNS,
    INTERVAL_COLUMNS,
    intervals_csv,
    write_tables,
)
from orchestrator.stats.grid import Entry
from orchestrator.stats.paper import Published
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.report.tables.conftest import ANOTHER, FAST, Results


@pytest.fixture(scope="module")
def written(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(results, tmp_path_factory.mktemp("report"))


def write(results: Results, folder: Path) -> Path:
    write_tables(results.tables(), results.run, results.scores, ANOTHER, Store.open(folder))
    return folder / "tables"


def test_table_1_csv_has_exactly_these_columns_and_every_cell(written: Path, results: Results) -> None:
    frame = pd.read_csv(written / "table1.csv")
    assert tuple(frame.columns) == COLUMNS
    assert len(frame) == 9 * 4 * 2
    assert set(frame["split"]) == {"cv", "public", "private", "test"}
    assert set(frame["score"]) == {"folds", "blend"}
    for line in frame.itertuples():
        entry = Entry(str(line.activation), str(line.selection))
        if entry in results.scores.holes:
            assert str(line.mean) == "nan"
            assert line.n_folds == 0
        else:
            key = ScoreKey(line.split, line.score)  # type: ignore[arg-type]
            assert line.mean == results.scores.entries[entry].scores[key].value, "every digit"
            assert line.n_folds == 2


def test_the_list_of_all_scores_names_the_holes(written: Path, results: Results) -> None:
    frame = pd.read_csv(written / "table1_intervals.csv")
    assert tuple(frame.columns) == INTERVAL_COLUMNS
    assert frame["reason"].dropna().tolist() == ["failed: RuntimeError: out of memory", "not run"]
    rest = frame[frame["reason"].isna()]
    assert len(rest) == sum(len(entry.scores) for entry in results.scores.entries.values())
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


def test_the_same_run_gives_the_same_bytes(results: Results, written: Path, tmp_path: Path) -> None:
    again = write(Results.of(Run.open(results.run.store)), tmp_path)
    names = sorted(path.name for path in written.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    assert len(names) == 20
    for name in names:
        assert (again / name).read_bytes() == (written / name).read_bytes(), name


def test_published_numbers_are_in_the_list_of_all_scores(results: Results) -> None:
    lines = pd.read_csv(io.StringIO(intervals_csv(results.run, results.scores, Published())))
    beside = lines[lines["published"].notna()]
    assert len(beside) == 7 * 2, "cv and private of the cells with results"
    assert set(beside["ties"]) == {"group"}
    assert (beside["difference"] - (beside["mean"] - beside["published"])).abs().max() < 1e-12


def test_without_test_labels_the_tables_say_so(tmp_path: Path) -> None:
    numbers = Numbers(labelled_test=False)
    run = make_fake_run(tmp_path / "run", activations=["sigmoid"], numbers=numbers, config=FAST)
    folder = write(Results.of(run), tmp_path)
    assert "*no labels*" in (folder / "table1.md").read_text()
    assert set(pd.read_csv(folder / "table1.csv")["split"]) == {"cv"}
