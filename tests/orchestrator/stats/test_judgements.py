from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell
from orchestrator.stats.judgements import (
    Judged,
    judging_cells,
    ranks_by_loss,
    read_judged,
    read_truth,
    spans,
)
from tests.orchestrator.fake_run import cell_of, make_fake_run, with_noise_truth


def judged(loss: list[list[float]], masked: list[list[float]]) -> Judged:
    """A batch of unverified clips for each inner list, in one stage."""
    batches, clips = np.shape(loss)
    iteration = np.repeat(np.arange(batches), clips)
    return Judged(
        Cell("a", "s", 0), 0, iteration, np.zeros_like(iteration), np.tile(np.arange(clips), batches),
        np.ravel(loss), np.ravel(masked),
    )  # fmt: skip


def test_excess_is_in_standard_deviations_over_the_lowest_masked_loss() -> None:
    # Standard deviation 2 in both batches; the second masks nothing: its highest loss is the threshold.
    excess = judged([[0.0, 4.0, 0.0, 4.0], [1.0, 5.0, 1.0, 5.0]], [[0, 1, 0, 1], [0, 0, 0, 0]]).excess()
    assert excess.tolist() == [-2, 0, -2, 0, -2, 0, -2, 0]


def test_excess_of_equal_losses_is_zero() -> None:
    assert not judged([[3.0, 3.0]], [[0, 1]]).excess().any()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.1, 10), min_size=6, max_size=6, unique=True), st.integers(1, 4),
       st.floats(0.1, 100), st.floats(-5, 5))  # fmt: skip
def test_excess_knows_no_scale_and_is_not_negative_where_the_highest_are_masked(
    loss: list[float], k: int, scale: float, shift: float
) -> None:
    masked = (np.array(loss) >= sorted(loss)[-k]).astype(float)
    excess = judged([loss], [masked.tolist()]).excess()
    moved = judged([[scale * x + shift for x in loss]], [masked.tolist()]).excess()
    np.testing.assert_allclose(moved, excess, atol=1e-6)
    assert ((excess >= 0) == (masked > 0)).all()


def test_spans_cover_every_judgement_once(run: Run) -> None:
    judged = read_judged(run, cell_of(run, "sigmoid", "top_k"), 0)
    places_of = [(first, last, np.arange(len(judged.loss))[rows]) for first, last, rows in spans(judged)]
    assert np.concatenate([rows for _, _, rows in places_of]).tolist() == list(range(len(judged.loss)))
    for first, last, places in places_of:
        assert judged.iteration[places].min() == first
        assert judged.iteration[places].max() == last


def test_equal_sets_of_labels_are_right_in_any_order(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    names = run.clips["fname"].tolist()
    table = {
        "fname": names[-3:],
        "given": ["a,b", "a", "a"],
        "true": ["b,a", "", "b"],
        "kind": ["x", "y", "z"],
    }
    truth = read_truth(with_noise_truth(run, pa.table(table)))
    assert truth is not None
    assert np.flatnonzero(truth.wrong).tolist() == [len(names) - 2, len(names) - 1]


def test_judgements_are_rows_of_the_clips_and_masked_is_what_is_not_kept(run: Run) -> None:
    cell = cell_of(run, "sigmoid", "top_k")
    written, judgements = run.judgements(cell, 1), read_judged(run, cell, 1)
    assert run.clips["fname"].to_numpy()[judgements.clip].tolist() == written["fname"].astype(str).tolist()
    np.testing.assert_allclose(judgements.masked, 1 - written["keep"].to_numpy())
    assert (np.diff(judgements.iteration) >= 0).all()


def test_cells_that_judge_have_a_result_and_unverified_clips(run: Run) -> None:
    names = {(cell.activation, cell.selection) for cell in judging_cells(run)}
    columns = ("keep_all", "top_k", "threshold", "random_k")
    every = {(row, column) for row in ("sigmoid", "sigmoid_sparsemax") for column in columns}
    assert names == every - {("sigmoid", "threshold")}


def test_the_random_control_says_nothing_about_a_clip(run: Run) -> None:
    ranking = {cell.selection for cell in judging_cells(run) if ranks_by_loss(run, cell)}
    assert ranking == {"keep_all", "top_k", "threshold"}
