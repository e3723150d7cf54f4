"""Log-mel features of all clips, once per audio setting, with Ray Data.

Every task decodes a few clips and writes them as one shard; only its account of them travels back. On a
file system the shards grow in a folder of another name, which is renamed when it is complete; object storage
cannot rename, there a set is what its manifest lists. Either way nothing counts before the manifest, which
comes last.
"""

import hashlib
import io
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
import torch
from ray.data import DataContext

from orchestrator.data.clip_table import ClipTable
from orchestrator.data.folded import BadClips
from orchestrator.data.sound_files import read_audio
from orchestrator.features.feature_set import (
    MANIFEST,
    SCHEMA,
    FeatureManifest,
    FeatureSet,
    Shard,
    features_id,
    sets_of,
)
from orchestrator.files.store import Store
from trainable.config import Audio
from trainable.errors import UserError
from trainable.logmel import LogMel

CLIPS_PER_SHARD, BYTES_PER_SHARD = 128, 64 << 20
"""Clips of one task, and bytes of their files, at most: so many that what a task costs by itself is little,
so few that progress moves and that a task holds 50 MB of frames. A shard of the real data set has some 55."""
LEAST_SHARDS = 16
"""A small data set has as many, so that several cores share it."""
SOURCE = pa.schema([("shard", pa.string()), *(SCHEMA.field(i) for i in range(3)), ("path", pa.string())])


def compute_features(
    table: ClipTable,
    audio: Audio,
    store: Store,
    progress: Callable[[int, int], None],
    set_id: str | None = None,
) -> FeatureSet:
    """Compute the features of these clips into `store`/features/<id>; `open_features` says if that is done.

    `progress` is called with (clips done, all clips) as shards come in; `set_id` is their `features_id`, if
    it is known. Ray must be initialised.

    Raises:
        UserError: the settings make no spectrogram.
        BadClips: clips cannot be read or hold values that are not finite. Nothing is kept then.
    """
    set_id = set_id or features_id(table, audio)
    sets = sets_of(store)
    LogMel(audio)  # refuses its settings here, not once for every clip
    _clean(sets, set_id)
    attempt = uuid.uuid4().hex[:8]
    folder = sets / (_unfinished(set_id) + attempt if store.is_local else set_id)
    try:
        accounts = _run(_sources(table, attempt), audio, folder, progress)
        manifest = _manifest(set_id, audio, accounts)
        folder.write_model(MANIFEST, manifest)
    except BaseException:
        _clean(sets, set_id)
        raise
    if store.is_local:
        sets.rename(_unfinished(set_id) + attempt, set_id)
    return FeatureSet(sets / set_id, manifest)


def _unfinished(set_id: str) -> str:
    return f"unfinished-{set_id}-"


def _clean(sets: Store, set_id: str) -> None:
    """Remove what killed or failed attempts left of a set that is not there."""
    for name in sets.names():
        if name == set_id or name.startswith(_unfinished(set_id)):
            sets.delete(name)


def _sources(table: ClipTable, attempt: str) -> list[pa.Table]:
    """The clips of each shard, in the table's order, with the shard's name."""
    clips = table.clips
    columns: dict[str, Any] = {name: clips[name].tolist() for name in ("fname", "part", "path")}
    columns["labels"] = [list(labels) for labels in clips["labels"]]
    shards = list(cut_shards([_size(path) for path in columns["path"]]))
    columns["shard"] = [f"{attempt}-{n:05}.parquet" for n, rows in enumerate(shards) for _ in rows]
    source = pa.table(columns, schema=SOURCE)
    return [source.slice(rows.start, len(rows)) for rows in shards]


