"""A table with everything that a cell may hold."""

from orchestrator.report.tables.table import Column, Row, Table, Value
from orchestrator.stats.grid import Hole, Interval

SMALL = Table(
    "A title",
    "row",
    (Column("x_1", "cv"), Column("x_1", "private"), Column("words")),
    (
        Row("a_b", (Value(0.5, Interval(0.4, 0.7)), Value(0.25, None, 0.3), "50 % & more")),
        Row("c", (Hole("failed", "no memory"), Hole("not run"), "x|y")),
    ),
    ("a note",),
)
