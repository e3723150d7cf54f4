"""Across modules: the README's own mechanism, run as it stands there."""

import re
from typing import Any

import torch

import trainable.selection as selections
from orchestrator.experiment.loading import parse_experiment
from tests.places import ROOT
from tests.trainable import tiny
from trainable.fold import train_fold
from trainable.selection import Selection

README = (ROOT / "README.md").read_text()


def test_the_mechanism_of_the_readme_works_as_printed() -> None:
    (snippet,) = [code for code in re.findall(r"```python\n(.*?)```", README, re.S) if "(Selection)" in code]
    assert snippet.count("\n") <= 20
    namespace: dict[str, Any] = dict(vars(selections))
    exec(snippet, namespace)
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
