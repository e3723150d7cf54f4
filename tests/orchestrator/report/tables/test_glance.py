"""The verdicts at a glance."""

import io
from pathlib import Path

from rich.console import Console

from orchestrator.artifacts.run import Hole
from orchestrator.report.claims.verdicts import Standing, Verdict
from orchestrator.report.tables.glance import MARKS, glance_table
from orchestrator.report.tables.table import Table
from orchestrator.report.tables.terminal import to_rich
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.tables.conftest import FAST, Results

BETTER = {(row, "threshold"): 3.0 for row in ("sigmoid", "sigmoid_softmax", "sigmoid_sparsemax")}


def lines(table: Table) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=80).print(to_rich(table, 80))
    return stream.getvalue().splitlines()


def test_the_papers_grid_has_its_verdicts_in_ten_lines(tmp_path: Path) -> None:
    results = Results.of(make_fake_run(tmp_path, config=FAST))
    printed = lines(glance_table(results.claims))
    assert len(printed) <= 12
    assert printed[0].split() == ["Verdicts", "cv", "private"]
    assert printed[7].startswith("  on clips with several labels")
    assert printed[8].startswith("variation of the limit, top_k > threshold: ")
    told = " ".join(" ".join(printed).split())
    assert (
        "△ higher in these models, ▽ lower in these models, ○ no clear difference: one training was" in told
    )


def test_a_mark_says_what_the_verdict_is(tmp_path: Path) -> None:
    effect = {("sigmoid", "top_k"): 3.0}
    run = make_fake_run(
        tmp_path, activations=["sigmoid"], selections=["verified_only", "top_k"], effect=effect, config=FAST
    )
    results = Results.of(run)
    (row,) = glance_table(results.claims).rows
    assert row.label == "top_k > verified_only (row sigmoid)"
    for cell, result in zip(row.cells, results.claims, strict=True):
        assert result.verdict is Verdict.HIGHER
        assert str(cell).startswith(f"{MARKS[Standing.THESE_MODELS][Verdict.HIGHER]} +")


def test_with_trainings_held_open_other_marks_say_so(tmp_path: Path) -> None:
    """Four models see the private clips; on cv, where nothing but Table 2 is judged, two seeds are few."""
    results = Results.of(make_fake_run(tmp_path, effect=BETTER, seeds=[0, 1], config=FAST))
    table = glance_table(results.claims)
    cells = {row.label: row.cells for row in table.rows}
    by_folds, by_all = cells["threshold > verified_only"]
    assert str(by_folds).startswith("· +")
    assert str(by_all).startswith("▲ +")
    told = " ".join(table.notes)
    assert "▲ confirmed, ▼ contradicted, ● not distinguishable: other clips and trainings held open" in told
    assert "corrected for 7 claims (Holm)" in told
    assert "· no verdict (exploratory): " in told
    assert "one training was run" not in told


def test_what_is_missing_is_told(results: Results) -> None:
    table = glance_table(results.claims)
    assert any(note.startswith("in part, for want of sigmoid") for note in table.notes)
    assert not any(isinstance(cell, Hole) for row in table.rows for cell in row.cells)
    assert glance_table([]).rows == ()
