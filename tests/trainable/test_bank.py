"""Gathering against a loop over clips."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from trainable.activations import Targets
from trainable.augment import draw_masks, mask, mixing, mixup
from trainable.bank import Bank
from trainable.config import Augment

BANDS = 4


def _frames(lengths: list[int]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Read-only random frames and offsets of clips with these lengths."""
    rng = np.random.default_rng(len(lengths))
    frames = rng.normal(-40, 15, (sum(lengths), BANDS)).astype(np.float16)
    frames.flags.writeable = False
    return frames, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)


def _fixed(clip: NDArray[np.float16], frames: int) -> NDArray[np.float16]:
    """A clip at `frames` frames: repeated, or decimated where it is longer."""
    if len(clip) > frames:
        return np.stack([clip[i * len(clip) // frames] for i in range(frames)])
    return np.concatenate([clip] * (frames // len(clip) + 1))[:frames]


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(1, 40), st.data())
def test_gather_is_the_loop_over_clips(lengths: list[int], clip_frames: int, data: st.DataObject) -> None:
    frames, offsets = _frames(lengths)
    cuts = data.draw(st.sets(st.sampled_from(offsets[1:-1].tolist()))) if len(lengths) > 1 else set()
    bank = Bank(np.split(frames, sorted(cuts)), offsets, clip_frames)
    clips = np.array(data.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1, max_size=4)))
    seed = data.draw(st.integers(0, 100))
    wanted = np.random.default_rng(seed).integers(0, clip_frames, (len(clips), 7))
    expected = [
        _fixed(frames[offsets[clip] : offsets[clip + 1]], clip_frames)[row]
        for clip, row in zip(clips, wanted, strict=True)
    ]
    found = bank.gather(clips, wanted)
    assert found.dtype == torch.float32
    np.testing.assert_array_equal(found.numpy(), np.stack(expected).astype(np.float32))


def test_whole_clips() -> None:
    frames, offsets = _frames([3, 8, 20])
    expected = [_fixed(frames[offsets[i] : offsets[i + 1]], 8) for i in (2, 0, 1)]
    found = Bank([frames], offsets, 8).whole(np.array([2, 0, 1]))
    np.testing.assert_array_equal(found.numpy(), np.stack(expected).astype(np.float32))


def test_decimation_is_uniform_and_keeps_the_first_frame() -> None:
    frames = np.repeat(np.arange(50, dtype=np.float16)[:, None], BANDS, 1)
    found = Bank([frames], np.array([0, 50]), 20).whole(np.array([0]))[0, :, 0].numpy()
    assert found[0] == 0
    assert set(np.diff(found)) == {2, 3}


def test_band_statistics_are_numpys() -> None:
    frames, offsets = _frames([5, 9, 30, 2])
    clips = np.array([0, 2, 3])
    chosen = np.concatenate([frames[offsets[i] : offsets[i + 1]] for i in clips]).astype(np.float64)
    mean, std = Bank(np.split(frames, [14]), offsets, 16).band_statistics(clips)
    np.testing.assert_allclose(mean, chosen.mean(0), rtol=1e-6)
    np.testing.assert_allclose(std, chosen.std(0), rtol=1e-6)
    assert mean.dtype == std.dtype == torch.float32


def test_a_constant_band_can_be_divided_by() -> None:
    frames = np.full((10, BANDS), -80, np.float16)
    mean, std = Bank([frames], np.array([0, 10]), 16).band_statistics(np.array([0]))
    assert (mean == -80).all()
    assert (std > 0).all()


def test_nothing_that_leaves_can_reach_the_bank() -> None:
    frames, offsets = _frames([30, 12, 7, 20])
    before = frames.tobytes()
    bank = Bank([frames], offsets, 16)
    clips, rng = np.arange(4), np.random.default_rng(0)
    x_BTM = bank.gather(clips, np.tile(np.arange(16), (4, 1)))
    targets = Targets.of(torch.eye(4))
    x_BTM, _ = mixup(x_BTM, targets, *mixing(rng, 1.0, clips < 2))
    mask(x_BTM, draw_masks(rng, 4, 16, BANDS, Augment()), torch.zeros(BANDS)).zero_()
    for crop in (x_BTM, bank.whole(clips), *bank.band_statistics(clips)):
        crop.fill_(1)
    assert frames.tobytes() == before
    assert not frames.flags.writeable


@pytest.mark.parametrize(("offsets", "cuts"), [([0, 3, 9], []), ([0, 0, 10], []), ([0, 3, 10], [4])])
def test_offsets_that_do_not_fit_are_our_own_error(offsets: list[int], cuts: list[int]) -> None:
    frames, _ = _frames([10])
    with pytest.raises(AssertionError):
        Bank(np.split(frames, cuts), np.array(offsets), 8)


def test_a_bank_off_the_device_gives_the_same_crops() -> None:
    frames = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float16)
    offsets = np.array([0, 20, 50])
    clips, places = np.array([1, 0]), np.arange(25)[None].repeat(2, 0)
    banks = [Bank([frames], offsets, 25, resident=resident) for resident in (True, False)]
    crops = [bank.gather(clips, places) for bank in banks]
    assert torch.equal(*crops)
    assert {bank.device for bank in banks} == {torch.device("cpu")}


def test_on_a_device_the_blocks_are_one() -> None:
    """Meta stands for a device: shapes and places are checked there, and no values."""
    frames, offsets = _frames([20, 30, 10])
    bank = Bank(np.split(frames, [20]), offsets, 25, device="meta")
    assert [tuple(block.shape) for block in bank._blocks] == [(60, BANDS)]
    assert bank._starts.tolist() == offsets[:-1].tolist()
