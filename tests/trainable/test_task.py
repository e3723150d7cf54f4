"""A task says where its random numbers are."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from numpy.random import Generator, Philox

from tests.trainable.tiny import data, task
from trainable.record import unverified_clips
from trainable.sampling import Purpose, TrainingClips, draw_clips, plan_batch
from trainable.stages import boundaries
from trainable.task import Task


def test_a_draw_is_the_seeds_the_folds_and_the_iterations() -> None:
    found = task(seed=9, fold=2).draw(7).generator(Purpose.MASKS).random(5)
    expected = Generator(Philox(key=[9, 2], counter=[0, 0, 7, 6])).random(5)
    assert found.tobytes() == expected.tobytes()


def test_cells_that_differ_otherwise_share_their_clips() -> None:
    cells = [task("sigmoid", "top_k"), task("sigmoid_softmax", compute={"tf32": True})]
    first, second = (draw_clips(24, 8, 16, cell.draw(3), Purpose.UNVERIFIED) for cell in cells)
    assert first.tolist() == second.tolist()


def verified_clips(cell: Task) -> list[list[int]]:
    """Of every batch, from 72 clips: as many as the batches of all 9 iterations have places."""
    return [
        plan_batch(POOLS, 8, unverified_clips(stage, 8), 0, cell.draw(first + within))
        .clips_B[: 8 - unverified_clips(stage, 8)]
        .tolist()
        for first, stage in zip(boundaries(cell.stages), cell.stages, strict=False)
        for within in range(stage.iterations)
    ]


POOLS = TrainingClips(np.arange(72), np.arange(100, 172))


@pytest.mark.parametrize("column", ["verified_only", "keep_all", "top_k"])
def test_no_stage_draws_verified_clips_again_before_the_pass_is_over(column: str) -> None:
    """Stage 2 of 4 draws per batch, where stage 1 drew 8, once began in the middle of stage 1's clips."""
    drawn = np.concatenate(verified_clips(task(selection=column)))
    assert len(np.unique(drawn)) == len(drawn)


def test_all_columns_draw_the_same_verified_clips_where_they_draw_equally_many() -> None:
    first, second, alone = map(
        verified_clips, map(partial(task, "sigmoid"), ("top_k", "lq", "verified_only"))
    )
    assert first == second
    stage1, stage2, stage3 = slice(3), slice(3, 7), slice(7, 9)
    assert alone[stage1] == first[stage1]
    assert alone[stage3] == first[stage3]
    mixed = np.concatenate(first[stage2]).reshape(-1, 8).tolist()
    assert alone[stage2][: len(mixed)] == mixed  # the same order, at twice the pace


@pytest.mark.parametrize("change", [{"seed": 6}, {"fold": 0}])
def test_seeds_and_folds_have_their_own(change: dict[str, int]) -> None:
    first, second = (
        cell.draw(0).generator(Purpose.CROPS).random(4)
        for cell in (task(), replace(task(), **change))  # type: ignore[arg-type]
    )
    assert not np.intersect1d(first, second).size


def test_the_tiny_parts_of_a_data_set_share_no_clip() -> None:
    """Every other test of a fold stands on this."""
    parts = data().training.verified, data().training.unverified, data().validation, data().test
    rows = np.concatenate(parts)
    assert sorted(rows) == list(range(len(data().targets_NC)))
