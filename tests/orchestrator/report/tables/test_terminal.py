import io

import pytest
from rich.console import Console

from orchestrator.report.tables.files import Tables
from orchestrator.report.tables.table import Column, Row, Table, Value
from orchestrator.report.tables.terminal import PrintedReport, holes, to_rich
from orchestrator.stats.grid import Hole, Interval
from tests.orchestrator.report.tables.examples import SMALL


def printed(table: Table, width: int = 80) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(to_rich(table, width))
    return stream.getvalue()


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


def test_table_1_fits_80_characters(tables: Tables) -> None:
    lines = printed(tables.table1).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("sigmoid_sparsemax") for line in lines) == 1, "one block"
    assert not any("…" in line for line in lines)


@pytest.mark.parametrize("width", [60, 80])
def test_nothing_is_cut_on_a_narrow_terminal(tables: Tables, width: int) -> None:
    for table in [*tables.of_numbers.values(), tables.verdicts]:
        text = printed(table, width)
        assert "…" not in text
        assert max(map(len, text.splitlines())) <= width


def test_columns_that_do_not_fit_go_on_in_further_blocks(tables: Tables) -> None:
    narrow, wide = (printed(tables.readings, width) for width in (60, 400))
    numbers = [line for line in wide.splitlines() if line.startswith("sigmoid/verified_only")]
    assert len(numbers) == 1
    assert sum(line.startswith("sigmoid/verified_only") for line in narrow.splitlines()) > 1
    for number in numbers[0].split()[1:]:
        assert number in narrow


def test_equal_holes_of_a_row_are_told_once() -> None:
    lost, failed = Hole("not run"), Hole("failed", "no memory")
    columns = (Column("x"), Column("y", "cv"), Column("z"))
    rows = (Row("a", (lost, lost, lost)), Row("b", ("1", failed, lost)))
    assert list(holes(Table("t", "c", columns, rows))) == [
        ("a", lost), ("b y cv", failed), ("b z", lost)
    ]  # fmt: skip


def test_the_title_of_a_group_stands_whole_above_its_columns(tables: Tables) -> None:
    lines = printed(tables.table1).splitlines()
    assert lines[1].split() == ["verified_only", "top_k", "threshold"]
    assert lines[2].split() == ["activation", *["cv", "private"] * 3]
    assert lines[1].index("verified_only") + len("verified_only") == lines[2].index("private") + len(
        "private"
    )


def test_a_name_too_long_is_broken_and_no_number_is() -> None:
    name = "a_name_that_no_terminal_has_much_room_for_" + "x" * 20
    rows = (Row("a", (Value(0.5), Value(0.25))),)
    for width in (40, 80):
        text = printed(Table("t", "c", (Column(name, "cv"), Column(name, "private")), rows), width)
        assert max(map(len, text.splitlines())) <= width
        assert name in "".join(text.split())
        assert "0.2500" in text


def test_the_best_value_is_marked_and_explained() -> None:
    text = printed(
        Table("t", "c", (Column("x"),), (Row("a", (Value(0.5, best=True),)), Row("b", (Value(0.25),))))
    )
    assert "*0.5000" in text
    assert "* the highest of its split" in text
    assert "highest" not in printed(SMALL)


def test_cells_of_several_lines_keep_their_row_where_labels_are_wrapped() -> None:
    label, cell = "a label of several words " * 3, "words of a cell " * 3
    rows = (Row(label, (cell, Value(0.5))), Row("next", ("short", Value(0.25, Interval(0.2, 0.3)))))
    lines = printed(Table("t", "c", (Column("x"), Column("y")), rows), 40).splitlines()
    assert [line.split() for line in lines if line.startswith("next")] == [
        ["next", "short"],
        ["next", "0.2500"],
    ]
    assert sum(line.startswith("a label") for line in lines) > 2


def test_a_report_is_sentences_then_tables_then_where_the_page_is() -> None:
    tables = [Table(title, "", (Column("x"),), (Row("y", ("z",)),)) for title in ("First", "Second")]
    console = Console(width=60)
    with console.capture() as capture:
        console.print(PrintedReport(("One.", "Two [bold]."), tables, "here/index.html"))
    lines = [line.rstrip() for line in capture.get().splitlines()]
    assert lines[:3] == ["One.", "Two [bold].", ""]
    assert lines.index("First") < lines.index("Second")
    assert lines[-1] == "report: here/index.html"


def test_brackets_in_names_are_no_markup() -> None:
    text = printed(Table("t", "[red]c", (Column("[b]x"),), (Row("[red]a", ("[/]",)),), ("[bold]n",)))
    for word in ("[red]c", "[b]x", "[red]a", "[/]", "[bold]n"):
        assert word in text
