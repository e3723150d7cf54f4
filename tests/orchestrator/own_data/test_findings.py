"""check.json: its order, and what to do about every kind."""

from typing import get_args

from orchestrator.data.tables import Kind, Problem
from orchestrator.own_data.findings import FIXES, Check, Finding, RemarkKind, in_order


def test_every_kind_has_something_to_do() -> None:
    assert set(FIXES) == {*get_args(Kind), *get_args(RemarkKind)}


def test_faults_come_first_by_kind_and_each_once() -> None:
    label = Finding.fault(Problem("label", "t.csv", 3, "t.csv, line 3: unknown"))
    table = Finding.fault(Problem("table", "t.csv", 2, "t.csv, line 2: blank"))
    silent = Finding.remark("silent", "a.wav has no signal")
    assert in_order([silent, label, table, label]) == (table, label, silent)


def test_every_field_is_described() -> None:
    schema = Check.model_json_schema()
    assert "What `run` refuses" not in schema["properties"]
    assert {"findings", "parts", "per_class", "needs"} <= set(schema["properties"])
