"""A fold is trained from features four times as large as the memory that its process may have."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from orchestrator.features.feature_set import FeatureSet, Frames, read_clips
from orchestrator.features.frame_file import BankArrays, FrameFile, into_blocks
from orchestrator.files.store import Store
from tests.orchestrator.features.faked_sets import noise, write_clips
from tests.orchestrator.features.limited import checksum
from tests.places import ROOT
from trainable.config import Audio

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's own memory so")

LIMIT = 24
"""MiB."""
BANDS, CLIPS = 8, 256
FRAMES = 4 * LIMIT * 2**20 // (CLIPS * BANDS * 2)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("large")


@pytest.fixture(scope="module")
def features(place: Path) -> FeatureSet:
    found = write_clips(Store.open(place / "out"), noise(CLIPS, FRAMES, BANDS), Audio(n_mels=BANDS))
    assert found.size == 4 * LIMIT * 2**20
    FrameFile(found, place / "disk").arrays()  # Arrow's threads, which read shards, need memory of their own
    return found


def limited(folder: Path, how: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.orchestrator.features.limited", str(folder), how, str(LIMIT)]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)


def test_mapped_it_trains_and_gives_the_bits_of_memory(place: Path, features: FeatureSet) -> None:
    """Under the limit from the file; beside it from blocks of memory, without a limit."""
    process = limited(place, "mapped")
    assert process.returncode == 0, process.stderr
    blocks: list[Frames] = []
    offsets = into_blocks(read_clips(features), lambda block: blocks.append(np.array(block)), 2**24)
    assert len(blocks) > 4
    assert process.stdout.strip() == checksum(BankArrays(blocks, offsets))


def test_read_into_memory_it_does_not_fit(place: Path, features: FeatureSet) -> None:
    process = limited(place, "read")
    assert process.returncode == 1
    assert "Unable to allocate 96.0 MiB" in process.stderr
