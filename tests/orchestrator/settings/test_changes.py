"""What sets two trees of settings apart."""

from typing import Any

import pytest

from orchestrator.settings.changes import LONGEST_VALUE, Change, changes


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({"batches": {"size": 8}}, {"batches": {"size": 16}}, ["batches.size 8 -> 16"]),
        ({"a": 1, "b": True}, {"a": 1, "b": None}, ["b true -> null"]),
        ({}, {"a": 0.5}, ["a null -> 0.5"]),
        ({"seeds": [0]}, {"seeds": [0, 1]}, ["seeds [0] -> [0, 1]"]),
        ({"stages": [{"n": 1}, {"n": 2}]}, {"stages": [{"n": 1}, {"n": 3}]}, ["stages.1.n 2 -> 3"]),
        ({"stages": [{"n": 1}]}, {"stages": [{"n": 1}, {"n": 3}]}, ["stages changed"]),
        ({"selections": {}}, {"selections": {"top_k": {"k": 2}}}, ["selections.top_k changed"]),
        ({"name": "a"}, {"name": "b" * (LONGEST_VALUE + 1)}, ["name changed"]),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, []),
    ],
)
def test_keys_with_old_and_new_values(old: Any, new: Any, lines: list[str]) -> None:
    assert [str(change) for change in changes(old, new)] == lines


def test_a_change_keeps_both_values() -> None:
    assert list(changes({"a": {"b": 1}}, {"a": {"b": 2}})) == [Change("a.b", 1, 2)]
