"""What the selection's tables should say, counted the slow way."""

from typing import Any

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell


def rows_by_hand(run: Run, cell: Cell) -> list[dict[str, Any]]:
    """All judgements of a cell, with whether the labels are wrong, the slow way."""
    truth = run.noise_truth
    assert truth is not None
    wrong = {
        r["fname"]: set(r["given"].split(",")) != set(r["true"].split(",")) for r in truth.to_dict("records")
    }
    labels = dict(zip(run.clips["fname"], run.clips["labels"], strict=True))
    return [
        {"fold": fold, "t": j["iteration"], "wrong": wrong[j["fname"]], "m": 1 - j["keep"],
         "loss": j["loss"], "fname": j["fname"], "labels": list(labels[j["fname"]])}
        for fold in range(run.experiment.folds) for j in run.judgements(cell, fold).to_dict("records")
    ]  # fmt: skip
