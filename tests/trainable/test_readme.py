"""Across modules: the mechanisms of README.md and docs/mechanism.md, run as they stand there."""

import re
from typing import Any

import pytest
import torch

import trainable.activations as activations
import trainable.selection as selections
from orchestrator.experiment.loading import parse_experiment
from tests.places import ROOT
from tests.trainable import tiny
from trainable.fold import train_fold
from trainable.selection import Selection

README = (ROOT / "README.md").read_text()
AS_IN_THE_MODULE = (
    "from __future__ import annotations\n"  # both modules begin so: annotations are not evaluated
)
SNIPPETS = re.findall(r"```python\n(class .*?)```", (ROOT / "docs/mechanism.md").read_text(), re.S)


def test_the_mechanism_of_the_readme_works_as_printed() -> None:
    (snippet,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "(Selection)" in code]
    assert snippet.count("\n") <= 20
    namespace: dict[str, Any] = dict(vars(selections))
    exec(AS_IN_THE_MODULE + snippet, namespace)
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
def test_the_mechanisms_of_the_docs_work_as_printed(activation: str, selection: str) -> None:
    (snippet,) = [code for code in SNIPPETS if f'"{activation}"' in code or f'"{selection}"' in code]
    exec(AS_IN_THE_MODULE + snippet, vars(activations) | vars(selections))
    outcome = train_fold(tiny.task(activation, selection), tiny.data(), tiny.MemoryWorker())
    loss, eta, _, kept = outcome.record.curves[3:7, :4].T
    masks = selection == "over_mean"
    assert loss.isfinite().all()
    assert eta.isfinite().all().item() == masks
    assert (kept < 1).any().item() == masks


def test_every_mechanism_of_the_docs_is_run() -> None:
    assert len(SNIPPETS) == 3
