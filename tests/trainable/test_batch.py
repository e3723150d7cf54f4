"""Batches drawn ahead, beside loops over their clips."""

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.trainable.tiny import BANDS, data, task
from trainable.batch import AHEAD, Batch, draw_ahead, draw_batch
from trainable.sampling import Purpose, TrainingClips
from trainable.stages import StageSettings
from trainable.task import Task

DATA = data()
TARGETS = torch.from_numpy(DATA.targets_NC)
FILL = torch.linspace(-60, -40, BANDS)
LONG = (StageSettings(iterations=3), StageSettings(iterations=100, unverified=0.5))


def _batch(cell: Task, iteration: int, stage: int = 1) -> Batch:
    return draw_batch(cell, DATA, cell.stages[stage], iteration)


def _parts(value: Any) -> Iterator[bytes]:
    """Everything that was drawn, as bytes."""
    if isinstance(value, np.random.Generator):
        yield repr(value.bit_generator.state).encode()
    elif isinstance(value, tuple):
        for part in value:
            yield from _parts(part)
    elif hasattr(value, "__dataclass_fields__"):
        yield from _parts(tuple(getattr(value, field.name) for field in fields(value)))
    else:
        yield np.asarray(value).tobytes()


@pytest.mark.parametrize("count", [0, 1, AHEAD - 1, AHEAD, AHEAD + 1, 3 * AHEAD])
def test_ahead_or_one_by_one_the_batches_are_the_same(count: int) -> None:
    cell = task(stages=LONG)
    ahead = list(draw_ahead(cell, DATA, cell.stages[1], range(5, 5 + count)))
    assert [batch.iteration for batch in ahead] == list(range(5, 5 + count))
    for batch in reversed(ahead):
        assert list(_parts(batch)) == list(_parts(_batch(cell, batch.iteration)))


@pytest.mark.parametrize("alpha", [0.0, 0.5])
@pytest.mark.parametrize("stage", [0, 1])
def test_inputs_are_a_loop_over_the_clips(alpha: float, stage: int) -> None:
    cell = task(stages=LONG, augment={"mixup_alpha": alpha})
    batch = _batch(cell, 3 * stage, stage)
    x_BTM, targets = batch.inputs(DATA.bank, TARGETS, FILL)
    assert (batch.pairs is None) == (alpha == 0)
    partner_B, share_B = batch.pairs or (np.arange(8), np.ones(8, np.float32))
    frames = DATA.bank._blocks[0].double().numpy()
    for place, (partner, share) in enumerate(zip(partner_B, share_B.astype(float), strict=True)):
        crops, labels = (
            [values[rows[at]] for at in (place, partner)]
            for values, rows in ((frames, batch.rows_BT), (DATA.targets_NC, batch.clips_B))
        )
        kept = np.outer(batch.masks.frames_BT[place], batch.masks.bands_BM[place]) > 0
        mixed = np.where(kept, share * crops[0] + (1 - share) * crops[1], FILL)
        np.testing.assert_allclose(x_BTM[place], mixed, rtol=1e-5)
        np.testing.assert_allclose(
            targets.y_BC[place], share * labels[0] + (1 - share) * labels[1], rtol=1e-6
        )


def test_crops_are_of_their_clips() -> None:
    batch = _batch(task(stages=LONG), 20)
    bounds = [DATA.bank.rows(batch.clips_B, np.full((8, 1), at)) for at in (0, DATA.bank.clip_frames - 1)]
    lengths = DATA.bank._lengths[batch.clips_B][:, None]
    assert (bounds[0] <= batch.rows_BT).all()
    assert (batch.rows_BT < bounds[0] + lengths).all()
    assert batch.unverified_U.tolist() == batch.clips_B[~batch.verified_B].tolist()


def _drawn(fold: int, iteration: int) -> list[list[bytes]]:
    """Warp, mixup and masks of a batch in which all clips are the same whole one."""
    cell = task(fold=fold, batches={"crop_frames": 24})
    same = replace(DATA, training=TrainingClips(np.zeros(8, np.int64), np.zeros(8, np.int64)))
    batch = draw_batch(cell, same, cell.stages[0], iteration)
    return [list(_parts(part)) for part in (batch.rows_BT, batch.pairs, batch.masks, batch.dropout_seed)]


def test_augmentation_differs_from_iteration_to_iteration_and_fold_to_fold() -> None:
    first = _drawn(0, 0)
    for other in (_drawn(0, 1), _drawn(1, 0)):
        assert all(a != b for a, b in zip(first, other, strict=True))
    assert _drawn(0, 0) == first


def test_draws_for_the_network_and_the_selection_are_the_iterations_own() -> None:
    cell = task(stages=LONG)
    batch, draw = _batch(cell, 9), cell.draw(9)
    assert batch.dropout_seed == draw.torch_seed(Purpose.DROPOUT)
    assert batch.selection_rng.random() == draw.generator(Purpose.SELECTION).random()
