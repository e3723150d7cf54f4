"""Across modules: the mechanisms of README.md and docs/mechanism.md, run as they stand there."""

import importlib
import re
import sys
from pathlib import Path

import pytest
import torch

from orchestrator.settings.loading import parse_experiment
from tests.docs.documents import README, marked
from tests.places import ROOT
from tests.trainable import tiny
from trainable.fold import train_fold
from trainable.selection import Selection

AS_IN_THE_MODULES = (
    "from __future__ import annotations\n"  # both modules begin so: annotations are not evaluated
    "from trainable.activations import *\nfrom trainable.selection import *\n"
)
MECHANISMS = ROOT / "docs/mechanism.md"
OWN = {"over_mean": "sigmoid", "half_trust": "sigmoid", "softmax_sparsemax": "keep_all"}
"""The mechanisms of the docs, by their markers, each with what stands on the grid's other axis."""


def define(snippet: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Import it from a file: pydantic reads the lines under the fields from there."""
    (folder / "own_mechanism.py").write_text(AS_IN_THE_MODULES + snippet)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "own_mechanism", raising=False)
    importlib.import_module("own_mechanism")


def test_the_mechanism_of_the_readme_works_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snippet = marked(README, "mechanism")
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


@pytest.mark.parametrize("name", OWN)
def test_the_mechanisms_of_the_docs_work_as_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    snippet = marked(MECHANISMS, name)
    define(snippet, tmp_path, monkeypatch)
    axes = (OWN[name], name) if "(Activation)" not in snippet else (name, OWN[name])
    outcome = train_fold(tiny.task(*axes), tiny.data(), tiny.MemoryWorker())
    loss, eta, _, kept = outcome.record.curves[3:7, :4].T
    masks = name == "over_mean"
    assert loss.isfinite().all()
    assert eta.isfinite().all().item() == masks
    assert (kept < 1).any().item() == masks


def test_every_mechanism_of_the_docs_is_run() -> None:
    assert set(re.findall(r'^    name = "(\w+)"', MECHANISMS.read_text(), re.MULTILINE)) == set(OWN)
