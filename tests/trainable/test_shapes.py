"""Across modules: the check of shapes finds mistakes, and every letter has its legend."""

import ast
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import trainable
from tests.trainable.shapes import SHAPE, SUFFIX, WrongShape, checked
from trainable.activations import SoftmaxHead, Targets
from trainable.augment import mixup
from trainable.sampling import BatchPlan
from trainable.selection import Decision, Losses
from trainable.simplex import sparsemax, sparsemax_loss

SOURCES = sorted(Path(trainable.__path__[0]).glob("*.py"))
TARGETS = Targets(torch.eye(3), torch.eye(3))


def test_right_shapes_pass() -> None:
    sparsemax_loss(torch.zeros(2, 3), torch.zeros(2, 3))
    Losses(torch.zeros(4), torch.ones(4) > 0, torch.arange(4), 9, np.random.default_rng(0))


def test_a_dimension_too_few() -> None:
    with pytest.raises(WrongShape, match=r"sparsemax: z_BC has shape \(3,\), not \(B, C\)"):
        sparsemax(torch.zeros(3))


def test_sizes_of_a_letter_that_differ() -> None:
    with pytest.raises(WrongShape, match=r"sparsemax_loss: q_BC has shape \(1, 3\), where B is 2"):
        sparsemax_loss(torch.zeros(2, 3), torch.zeros(1, 3))  # torch itself would broadcast


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: SoftmaxHead().loss(torch.zeros(1, 3, 1), TARGETS), r"SoftmaxHead\.loss: z_BC"),
        (
            lambda: mixup(torch.zeros(3, 4, 2), TARGETS, np.arange(3), np.ones(1, np.float32)),
            "mixup: share_B",
        ),
        (lambda: Decision(torch.ones(4, 1)), "keep_B has shape"),
        (lambda: Targets(torch.eye(3), torch.eye(4)), "q_BC has shape"),
        (lambda: BatchPlan(np.arange(4), np.arange(4), np.arange(5) < 2), "verified_B has shape"),
    ],
    ids=["method", "function of numpy's arrays", "field", "fields", "fields of numpy's arrays"],
)
def test_wherever_it_is(call: Callable[[], object], message: str) -> None:
    with pytest.raises(WrongShape, match=message):
        call()


def _run(source: str) -> None:
    """As if it stood in a module of the science."""
    exec(source, {"__name__": "trainable.made_up", "torch": torch})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x_B1): pass\nf(torch.zeros(4, 2))", r"f: x_B1 has shape \(4, 2\), where 1 is 1"),
        ("def f(x_2): pass\nf(torch.zeros(3))", "where 2 is 2"),
        ("def f(x_BC):\n    y_B = x_BC.sum(0)\nf(torch.zeros(4, 3))", "f: y_B"),
        ("def f(x_BC):\n    'Sum: (B,).'\n    return x_BC.sum(0)\nf(torch.zeros(4, 3))", "f: its result"),
        (
            "def f(x_BC):\n    'Two: (B,) and (C,).'\n    return x_BC.sum(1), x_BC\nf(torch.eye(2))",
            "its result",
        ),
    ],
)
def test_digits_variables_and_results(source: str, message: str) -> None:
    with pytest.raises(WrongShape, match=message):
        _run(source)


def test_other_peoples_functions_are_left_alone() -> None:
    exec("def f(x_B): pass\nf(torch.eye(3))", {"__name__": "elsewhere", "torch": torch})


def test_nothing_is_left_behind() -> None:
    sys.setprofile(None)
    with pytest.raises(WrongShape), checked("trainable."):
        sparsemax(torch.zeros(3))
    with checked("trainable."):
        sparsemax(torch.zeros(2, 3))
    assert sys.getprofile() is None


# --- legends -----------------------------------------------------------------------------------------------


def _letters(tree: ast.Module) -> set[str]:
    """In suffixes of the module's names, but for constants, and in the shapes that its docstrings give."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    suffixes = [match[1] for name in names if not name.isupper() and (match := SUFFIX.search(name))]
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    shapes = re.findall(SHAPE, "".join(ast.get_docstring(node) or "" for node in functions))
    return set(re.findall("[A-Z]", "".join(suffixes + shapes)))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_a_modules_legend_names_its_letters(source: Path) -> None:
    tree = ast.parse(source.read_text())
    _, _, legend = (ast.get_docstring(tree) or "").partition("Shapes: ")
    assert set(re.findall(r"\b([A-Z])\b", legend.partition(".")[0])) == _letters(tree)
