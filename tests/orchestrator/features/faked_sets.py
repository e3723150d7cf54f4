"""Feature sets of made-up frames, as files."""

import hashlib
import io
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from orchestrator.features.feature_set import (
    MANIFEST,
    SCHEMA,
    FeatureManifest,
    FeatureSet,
    Frames,
    Shard,
    open_features,
)
from orchestrator.files.store import Store
from trainable.config import Audio

CLIPS_PER_SHARD = 32
ID = "0123456789abcdef"


def write_shards(store: Store, tables: Iterable[tuple[str, pa.Table]], audio: Audio) -> Store:
    """A set of these shards, as compute_features leaves it; the folder that it is in."""
    folder, shards, frames = store / "features" / ID, [], 0
    for name, table in tables:
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="NONE", use_dictionary=False)
        data = buffer.getvalue()
        folder.write(name, data)
        frames += sum(table["frames"].to_pylist())
        checksum = hashlib.sha256(data).hexdigest()
        shards.append(Shard(name=name, rows=len(table), bytes=len(data), sha256=checksum))
    manifest = FeatureManifest(
        id=ID,
        content_hash="f" * 64,
        audio=audio,
        clips=sum(shard.rows for shard in shards),
        frames=frames,
        shards=tuple(shards),
    )
    folder.write_model(MANIFEST, manifest.sealed())
    return folder


def write_clips(store: Store, clips: Iterable[Frames], audio: Audio) -> FeatureSet:
    """A set of clips with these frames."""
    write_shards(store, _tables(clips), audio)
    features = open_features(store, ID)
    assert features is not None
    return features


def _tables(clips: Iterable[Frames]) -> Iterable[tuple[str, pa.Table]]:
    rows: list[dict[str, object]] = []
    for number, clip in enumerate(clips):
        rows.append({"fname": f"{number}.wav", "frames": len(clip), "logmel": clip.tobytes()})
        if len(rows) == CLIPS_PER_SHARD:
            yield f"{number:07}.parquet", pa.Table.from_pylist(rows, SCHEMA)
            rows = []
    if rows:
        yield "last.parquet", pa.Table.from_pylist(rows, SCHEMA)


def noise(clips: int, frames: int, bands: int) -> Iterable[Frames]:
    """Clips of `frames` frames, one after another and each different."""
    rng = np.random.default_rng(0)
    first = rng.normal(-40, 15, (frames, bands)).astype(np.float16)
    for number in range(clips):
        yield np.roll(first, number, 0)
