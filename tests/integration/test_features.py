"""Features through Ray Data: what is written, what is not, and what a kill leaves."""

import logging
import math
import os
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.fs as pafs
import pytest
import ray
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.data import DataContext

from orchestrator.data.clip_table import ClipTable
from orchestrator.data.folded import BadClips
from orchestrator.data.sound_files import read_audio
from orchestrator.features.feature_set import MANIFEST, features_id, open_features, read_clips
from orchestrator.features.pipeline import (
    BYTES_PER_SHARD,
    CLIPS_PER_SHARD,
    LEAST_SHARDS,
    compute_features,
    cut_shards,
)
from orchestrator.files.store import Store
from trainable.config import Audio
from trainable.logmel import LogMel

pytestmark = [
    pytest.mark.integration,
    # Ray's own: sockets and files that its child processes keep, and its own old settings
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore:.*deprecated"),
]

AUDIO = Audio(sample_rate=8000, window=320, hop=160, n_fft=512, n_mels=20, f_max=4000)
CLIPS = 4 * LEAST_SHARDS + 5
PARTS = ["verified"] * 20 + ["unverified"] * (CLIPS - 30) + ["test"] * 10


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
        object_store_memory=100 * 2**20,
    )
    yield
    ray.shutdown()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, BYTES_PER_SHARD // 20) | st.just(2 * BYTES_PER_SHARD), max_size=3000))
def test_shards_are_all_clips_in_their_order_and_none_is_large(sizes: list[int]) -> None:
    shards, most = list(cut_shards(sizes)), min(CLIPS_PER_SHARD, math.ceil(len(sizes) / LEAST_SHARDS))
    assert [row for rows in shards for row in rows] == list(range(len(sizes)))
    for rows in shards:
        assert 1 <= len(rows) <= most
        assert len(rows) == 1 or sum(sizes[row] for row in rows) <= BYTES_PER_SHARD
    together = [sum(sizes[row] for row in (*a, b[0])) for a, b in pairwise(shards)]
    lengths = [len(rows) for rows in shards[:-1]]
    full = [n == most or held > BYTES_PER_SHARD for n, held in zip(lengths, together, strict=True)]
    assert all(full), "a shard ends only where the next clip has no room"


def write_wav(path: Path, samples: np.ndarray[Any, Any]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, AUDIO.sample_rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())


