"""Curves and judgements."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainable.record import CURVES, Record, unverified_clips
from trainable.selection import Decision
from trainable.stages import Stage, boundaries

BATCH = 4
CPU = torch.device("cpu")
COLUMN = {name: i for i, name in enumerate(CURVES)}


def _stages(*spans: tuple[int, float]) -> list[Stage]:
    return [Stage(iterations, unverified, 0.001, None) for iterations, unverified in spans]


def _fill(record: Record, stages: list[Stage], start: int, end: int) -> None:
    """Record made-up iterations: iteration t judges clips 10 t, 10 t + 1, ... with losses t + .1 i."""
    ends = boundaries(stages)
    for iteration in range(start, end):
        number = int(np.searchsorted(ends, iteration, side="right")) - 1
        count = unverified_clips(stages[number], BATCH)
        clips_B = 10 * iteration + torch.arange(BATCH, dtype=torch.int32)
        loss_B = iteration + 0.1 * torch.arange(BATCH)
        keep_B = (torch.arange(BATCH) != BATCH - 1).float()
        record.note(iteration, loss_B.mean(), Decision(keep_B))
        record.judge(iteration, iteration - ends[number], number, clips_B[BATCH - count :], loss_B, keep_B)


def test_a_share_of_the_batch() -> None:
    assert [unverified_clips(stage, 64) for stage in _stages((1, 0), (1, 0.5), (1, 1))] == [0, 32, 64]


def test_an_iteration_is_a_row() -> None:
    record = Record.empty(_stages((3, 0.5)), BATCH, CPU)
    decision = Decision(torch.ones(4), eta=torch.tensor(2.5), ranked=torch.tensor(3.5))
    record.note(1, torch.tensor(7.0, requires_grad=True), decision)
    assert record.curves[1, :3].tolist() == [7.0, 2.5, 3.5]
    assert record.curves[1, 3:].isnan().all()
    assert record.curves[[0, 2]].isnan().all()
    assert not record.curves.requires_grad


def test_mechanisms_without_a_threshold_leave_it_open() -> None:
    record = Record.empty(_stages((1, 0.5)), BATCH, CPU)
    record.note(0, torch.tensor(7.0), Decision(torch.ones(4)))
    assert record.curves[0, [COLUMN["eta"], COLUMN["T"]]].isnan().all()


def test_unverified_clips_are_judged_in_order() -> None:
    stages = _stages((2, 0), (2, 0.5), (1, 0), (1, 0.75))
    record = Record.empty(stages, BATCH, CPU)
    _fill(record, stages, 0, 6)
    assert record.clip.tolist() == [22, 23, 32, 33, 51, 52, 53]
    torch.testing.assert_close(record.loss, torch.tensor([2.2, 2.3, 3.2, 3.3, 5.1, 5.2, 5.3]))
    assert record.keep.tolist() == [1, 0, 1, 0, 1, 1, 0]
    kept = record.curves[:, COLUMN["kept"]]
    assert kept[[0, 1, 4]].isnan().all()
    assert kept[[2, 3, 5]].tolist() == [0.5, 0.5, pytest.approx(2 / 3)]


def test_a_record_keeps_no_graph() -> None:
    stages = _stages((1, 0.5))
    record = Record.empty(stages, BATCH, CPU)
    clips_U = torch.tensor([2, 3], dtype=torch.int32)
    record.judge(0, 0, 0, clips_U, torch.ones(4, requires_grad=True) * 2, torch.ones(4))
    assert not record.loss.requires_grad
    assert record.loss.tolist() == [2, 2]


@given(
    st.lists(st.tuples(st.integers(1, 4), st.sampled_from([0, 0.25, 0.5, 1])), min_size=1, max_size=4),
    st.data(),
)
def test_a_record_goes_on_where_it_was_cut(spans: list[tuple[int, float]], data: st.DataObject) -> None:
    stages = _stages(*spans)
    ends = boundaries(stages)
    cut = data.draw(st.integers(0, ends[-1]))
    whole, first, second = (Record.empty(stages, BATCH, CPU) for _ in range(3))
    _fill(whole, stages, 0, ends[-1])
    _fill(first, stages, 0, cut)
    state = first.state(cut, ends)
    judged = sum(
        unverified_clips(stage, BATCH) * min(max(cut - start, 0), stage.iterations)
        for stage, start in zip(stages, ends, strict=False)
    )
    assert [len(state[name]) for name in ("curves", "clip", "loss", "keep")] == [cut, judged, judged, judged]
    second.load(state)
    _fill(second, stages, cut, ends[-1])
    for name in state:
        assert getattr(second, name).numpy().tobytes() == getattr(whole, name).numpy().tobytes()


def test_a_state_is_a_copy() -> None:
    stages = _stages((2, 0.5))
    record = Record.empty(stages, BATCH, CPU)
    _fill(record, stages, 0, 1)
    state = record.state(1, boundaries(stages))
    _fill(record, stages, 1, 2)
    record.curves.zero_()
    record.clip.zero_()
    assert state["curves"][0, 0] != 0
    assert state["clip"].tolist() == [2, 3]


def test_a_branch_continues_its_stems_record() -> None:
    stages = _stages((2, 0), (3, 0.5))
    stem = Record.empty(stages[:1], BATCH, CPU)
    _fill(stem, stages[:1], 0, 2)
    branch, alone = (Record.empty(stages, BATCH, CPU) for _ in range(2))
    branch.load(stem.state(2, boundaries(stages[:1])))
    _fill(branch, stages, 2, 5)
    _fill(alone, stages, 0, 5)
    assert branch.curves.numpy().tobytes() == alone.curves.numpy().tobytes()
    assert torch.equal(branch.clip, alone.clip)