def cut_shards(sizes: list[int]) -> Iterator[range]:
    """The rows of each shard, from the bytes of all clips' files."""
    most = min(CLIPS_PER_SHARD, -(-len(sizes) // LEAST_SHARDS))
    first = held = 0
    for row, size in enumerate(sizes):
        if row - first == most or (row > first and held + size > BYTES_PER_SHARD):
            yield range(first, row)
            first, held = row, 0
        held += size
    if sizes:
        yield range(first, len(sizes))


def _size(path: str) -> int:
    """Bytes of a file; what cannot be asked is told of where it is read."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _run(
    sources: list[pa.Table], audio: Audio, folder: Store, progress: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Have every shard written; the accounts of all clips in the table's order.

    Raises:
        BadClips: clips have no features.
    """
    total = sum(map(len, sources))
    accounts: list[dict[str, Any]] = []
    progress(0, total)
    with quiet_ray_data():
        shards = ray.data.from_arrow(sources).map_batches(
            write_shard,  # type: ignore[arg-type]  # Ray's type knows nothing of fn_kwargs
            fn_kwargs={"audio": audio, "folder": folder},
            batch_size=None,
            batch_format="pyarrow",
            num_cpus=1,
        )
        for account in shards.iter_rows():
            accounts.append(account)
            progress(len(accounts), total)
    accounts.sort(key=lambda account: (account["shard"], account["row"]))
    errors = {account["fname"]: account["error"] for account in accounts if account["error"]}
    if errors:
        raise BadClips(errors, total)
    return accounts


@contextmanager
def quiet_ray_data() -> Iterator[None]:
    """Ray Data without bars and log lines, and its process-wide settings as before afterwards."""
    logger = logging.getLogger("ray.data")
    level, settings = logger.level, DataContext.get_current().copy()
    settings.enable_progress_bars = False
    logger.setLevel(logging.ERROR)
    try:
        with DataContext.current(settings):
            yield
    finally:
        logger.setLevel(level)


def _manifest(set_id: str, audio: Audio, accounts: list[dict[str, Any]]) -> FeatureManifest:
    shards: dict[str, dict[str, Any]] = {}
    content = hashlib.sha256()
    for account in accounts:
        shard = {"name": account["shard"], "bytes": account["bytes"], "sha256": account["sha256"]}
        shards.setdefault(account["shard"], {**shard, "rows": 0})["rows"] += 1
        content.update(f"{account['part']}/{account['fname']} {account['content']}\n".encode())
    return FeatureManifest(
        id=set_id,
        content_hash=content.hexdigest(),
        audio=audio,
        clips=len(accounts),
        frames=sum(account["frames"] for account in accounts),
        shards=tuple(Shard(**shard) for shard in shards.values()),
    ).sealed()


def write_shard(source: pa.Table, audio: Audio, folder: Store) -> pa.Table:
    """Task: write the features of the clips in `source` as one shard; an account of each clip.

    Bad clips are told in the column `error`, and there is no shard then.
    """
    name = source["shard"][0].as_py()
    rows = [_features(clip, audio) for clip in source.to_pylist()]
    data = b"" if any(row["error"] for row in rows) else _parquet(rows)
    if data:
        folder.write(name, data)
    shard = {"shard": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    accounts = [{**shard, "row": number, **_account(row)} for number, row in enumerate(rows)]
    return pa.Table.from_pylist(accounts)


def _features(clip: dict[str, Any], audio: Audio) -> dict[str, Any]:
    """A row of a shard and the clip's `error`, empty where all is well."""
    try:
        samples = read_audio(clip["path"], audio.sample_rate)
        logmel = _logmel(audio)(samples).astype(np.float16)
    except UserError as error:
        return {**clip, "seconds": 0.0, "frames": 0, "logmel": b"", "error": _named(clip["path"], error)}
    seconds = len(samples) / audio.sample_rate
    return {**clip, "seconds": seconds, "frames": len(logmel), "logmel": logmel.tobytes(), "error": ""}


def _named(path: str, error: ValueError) -> str:
    return str(error) if path in str(error) else f"{path}: {error}"


@lru_cache(maxsize=1)
def _logmel(audio: Audio) -> LogMel:
    """The filters and buffers of this worker process, which has one core."""
    torch.set_num_threads(1)
    return LogMel(audio)


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    """A shard's bytes. Frames hardly compress, and as statistics or dictionary they would be stored twice."""
    buffer = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    pq.write_table(table, buffer, compression="NONE", use_dictionary=False, write_statistics=False)
    return buffer.getvalue()


def _account(row: dict[str, Any]) -> dict[str, Any]:
    content = hashlib.sha256(row["logmel"]).hexdigest()
    return {**{name: row[name] for name in ("fname", "part", "frames", "error")}, "content": content}
