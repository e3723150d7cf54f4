from rich.console import Console

from orchestrator.report.tables.shown import Shown
from orchestrator.report.tables.table import Column, Row, Table


def test_sentences_then_tables_then_the_page() -> None:
    tables = [Table(title, "", (Column("x"),), (Row("y", ("z",)),)) for title in ("First", "Second")]
    console = Console(width=60)
    with console.capture() as capture:
        console.print(Shown(("One.", "Two [bold]."), tables, "here/index.html"))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert lines[:3] == ["One.", "Two [bold].", ""]
    assert lines.index("First") < lines.index("Second")
    assert lines[-1] == "report: here/index.html"
