"""Feature sets as files: their identity, and how they are read.

    features/<id>/*.parquet        a row per clip: fname, part, labels, seconds, frames, logmel
    features/<id>/manifest.json    the files that count, with hashes; written last

`id` names the audio settings and the files they were applied to; `content_hash` names what came out. The rows
stand in the order of the data set's table. `logmel` is a clip's frames as raw float16 (frames, bands), row by
row and un-wrapped; `seconds` is the clip's length before its ends were trimmed. The labels are there for who
reads the shards alone: training takes its labels from the data set's tables, so a corrected label needs no
new features.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import NonNegativeInt, PositiveInt, ValidationError

from orchestrator.data.clip_table import ClipTable
from orchestrator.features.recordings import Recordings
from orchestrator.files.integrity import (
    Damage,
    Sealed,
    StoredFile,
    digest,
    find_damage,
    is_digest,
    read_intact,
)
from orchestrator.files.store import Store, table_of
from trainable.config import Audio, Settings
from trainable.errors import UserError

Frames = NDArray[np.float16]
"""Log-mel frames: (frames, bands)."""
FEATURES = 2
"""Raised by whoever changes what the same settings and files give, or the shards' schema."""
MANIFEST = "manifest.json"
SCHEMA = pa.schema(
    [
        ("fname", pa.string()),
        ("part", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("seconds", pa.float64()),
        ("frames", pa.int32()),
        ("logmel", pa.large_binary()),
    ]
)


class Shard(Settings):
    """One Parquet file of a feature set."""

    name: str
    rows: PositiveInt
    bytes: PositiveInt
    sha256: str

    @property
    def written(self) -> StoredFile:
        """Size and checksum of the file when it was written."""
        return StoredFile(size=self.bytes, sha256=self.sha256)


class FeatureManifest(Settings, Sealed):
    """The manifest of a feature set: its shards and what they hold."""

    id: str
    content_hash: str
    """SHA-256 over every clip's part, name and frames, the same however the clips fall into shards."""
    audio: Audio
    clips: PositiveInt
    frames: NonNegativeInt
    shards: tuple[Shard, ...]
    """The shards in the order of their clips."""


@dataclass(frozen=True)
class FeatureSet:
    """A complete feature set in its folder."""

    store: Store
    manifest: FeatureManifest

    @property
    def id(self) -> str:
        """Identity of the settings and files that the features were made from: 16 hexadecimal digits."""
        return self.manifest.id

    @property
    def content_hash(self) -> str:
        """Hash of the features themselves."""
        return self.manifest.content_hash

    @property
    def size(self) -> int:
        """Bytes of all frames."""
        return self.manifest.frames * self.manifest.audio.n_mels * np.dtype(np.float16).itemsize


def features_id(table: ClipTable, audio: Audio, recordings: Recordings | None = None) -> str:
    """Identity of the features of these clips: name, part and content of each file in the table's order, and
    the audio settings. `recordings` are the checksums that are known; without them every file is read.

    Neither labels nor the folder nor the files' dates are in it: none of them changes a feature.

    Raises:
        UserError: a file is missing; the message names it.
    """
    clips = table.clips
    checksums = (recordings or Recordings()).checksums(clips["path"].tolist())
    files = list(zip(clips["part"], clips["fname"], checksums, strict=True))
    return digest([FEATURES, audio.model_dump(mode="json"), files])


def sets_of(store: Store) -> Store:
    """The folder of all feature sets of a run."""
    return store / "features"


def set_ids(store: Store) -> list[str]:
    """Ids of the feature sets of a run, but those that are unfinished or were set aside."""
    return [name for name in sets_of(store).names() if is_digest(name)]


def open_features(store: Store, set_id: str) -> FeatureSet | None:
    """The feature set `set_id` below `store`; None where there is none, or where it is not whole."""
    folder = sets_of(store) / set_id
    try:
        manifest = FeatureManifest.model_validate_json(folder.read(MANIFEST))
    except (FileNotFoundError, ValidationError):
        return None
    if not manifest.seal:
        return None
    sizes = folder.sizes()
    whole = all(sizes.get(shard.name) == shard.bytes for shard in manifest.shards)
    counted = sum(shard.rows for shard in manifest.shards) == manifest.clips
    return FeatureSet(folder, manifest) if whole and counted and manifest.id == set_id else None


def read_clips(features: FeatureSet) -> Iterator[Frames]:
    """The frames of each clip (frames, bands), in the order of the `ClipTable` they were made from.

    Memory holds one shard at a time.

    Raises:
        DamagedFile: a shard is not what the manifest says; the message names it.
    """
    bands = features.manifest.audio.n_mels
    for shard in features.manifest.shards:
        for clip in _read_shard(features.store, shard)["logmel"]:
            yield np.frombuffer(clip.as_buffer(), np.float16).reshape(-1, bands)


def _read_shard(store: Store, shard: Shard) -> pa.Table:
    """The rows of a shard whose bytes are those that were written."""
    return table_of(read_intact(store, shard.name, shard.written))


def feature_damages(store: Store, set_id: str) -> list[Damage]:
    """Shards of a feature set that are missing or not as they were written."""
    folder = sets_of(store) / set_id
    try:
        manifest = folder.read_model(MANIFEST, FeatureManifest)
    except (FileNotFoundError, UserError):
        return [Damage(folder, MANIFEST, "missing or not what was written")]
    damages = (find_damage(folder, shard.name, shard.written) for shard in manifest.shards)
    return [damage for damage in damages if damage]
