"""What the driver holds while it places features: a block, not the whole; Ray's store is another's memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import ray

from orchestrator.features.feature_set import FeatureSet, Frames
from orchestrator.features.frame_file import FrameFile, into_blocks
from orchestrator.files.store import Store
from orchestrator.training.driver.sweep_inputs import StoredFrames, load_frames
from tests.orchestrator.features.faked_sets import noise, write_clips
from trainable.config import Audio

CLIPS, FRAMES, BANDS = 1024, 500, 64
"""66 MB of frames."""
BLOCK = 2**22
MOST = 0.3
"""Of the features."""


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> FeatureSet:
    store = Store.open(tmp_path_factory.mktemp("features"))
    return write_clips(store, noise(CLIPS, FRAMES, BANDS), Audio(n_mels=BANDS))


def held(features: FeatureSet, folder: Path | None) -> tuple[float, StoredFrames | FrameFile]:
    """The most that this process held, as a share of the features, and where they are now."""
    pool, before = pa.proxy_memory_pool(pa.default_memory_pool()), pa.default_memory_pool()
    pa.set_memory_pool(pool)
    tracemalloc.start()
    try:
        placed = load_frames(features, folder)
        return (tracemalloc.get_traced_memory()[1] + pool.max_memory()) / features.size, placed
    finally:
        tracemalloc.stop()
        pa.set_memory_pool(before)


class FakeStore:
    """Stands for the object store: sums what goes in, and holds no frame of it."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.total = 0.0

    def put(self, array: Frames) -> int:
        self.lengths.append(array.nbytes)
        self.total += float(array.sum(dtype=np.float64))
        return len(self.lengths)


def test_on_the_way_to_the_object_store(features: FeatureSet, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FakeStore()
    monkeypatch.setattr(ray, "put", store.put)
    monkeypatch.setattr(into_blocks, "__defaults__", (BLOCK,))
    most, placed = held(features, None)
    assert isinstance(placed, StoredFrames)
    assert sum(store.lengths[:-1]) == features.size
    assert len(placed.blocks) == 16
    assert 0 < most < MOST


def test_on_the_way_to_the_disk(features: FeatureSet, tmp_path: Path) -> None:
    most, placed = held(features, tmp_path)
    assert isinstance(placed, FrameFile)
    assert 0 < most < MOST
    expected = np.concatenate(list(noise(CLIPS, FRAMES, BANDS)))
    assert placed.arrays().blocks[0].tobytes() == expected.tobytes()


def test_a_second_copy_is_seen(features: FeatureSet, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure itself: a loader that keeps what it has read is over the limit."""
    kept: list[Frames] = []

    def hoard(array: Frames) -> int:
        kept.append(array.copy())
        return 0

    monkeypatch.setattr(ray, "put", hoard)
    assert held(features, None)[0] > 1
