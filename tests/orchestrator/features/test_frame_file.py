"""The file of a machine: written once, never half, and gone when another one needs its place."""

import os
import shutil
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import BinaryIO, ClassVar

import numpy as np
import pytest

from orchestrator.features.feature_set import FeatureSet, Frames
from orchestrator.features.frame_file import BankArrays, FrameFile, into_blocks
from orchestrator.files.integrity import DamagedFile
from orchestrator.files.store import Store
from tests.orchestrator.features.faked_sets import noise, write_clips
from trainable.config import Audio
from trainable.errors import UserError

CLIPS = list(noise(40, 30, 4))
OF_SIX = [np.full((length, 4), number, np.float16) for number, length in enumerate([3, 1, 9, 2, 2, 1])]
Usage = namedtuple("Usage", "free")


def feature_set(folder: Path, content: str = "f" * 64) -> FeatureSet:
    found = write_clips(Store.open(folder / "out"), CLIPS, Audio(n_mels=4))
    return FeatureSet(found.store, found.manifest.model_copy(update={"content_hash": content}))


def test_the_mapped_frames_are_those_of_the_shards(tmp_path: Path) -> None:
    file = FrameFile(feature_set(tmp_path), tmp_path / "disk" / "new")
    arrays = file.arrays()
    assert isinstance(arrays.blocks[0], np.memmap)
    assert arrays.blocks[0].tobytes() == np.concatenate(CLIPS).tobytes()
    assert arrays.offsets.tolist() == list(range(0, 1201, 30))
    assert file.path.stat().st_size == file.size
    with pytest.raises(ValueError, match="read-only"):
        arrays.blocks[0][0] = 0


def test_what_is_there_is_not_written_again(tmp_path: Path) -> None:
    features = feature_set(tmp_path)
    FrameFile(features, tmp_path / "disk").arrays()
    shutil.rmtree(tmp_path / "out")
    arrays = FrameFile(features, tmp_path / "disk").arrays()
    assert arrays.blocks[0].tobytes() == np.concatenate(CLIPS).tobytes()


@pytest.mark.parametrize("change", [-1, 1])
def test_a_file_of_another_size_is_written_again(tmp_path: Path, change: int) -> None:
    file = FrameFile(feature_set(tmp_path), tmp_path)
    file.path.write_bytes(b"x" * (file.size + change))
    assert file.arrays().blocks[0].tobytes() == np.concatenate(CLIPS).tobytes()


class Racing(FrameFile):
    """Two that look for the file at the same time, and find none."""

    looked = Barrier(2, timeout=60)
    writes: ClassVar[list[str]] = []

    def _whole(self) -> BinaryIO | None:
        file = super()._whole()
        if file is None and not self.writes:
            with suppress(BrokenBarrierError):
                self.looked.wait()
            self.looked.abort()  # after the first look nobody waits
        return file

    def _write(self) -> None:
        self.writes.append(self.path.name)
        super()._write()


def test_two_that_find_nothing_write_it_once(tmp_path: Path) -> None:
    """The lock is one of open files: two threads stand for two processes."""
    file = Racing(feature_set(tmp_path), tmp_path / "disk")
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(file.arrays) for _ in range(2)]
        contents = [made.result().blocks[0].tobytes() for made in both]
    assert contents == 2 * [np.concatenate(CLIPS).tobytes()]
    assert Racing.writes == [file.path.name]


def test_a_damaged_shard_leaves_nothing(tmp_path: Path) -> None:
    features = feature_set(tmp_path)
    features.store.write(features.manifest.shards[1].name, b"other")
    file = FrameFile(features, tmp_path / "disk")
    with pytest.raises(DamagedFile, match=features.manifest.shards[1].name):
        file.arrays()
    assert [path.name for path in file.folder.iterdir()] == [".lock"]


def test_the_next_set_takes_the_place_of_what_nobody_has_mapped(tmp_path: Path) -> None:
    used, unused, next_one = (
        FrameFile(feature_set(tmp_path, digit * 64), tmp_path / "disk") for digit in "abc"
    )
    arrays = used.arrays()
    unused.arrays()
    killed = used.folder / f"{'d' * 64}.frames.tmp"
    theirs = [used.folder / name for name in ("work.tmp", "mine.frames", f"{'d' * 64}.wav")]
    for path in (killed, *theirs):
        path.touch()
    assert used.path.exists()
    next_one.arrays()
    assert used.path.exists()
    assert not unused.path.exists()
    assert not killed.exists()
    del arrays
    next_one.path.unlink()
    next_one.arrays()
    assert not used.path.exists()
    assert all(path.exists() for path in theirs), "the folder may be somebody's"


def test_no_room_is_said_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FrameFile(feature_set(tmp_path), tmp_path / "disk")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(file.size - 1))
    with pytest.raises(UserError, match=r"disk: no room for 9,928 bytes.*9,927 bytes are free"):
        file.arrays()
    assert not file.path.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file/disk: no room for"):
        FrameFile(feature_set(tmp_path), tmp_path / "file" / "disk").arrays()


def test_a_usual_folder_that_another_user_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = FrameFile(feature_set(tmp_path), tmp_path / "usual")
    file.arrays()
    monkeypatch.setattr("orchestrator.features.frame_file.usual_folder", lambda: file.folder)
    file.arrays()
    monkeypatch.setattr(os, "getuid", lambda: file.folder.stat().st_uid + 1)
    with pytest.raises(UserError, match=r"usual: no room for.*another user's.*resources\.features_folder"):
        file.arrays()


@pytest.mark.parametrize(
    ("rows", "lengths"), [(100, [18]), (4, [4, 9, 4, 1]), (5, [4, 9, 5]), (1, [3, 1, 9, 2, 2, 1])]
)
def test_blocks_hold_whole_clips_in_their_order(rows: int, lengths: list[int]) -> None:
    """A clip longer than a block is one of its own."""
    blocks: list[Frames] = []
    offsets = into_blocks(OF_SIX, lambda block: blocks.append(block.copy()), rows * OF_SIX[0][0].nbytes)
    assert offsets.tolist() == [0, 3, 4, 13, 15, 17, 18]
    assert [len(block) for block in blocks] == lengths
    np.testing.assert_array_equal(np.concatenate(blocks), np.concatenate(OF_SIX))
    assert BankArrays(blocks, offsets).size == 18 * 4 * 2
