"""Batches from a mapped file beside batches from memory, on warm pages; and from blocks beside one array.

The frames are about as many as a tenth of the real data set's, the batches the paper's: 64 crops of 512
frames. CPU seconds: on warm pages nothing waits for a disk.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from orchestrator.features.feature_set import FeatureSet, Frames
from orchestrator.features.frame_file import FrameFile
from orchestrator.files.store import Store
from tests.benchmarks.table import Call, Row, compared, in_turn
from tests.orchestrator.features.faked_sets import noise, write_clips
from trainable.bank import Bank
from trainable.config import Audio, Batches

CLIPS, FRAMES, BANDS = 2_900, 620, 80
"""288 MB."""
BLOCKS = 10
ROUNDS, WARM_UP, TARGET = 300, 20, 1.3


def _features(folder: Path) -> FeatureSet:
    return write_clips(Store.open(folder), noise(CLIPS, FRAMES, BANDS), Audio(n_mels=BANDS))


def _batches(blocks: list[Frames], offsets: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Call:
    """Each call gathers the next batch; all callers see the same batches."""
    batches, rng = Batches(), np.random.default_rng(0)
    bank = Bank(blocks, offsets, batches.clip_frames)
    crop = np.arange(batches.crop_frames)[None]

    def gather() -> None:
        starts = rng.integers(0, batches.clip_frames - batches.crop_frames, (batches.size, 1))
        bank.gather(rng.integers(0, CLIPS, batches.size), starts + crop)

    return gather


def rows() -> list[Row]:
    """From the file; from blocks."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
            arrays = FrameFile(_features(Path(place)), Path(place)).arrays()
            mapped, offsets = arrays.blocks[0], arrays.offsets
            whole = np.array(mapped)
            cuts = offsets[:: CLIPS // BLOCKS][1:-1]
            calls = [_batches(blocks, offsets) for blocks in ([mapped], np.split(whole, cuts), [whole])]
            rounds = in_turn(calls, ROUNDS, time.process_time, WARM_UP)
    finally:
        torch.set_num_threads(threads)
    return [
        compared("batch from a mapped file, from memory", [[r[0], r[2]] for r in rounds], TARGET),
        compared("batch from blocks, from one array", [[r[1], r[2]] for r in rounds]),
    ]
