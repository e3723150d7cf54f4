import numpy as np
import pytest

from orchestrator.features.blocks import BankArrays, into_blocks
from orchestrator.features.feature_set import Frames

CLIPS = [np.full((length, 4), number, np.float16) for number, length in enumerate([3, 1, 9, 2, 2, 1])]


@pytest.mark.parametrize(
    ("rows", "lengths"), [(100, [18]), (4, [4, 9, 4, 1]), (5, [4, 9, 5]), (1, [3, 1, 9, 2, 2, 1])]
)
def test_blocks_hold_whole_clips_in_their_order(rows: int, lengths: list[int]) -> None:
    """A clip longer than a block is one of its own."""
    blocks: list[Frames] = []
    offsets = into_blocks(CLIPS, lambda block: blocks.append(block.copy()), rows * CLIPS[0][0].nbytes)
    assert offsets.tolist() == [0, 3, 4, 13, 15, 17, 18]
    assert [len(block) for block in blocks] == lengths
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(CLIPS))
    assert BankArrays(blocks, offsets).size == 18 * 4 * 2
