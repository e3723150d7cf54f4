"""Across modules: the mechanisms of README.md and docs/mechanism.md, run as they stand there."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import torch

from orchestrator.settings.loading import parse_experiment
from tests.places import ROOT
from tests.trainable import tiny
from trainable.fold import train_fold
from trainable.selection import Selection

README = (ROOT / "README.md").read_text()
AS_IN_THE_MODULES = (
    "from __future__ import annotations\n"  # both modules begin so: annotations are not evaluated
    "from trainable.activations import *\nfrom trainable.selection import *\n"
)
SNIPPETS = re.findall(r"```python\n(class .*?)```", (ROOT / "docs/mechanism.md").read_text(), re.S)


def define(snippet: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import it from a file: pydantic reads the lines under the fields from there."""
    (folder / "own_mechanism.py").write_text(AS_IN_THE_MODULES + snippet)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "own_mechanism", raising=False)
    importlib.import_module("own_mechanism")


def test_the_mechanism_of_the_readme_works_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (snippet,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "(Selection)" in code]
    assert snippet.count("\n") <= 20
    define(snippet, tmp_path, monkeypatch)
    task = tiny.task(selection="quantile")
    outcome = train_fold(task, tiny.data(), tiny.MemoryWorker())
    staged = outcome.record.curves[3:7]
    assert torch.equal(staged[:, 3], torch.full((4,), 0.75))  # of four losses the quantile .7 keeps three
    assert staged[:, 1].isfinite().all()
    content = {
        "name": "own",
        "stages": [{"iterations": 1}, {"iterations": 1, "unverified": 0.5}],
        "activations": {"sigmoid": {}},
        "selections": {"quantile": {"keep": 0.6}},
    }
    assert parse_experiment(content, "README").selections["quantile"] == Selection.make("quantile", keep=0.6)


@pytest.mark.parametrize(
    ("activation", "selection"),
    [("sigmoid", "over_mean"), ("sigmoid", "half_trust"), ("softmax_sparsemax", "keep_all")],
)
def test_the_mechanisms_of_the_docs_work_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, activation: str, selection: str
) -> None:
    (snippet,) = [code for code in SNIPPETS if f'"{activation}"' in code or f'"{selection}"' in code]
    define(snippet, tmp_path, monkeypatch)
    outcome = train_fold(tiny.task(activation, selection), tiny.data(), tiny.MemoryWorker())
    loss, eta, _, kept = outcome.record.curves[3:7, :4].T
    masks = selection == "over_mean"
    assert loss.isfinite().all()
    assert eta.isfinite().all().item() == masks
    assert (kept < 1).any().item() == masks


def test_every_mechanism_of_the_docs_is_run() -> None:
    assert len(SNIPPETS) == 3
