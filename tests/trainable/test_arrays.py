"""A kind of array has one name, defined once."""

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import trainable
from trainable import arrays

SOURCES = sorted(Path(trainable.__path__[0]).glob("*.py"))


def _names(source: Path) -> list[str]:
    """Module-level names that stand for an array type."""
    return [
        node.targets[0].id
        for node in ast.parse(source.read_text()).body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and ast.unparse(node.value).startswith("NDArray[")
    ]


def test_no_name_is_defined_twice() -> None:
    counts = Counter(name for source in SOURCES for name in _names(source))
    assert counts["Ints"] == 1
    assert set(counts.values()) == {1}


@pytest.mark.parametrize("kind", ["int64", "float64", "bool_", "uint8"])
def test_named_kinds_are_not_spelt_out(kind: str) -> None:
    spelt = [source.stem for source in SOURCES if f"NDArray[np.{kind}]" in source.read_text()]
    assert spelt == ["arrays"]


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Ints", np.arange(3)),
        ("Floats", np.linspace(0, 1, 3)),
        ("Bools", np.arange(3) < 2),
        ("Labels", np.eye(3, dtype=np.uint8)),
        ("Scores", np.zeros(3, np.float32)),
    ],
)
def test_names_are_those_of_numpys_own_types(name: str, made: np.ndarray) -> None:
    _, kind = getattr(arrays, name).__args__
    assert kind.__args__ == (made.dtype.type,)
