"""What the selection's tables should say, counted the slow way."""

from typing import Any

from orchestrator.stats.grid import Cell
from orchestrator.stats.inputs import Inputs
from tests.orchestrator.fake_data import Numbers

SMALL = Numbers(verified=24, unverified=40, test=10, classes=5, iterations=(4, 30, 3), batch=16)


def judgements_by_hand(inputs: Inputs, cell: Cell) -> list[dict[str, Any]]:
    """All judgements of a cell, one by one, with whether the labels are wrong."""
    assert inputs.truth is not None
    lines = []
    for fold in range(inputs.grid.folds):
        judged = inputs.judged(cell, fold)
        columns = (judged.iteration, judged.clip, judged.loss, judged.masked)
        for t, clip, loss, masked in zip(*columns, strict=True):
            labels, kind = inputs.clips.labels[clip].split(","), inputs.truth.kind[clip]
            wrong = set(labels) != set(inputs.truth.true[clip].split(","))
            lines.append({"fold": fold, "t": t, "clip": inputs.clips.names[clip], "loss": loss, "m": masked,
                          "labels": labels, "kind": kind, "wrong": wrong})  # fmt: skip
    return lines
