from pathlib import Path

import pandas as pd
import pytest

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_inputs
from orchestrator.stats.masks import diagnose
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import diagnostics_of

SMALL = Numbers(verified=24, unverified=40, test=10, classes=5, iterations=(4, 8, 3), batch=16)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_fake_run(tmp_path, activations=["sigmoid"], selections=["top_k"], numbers=SMALL)


def test_the_files_have_the_columns_to_six_digits(run: Run, tmp_path: Path) -> None:
    diagnostics_of(run).write(Store.open(tmp_path / "report"))
    tables = diagnose(read_inputs(run))
    by_cell = pd.read_csv(tmp_path / "report/diagnostics/by_cell.csv")
    assert by_cell["precision"][0] == pytest.approx(tables.by_cell["precision"][0], rel=1e-5)
    for name, columns in (("by_class", tables.by_class), ("by_labels", tables.by_labels)):
        assert list(pd.read_csv(tmp_path / f"report/diagnostics/{name}.csv")) == list(columns)
    suspects = pd.read_csv(tmp_path / "report/suspects.csv")
    assert suspects["fname"].tolist() == tables.suspects["fname"].tolist()


def test_a_run_that_judged_nothing_has_empty_files(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=["sigmoid"], selections=["verified_only"], numbers=SMALL)
    diagnostics_of(run).write(Store.open(tmp_path / "report"))
    assert (tmp_path / "report/suspects.csv").read_text().startswith("rank,fname,labels,suspicion,seen")
