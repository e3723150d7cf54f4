"""Differences between two runs: paired where the clips are the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orchestrator.legs.run import Run
from orchestrator.report.diff.scores import SAME, score_both, score_tables, why_unpaired
from orchestrator.report.inputs import read_clips, read_predictions
from orchestrator.report.tables.table import Row, Table, Value
from orchestrator.stats.bootstrap import ClipSums, bootstrap, paired
from orchestrator.stats.grid import Hole
from orchestrator.stats.predictions import make_pools, precision_sums
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run
from tests.orchestrator.stats.made import made_inputs

QUICK = {"report": {"resamples": 300}}
COLUMNS = ["verified_only", "top_k"]
BETTER = {("sigmoid", "top_k"): 2.0}
OTHER = {"learning_rate": 0.5}
"""So that the legs have other ids."""


def fake(folder: Path, **options: Any) -> Run:
    shape: dict[str, Any] = {"activations": ["sigmoid"], "selections": COLUMNS, "config": QUICK}
    return make_fake_run(folder, **shape | options)


def line(table: Table, label: str) -> Row:
    (row,) = [row for row in table.rows if row.label == label]
    return row


def test_a_difference_is_that_of_one_bootstrap_of_both(tmp_path: Path) -> None:
    """The clips are drawn apart for each run; equal seeds must have drawn the same."""
    old = fake(tmp_path / "old")
    new = fake(tmp_path / "new", effect=BETTER, config=QUICK | {"optimizer": OTHER})
    table, _ = score_tables(score_both(old, new))
    sums = []
    for run in (old, new):
        pool = make_pools(read_clips(run))["private"]
        mask = pool.mask("private")
        (predictions,) = read_predictions(run, cell_of(run, "sigmoid", "top_k"))
        whole = precision_sums(pool, predictions.test, "group")
        sums.append(ClipSums(whole.sums[mask], whole.counts[mask]))
    one, other = bootstrap(sums, None, 300)
    expected = paired(other, one)
    before, after, difference = line(table, "sigmoid/top_k").cells[3:]
    assert isinstance(before, Value)
    assert isinstance(after, Value)
    assert difference == f"{expected}\nhigher in these models"
    assert table.notes[1] == (
        "private test: the same clips, differences are paired, with 95% intervals over clips"
    )


def test_the_mean_is_over_the_cells_that_both_have(tmp_path: Path) -> None:
    old = fake(tmp_path / "old", selections=[*COLUMNS, "keep_all"])
    columns, lost = [*COLUMNS, "threshold"], [("sigmoid", "threshold")]
    new = fake(tmp_path / "new", selections=columns, missing=lost, config=QUICK | {"optimizer": OTHER})
    table, several = score_tables(score_both(old, new))
    columns = [*COLUMNS, "keep_all", "threshold"]
    assert [row.label for row in table.rows] == ["mean of 2 cells", *(f"sigmoid/{c}" for c in columns)]
    for side in (0, 1):
        values = [line(table, f"sigmoid/{column}").cells[side] for column in COLUMNS]
        mean = table.rows[0].cells[side]
        assert isinstance(mean, Value)
        assert mean.value == pytest.approx(sum(v.value for v in values if isinstance(v, Value)) / 2)
    assert line(table, "sigmoid/keep_all").cells[1:3] == ("", "only in the old run")
    assert line(table, "sigmoid/threshold").cells[1:3] == (Hole("not run"), "only in the new run")
    assert {column.group for column in several.columns} == {"cv", "private"}


def test_the_same_legs_are_the_same_models(tmp_path: Path) -> None:
    run = fake(tmp_path)
    table, _ = score_tables(score_both(run, run))
    assert {row.cells[2] for row in table.rows} == {SAME}


def test_other_clips_give_unpaired_numbers_with_their_own_intervals(tmp_path: Path) -> None:
    numbers = Numbers(test=30)
    old, new = fake(tmp_path / "old"), fake(tmp_path / "new", numbers=numbers)
    table, _ = score_tables(score_both(old, new))
    before, after, difference = line(table, "sigmoid/top_k").cells[3:]
    assert isinstance(before, Value)
    assert isinstance(after, Value)
    assert before.interval
    assert after.interval
    assert difference == f"{after.value - before.value:+.4f}"
    assert "unpaired, each number with its own 95% interval" in table.notes[1]


CLIPS = made_inputs().clips
VERIFIED = CLIPS.part == "verified"
NOTHING = np.zeros_like(CLIPS.targets)
FEWER = np.where((np.arange(len(CLIPS.names)) < 6)[:, None], NOTHING, CLIPS.targets)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"classes": list("abcd")}, "the classes differ"),
        ({"names": CLIPS.names[::-1]}, "the clips differ"),
        ({"fold": (CLIPS.fold + VERIFIED) % 2}, "the folds differ"),
        ({"targets": np.roll(CLIPS.targets, 1, axis=1)}, "the labels differ"),
        ({"targets": FEWER}, f"the clips differ: {VERIFIED.sum()} and {VERIFIED.sum() - 6}"),
        ({"targets": NOTHING}, "one run has no such clips"),
    ],
)
def test_what_differs_is_said(changed: dict[str, Any], reason: str) -> None:
    assert why_unpaired(CLIPS, replace(CLIPS, **changed), "cv") == reason
