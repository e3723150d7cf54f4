"""Another data set than FSDKaggle2019, from its folder to its report: without test clips, from any folder."""

import csv
import html
import re
from pathlib import Path

import pytest

from tests.integration.programs import run
from tests.orchestrator.own_data.own_sets import own_set

pytestmark = [pytest.mark.integration, pytest.mark.timeout(420)]

SMALL = (
    "folds=2", "stages=[{iterations: 4}, {iterations: 4, unverified: 0.5}, {iterations: 2}]",
    "schedule={evaluate_every: 5, checkpoint_every: 5}", "model.channels=[4, 8]", "model.gru=8",
    "activations={sigmoid: {}}", "report.resamples=100",
)  # fmt: skip


def test_what_init_writes_fills_a_grid_whose_report_knows_no_test_clips(tmp_path: Path) -> None:
    data, home = own_set(tmp_path / "own", {"good": 16, "web": 16}), tmp_path / "home"
    code, output = run(home, "init", data)
    assert code == 0, output
    changes = [word for change in SMALL for word in ("--set", change)]
    words = ("--config", data / "stagegrid.yaml", "--data", data, *changes)
    code, output = run(home, "run", *words, "--out", tmp_path / "run")
    assert code == 0, output
    assert "16 verified, 16 unverified, 0 test clips" in output
    tables = tmp_path / "run/report/tables"
    with (tables / "table1.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["split"] for row in rows} == {"cv"}
    assert {row["selection"] for row in rows} == {"verified_only", "top_k", "threshold"}
    page = html.unescape((tmp_path / "run/report/index.html").read_text())
    text = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL)
    for word in ("private", "public"):
        assert word not in output.lower()
        assert word not in text.lower(), text[text.lower().index(word) - 200 :][:400]