def clip_table(folder: Path) -> ClipTable:
    """Clips of different lengths, the last one silent."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, rows = np.random.default_rng(0), []
    for number, part in enumerate(PARTS):
        path = folder / f"{number:03}.wav"
        level = 0.0 if number == CLIPS - 1 else 0.1
        write_wav(path, (rng.standard_normal(2000 + 100 * number) * level).clip(-1, 1))
        rows.append((path.name, part, str(path), ("dog", "cat")[: number % 3], ""))
    clips = pd.DataFrame(rows, columns=["fname", "part", "path", "labels", "usage"])
    return ClipTable(vocabulary=("cat", "dog"), clips=clips, dropped=(), layout="plain")


def quiet(done: int, total: int) -> None:
    pass


def bucket(folder: Path) -> Store:
    """Stands for object storage: not a place with paths, nothing is renamed."""
    (folder / "bucket").mkdir()
    return Store(pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem()), "bucket")


def test_writes_what_one_process_computes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table, store = clip_table(tmp_path / "wav"), Store.open(tmp_path / "out")
    seen: list[tuple[int, int]] = []
    context = DataContext.get_current()
    before = (context.enable_progress_bars, logging.getLogger("ray.data").level)
    features = compute_features(table, AUDIO, store, lambda *counts: seen.append(counts))
    assert capfd.readouterr() == ("", "")
    assert DataContext.get_current() is context
    assert before == (context.enable_progress_bars, logging.getLogger("ray.data").level)
    assert seen == [(done, CLIPS) for done in range(CLIPS + 1)]

    logmel = LogMel(AUDIO)
    expected = [
        logmel(read_audio(path, AUDIO.sample_rate)).astype(np.float16) for path in table.clips["path"]
    ]
    assert [clip.tobytes() for clip in read_clips(features)] == [clip.tobytes() for clip in expected]

    shards = [features.store.read_table(shard.name).to_pylist() for shard in features.manifest.shards]
    rows = [row for shard in shards for row in shard]
    assert [row["fname"] for row in rows] == table.clips["fname"].tolist()
    assert [row["part"] for row in rows] == PARTS
    assert [tuple(row["labels"]) for row in rows] == table.clips["labels"].tolist()
    np.testing.assert_allclose([row["seconds"] for row in rows], (2000 + 100 * np.arange(CLIPS)) / 8000)
    assert sorted(features.store.names()) == sorted([MANIFEST, *(s.name for s in features.manifest.shards)])


def test_what_is_there_is_found_and_labels_do_not_matter(tmp_path: Path) -> None:
    table, store = clip_table(tmp_path / "wav"), Store.open(tmp_path / "out")
    first = compute_features(table, AUDIO, store, quiet)
    table.clips["labels"] = [("cat",)] * CLIPS
    assert open_features(store, features_id(table, AUDIO)) == first
    assert (store / "features").names() == [first.id]


def test_object_storage_holds_the_same_features(tmp_path: Path) -> None:
    table, store = clip_table(tmp_path / "wav"), bucket(tmp_path)
    leftover = store / "features" / features_id(table, AUDIO)
    leftover.write("old-00000.parquet", b"left by a killed attempt")
    features = compute_features(table, AUDIO, store, quiet)
    local = compute_features(table, AUDIO, Store.open(tmp_path / "out"), quiet)
    assert features.content_hash == local.content_hash
    assert [clip.tobytes() for clip in read_clips(features)] == [clip.tobytes() for clip in read_clips(local)]
    assert not leftover.exists("old-00000.parquet")
    assert open_features(store, features.id) == features


@pytest.mark.parametrize("kind", ["file system", "object storage"])
def test_unreadable_files_are_named_and_nothing_is_kept(tmp_path: Path, kind: str) -> None:
    table = clip_table(tmp_path / "wav")
    store = bucket(tmp_path) if kind == "object storage" else Store.open(tmp_path / "out")
    for number in range(12):
        Path(table.clips["path"][5 * number]).write_bytes(b"not a sound")
    with pytest.raises(BadClips, match=f"12 of {CLIPS} clips cannot be used") as caught:
        compute_features(table, AUDIO, store, quiet)
    lines = str(caught.value).splitlines()
    assert [line.partition(".wav: ")[0][-3:] for line in lines[1:-2]] == [f"{5 * n:03}" for n in range(10)]
    assert lines[-2].strip() == "and 2 more"
    assert lines[-1] == "with --set data.bad_clips=skip they are left out"
    assert list(caught.value.reasons) == [f"{5 * n:03}.wav" for n in range(12)]
    assert (store / "features").names() == []


def test_values_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    table = clip_table(tmp_path / "wav")
    samples = np.full(4000, 0.1, np.float32)
    samples[100] = np.nan
    soundfile.write(table.clips["path"][3], samples, AUDIO.sample_rate, subtype="FLOAT")
    with pytest.raises(ValueError, match=r"003\.wav: .*not finite"):
        compute_features(table, AUDIO, Store.open(tmp_path / "out"), quiet)


def test_killed_driver_leaves_no_set_and_the_next_start_cleans_up(tmp_path: Path) -> None:
    table, store = clip_table(tmp_path / "wav"), Store.open(tmp_path / "out")
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    assert driver.stdout.readline().strip() == "computing"
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    set_id = features_id(table, AUDIO)
    assert open_features(store, set_id) is None
    (leftover,) = (store / "features").names()
    assert leftover.startswith(f"unfinished-{set_id}-")
    time.sleep(3)  # its workers notice late
    features = compute_features(table, AUDIO, store, quiet)
    assert (store / "features").names() == [features.id]


DRIVER = """
import sys, time
from pathlib import Path
import ray
from orchestrator.features.pipeline import compute_features
from orchestrator.files.store import Store
from tests.integration.test_features import AUDIO, clip_table

def progress(done, total):
    if done:
        print("computing", flush=True)
        time.sleep(60)

folder = Path(sys.argv[1])
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="ERROR",
         object_store_memory=100 * 2**20)
compute_features(clip_table(folder / "wav"), AUDIO, Store.open(folder / "out"), progress)
"""
