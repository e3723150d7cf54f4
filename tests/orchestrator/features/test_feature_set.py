from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.fs as pafs
import pytest

from orchestrator.data.clip_table import ClipTable
from orchestrator.features.feature_set import (
    MANIFEST,
    SCHEMA,
    FeatureManifest,
    features_id,
    open_features,
    read_clips,
)
from orchestrator.files.store import Store
from tests.orchestrator.features.faked_sets import ID, write_shards
from trainable.config import Audio

AUDIO = Audio(n_mels=3)
FRAMES = [np.random.default_rng(n).standard_normal((n, 3)).astype(np.float16) for n in (4, 1, 7)]
NAMES = ["b.wav", "a.wav", "c.wav"]
PARTS = ["verified", "unverified", "test"]


def clip_table(folder: Path, **changes: Any) -> ClipTable:
    folder.mkdir(exist_ok=True)
    clips = {"fname": NAMES, "part": PARTS, "path": [str(folder / name) for name in NAMES]}
    for size, path in enumerate(clips["path"], start=1):
        Path(path).write_bytes(b"x" * size)
    columns = {**clips, "labels": [("dog",), ("cat", "dog"), ()], "usage": ["", "", "Public"], **changes}
    return ClipTable(vocabulary=("cat", "dog"), clips=pd.DataFrame(columns), dropped=(), layout="plain")


def shard_table(rows: list[int]) -> pa.Table:
    return pa.table(
        {
            "fname": [NAMES[row] for row in rows],
            "part": [PARTS[row] for row in rows],
            "labels": [["dog"] for _ in rows],
            "seconds": [1.5 for _ in rows],
            "frames": [len(FRAMES[row]) for row in rows],
            "logmel": [FRAMES[row].tobytes() for row in rows],
        },
        schema=SCHEMA,
    )


def write_set(store: Store) -> Store:
    """A set of two shards, as compute_features leaves it."""
    tables = {"x-0.parquet": shard_table([0, 1]), "x-1.parquet": shard_table([2])}
    return write_shards(store, tables.items(), AUDIO)


def local(folder: Path) -> Store:
    return Store.open(folder)


def bucket(folder: Path) -> Store:
    """Stands for object storage: not a place with paths."""
    return Store(pafs.SubTreeFileSystem(str(folder), pafs.LocalFileSystem()), "bucket")


@pytest.mark.parametrize("kind", [local, bucket])
def test_reads_back_bit_for_bit_in_order(tmp_path: Path, kind: Any) -> None:
    store = kind(tmp_path)
    write_set(store)
    found = open_features(store, ID)
    assert found is not None
    assert (found.id, found.content_hash) == (ID, "f" * 64)
    assert found.size == 12 * 3 * 2
    clips = list(read_clips(found))
    assert [clip.tobytes() for clip in clips] == [clip.tobytes() for clip in FRAMES]
    assert [clip.shape for clip in clips] == [clip.shape for clip in FRAMES]
    assert {clip.dtype for clip in clips} == {np.dtype(np.float16)}


def test_nothing_there(tmp_path: Path) -> None:
    assert open_features(local(tmp_path), ID) is None
    write_set(local(tmp_path))
    assert open_features(local(tmp_path), "another") is None


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b'{"id": 1}', b"\xff"])
def test_damaged_manifest_is_no_set(tmp_path: Path, manifest: bytes) -> None:
    write_set(local(tmp_path)).write(MANIFEST, manifest)
    assert open_features(local(tmp_path), ID) is None


@pytest.mark.parametrize(
    "change",
    ["missing", "short", "another id", "row lost", "no manifest", "another number of frames", "no seal"],
)
def test_a_set_that_is_not_whole_is_none(tmp_path: Path, change: str) -> None:
    folder = write_set(local(tmp_path))
    manifest = folder.read_model(MANIFEST, FeatureManifest)
    if change == "missing":
        folder.delete("x-1.parquet")
    elif change == "short":
        folder.write("x-1.parquet", folder.read("x-1.parquet")[:-1])
    elif change in ("another number of frames", "no seal"):
        changes = {"frames": 13} if change.startswith("another") else {"seal": ""}
        folder.write_model(MANIFEST, manifest.model_copy(update=changes))
    elif change == "another id":
        folder.write_model(MANIFEST, manifest.model_copy(update={"id": "f" * 16}).sealed())
    elif change == "row lost":
        folder.write_model(MANIFEST, manifest.model_copy(update={"shards": manifest.shards[:1]}).sealed())
    else:
        folder.delete(MANIFEST)
    assert open_features(local(tmp_path), ID) is None


def test_flipped_bit_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_set(local(tmp_path))
    data = bytearray(folder.read("x-0.parquet"))
    data[len(data) // 2] ^= 1
    folder.write("x-0.parquet", bytes(data))
    found = open_features(local(tmp_path), ID)
    assert found is not None
    with pytest.raises(ValueError, match=r"x-0\.parquet: its content has changed"):
        list(read_clips(found))


def test_identity_follows_files_and_settings_alone(tmp_path: Path) -> None:
    first = features_id(clip_table(tmp_path / "one"), AUDIO)
    assert len(first) == 16
    assert int(first, 16) >= 0
    assert first == features_id(clip_table(tmp_path / "moved"), AUDIO)
    relabelled = clip_table(tmp_path / "one", labels=[("cat",), (), ()])
    assert first == features_id(relabelled, AUDIO)
    assert first != features_id(clip_table(tmp_path / "one"), Audio(n_mels=4))
    magnitude = AUDIO.model_copy(update={"spectrum": "magnitude"})
    assert first != features_id(clip_table(tmp_path / "one"), magnitude)
    assert first != features_id(clip_table(tmp_path / "one", part=["verified", "test", "test"]), AUDIO)
    grown = clip_table(tmp_path / "one")
    Path(grown.clips["path"][0]).write_bytes(b"longer")
    assert first != features_id(grown, AUDIO)


def test_identity_names_a_missing_file(tmp_path: Path) -> None:
    table = clip_table(tmp_path)
    (tmp_path / "a.wav").unlink()
    with pytest.raises(ValueError, match=r"a\.wav: cannot be read"):
        features_id(table, AUDIO)
