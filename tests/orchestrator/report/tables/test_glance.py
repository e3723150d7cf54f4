"""The verdicts at a glance."""

import io
from pathlib import Path

from rich.console import Console

from orchestrator.artifacts.run import Hole
from orchestrator.report.claims.verdicts import Verdict
from orchestrator.report.tables.glance import MARKS, glance_table
from orchestrator.report.tables.table import Table
from orchestrator.report.tables.terminal import to_rich
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.tables.conftest import FAST, Results


def lines(table: Table) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=80).print(to_rich(table, 80))
    return stream.getvalue().splitlines()


def test_the_papers_grid_has_its_verdicts_in_ten_lines(tmp_path: Path) -> None:
    results = Results.of(make_fake_run(tmp_path, config=FAST))
    printed = lines(glance_table(results.claims))
    assert len(printed) == 10
    assert printed[0].split() == ["Verdicts", "cv", "private"]
    assert printed[7].startswith("  on clips with several labels")
    assert printed[8].startswith("variation of the limit, top_k > threshold: ")
    assert printed[9] == "▲ higher in these models, ▼ lower in these models, ○ no clear difference"


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
        assert str(cell).startswith(f"{MARKS[Verdict.HIGHER]} +")


def test_what_is_missing_is_told(results: Results) -> None:
    table = glance_table(results.claims)
    assert any(note.startswith("in part, for want of sigmoid") for note in table.notes)
    assert not any(isinstance(cell, Hole) for row in table.rows for cell in row.cells)
    assert glance_table([]).rows == ()
