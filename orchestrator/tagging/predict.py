"""All recordings tagged, few in this process, many on Ray; scores are kept as they come in.

So the same command goes on where it ended. The folder that keeps them:

    tagging.json           TaggedWith: which system tags, and how; written first
    part-<hash>.parquet    `part_schema`: a row for each window of some recordings
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from orchestrator.files.integrity import digest
from orchestrator.files.store import Store, table_bytes, table_of
from orchestrator.tagging.recordings import stamps
from orchestrator.tagging.tag import Bad, Hearing, Tagged, tag_recordings
from trainable.config import Settings
from trainable.errors import UserError
from trainable.tagger import ModelFile, Tagger

MANY = 200
"""More recordings than this go to Ray, which takes some ten seconds to start."""
RECORDINGS_PER_PART = 64
"""Recordings of a Parquet file: what a killed command can lose."""
TAGGED_WITH = "tagging.json"
Progress = Callable[[int, int], None]


class TaggedWith(Settings):
    """tagging.json: which system has given the scores beside it, and how."""

    system: str
    """Name of the cell or ensemble."""
    model: str
    """Hash of the system's settings and weights."""
    vocabulary: tuple[str, ...]
    """The classes, in the order of the scores."""
    hearing: Hearing
    """How recordings are cut."""

    @classmethod
    def of(cls, file: ModelFile, hearing: Hearing) -> "TaggedWith":
        """The description of scores that this system gives."""
        model = digest(file.model_dump(mode="json", exclude={"name"}))
        return cls(system=file.name, model=model, vocabulary=file.vocabulary, hearing=hearing)


@dataclass
class ScoreFolder:
    """A folder in which scores are kept as they come in."""

    store: Store
    made_by: TaggedWith
    names: set[str] = field(default_factory=set)
    """Files whose scores count."""

    @classmethod
    def open(cls, store: Store, made_by: TaggedWith, replace: bool = False) -> "ScoreFolder":
        """The folder for this system's scores; what another one has left there is refused, or replaced.

        Raises:
            UserError: another system's scores are here.
        """
        if _made_by(store) != made_by:
            left = store.names()
            if left and not replace:
                raise UserError(
                    f"{store} holds something else ({left[0]}): name another folder for {made_by.system}"
                )
            for name in left:
                store.delete(name)
            store.write_model(TAGGED_WITH, made_by)
        return cls(store, made_by)

    def known(self, stamp_of: Mapping[str, str]) -> dict[str, Tagged]:
        """The kept scores of these recordings; a file with a recording that has changed since is removed."""
        tagged: dict[str, Tagged] = {}
        for name in self.store.names(".parquet"):
            part = self._read(name)
            if part is None or any(stamp_of.get(path, stamp) != stamp for path, (stamp, _) in part.items()):
                self.store.delete(name)
                continue
            self.names.add(name)
            tagged |= {path: recording for path, (_, recording) in part.items() if path in stamp_of}
        return tagged

    def _read(self, name: str) -> dict[str, tuple[str, Tagged]] | None:
        """The recordings of a file with their stamps; None where it is not one of this system's."""
        try:
            table = table_of(self.store.read(name)).cast(part_schema(len(self.made_by.vocabulary)))
        except (pa.ArrowException, OSError, ValueError):
            return None
        return _recordings(table)

    def add(self, tagged: Sequence[Tagged], stamp_of: Mapping[str, str]) -> None:
        """Keep the scores of these recordings, in a file of their own."""
        table = part_table(tagged, stamp_of, len(self.made_by.vocabulary))
        stamped = [[recording.path, stamp_of[recording.path]] for recording in tagged]
        name = f"part-{digest(stamped)}.parquet"
        self.store.write(name, table_bytes(table))
        self.names.add(name)

    def remove(self) -> None:
        """Remove the folder: the scores are elsewhere now."""
        parent, _, name = self.store.base.rpartition("/")
        Store(self.store.fs, parent).delete(name)


def _made_by(store: Store) -> TaggedWith | None:
    try:
        return store.read_model(TAGGED_WITH, TaggedWith)
    except (FileNotFoundError, NotADirectoryError, UserError):
        return None


def part_schema(classes: int) -> pa.Schema:
    """`start` and `end` in seconds; `stamp`: size and date of the recording; `scores` as in tagging.json."""
    columns = [("path", pa.string()), ("stamp", pa.string()), ("start", pa.float64()), ("end", pa.float64())]
    return pa.schema([*columns, ("scores", pa.list_(pa.float32(), classes))])


def part_table(tagged: Iterable[Tagged], stamp_of: Mapping[str, str], classes: int) -> pa.Table:
    """A row for each window: `part_schema`."""
    rows = [
        {"path": done.path, "stamp": stamp_of[done.path], "start": start, "end": end, "scores": scores}
        for done in tagged
        for (start, end), scores in zip(done.spans, done.scores_WC.tolist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, part_schema(classes))


def _recordings(table: pa.Table) -> dict[str, tuple[str, Tagged]]:
    """A file's recordings by their paths; a recording's rows stand together."""
    scores = table["scores"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
    starts, ends = table["start"].to_pylist(), table["end"].to_pylist()
    rows_of: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(table["path"].to_pylist(), table["stamp"].to_pylist(), strict=True)):
        rows_of.setdefault(key, []).append(row)
    return {
        path: (stamp, Tagged(path, tuple((starts[row], ends[row]) for row in rows), np.asarray(scores[rows])))
        for (path, stamp), rows in rows_of.items()
    }


@dataclass(frozen=True)
class TaggingResults:
    """Results of all recordings, in the order in which they were named."""

    tagged: tuple[Tagged, ...]
    bad: tuple[Bad, ...]


def predict(
    tagger: Tagger,
    recordings: Sequence[str],
    hearing: Hearing,
    progress: Progress,
    kept: ScoreFolder | None = None,
    connect: Callable[[str], object] | None = None,
    many: int = MANY,
) -> TaggingResults:
    """Tag the recordings; `progress` is called with (done, all).

    `kept`: where scores are kept as they come in; what is there is not done again. `connect` joins a Ray, as
    a job of the name that it is given, where more than `many` recordings are to be tagged; None: all are
    tagged in this process.
    """
    stamp_of = stamps(recordings)
    tagged = kept.known(stamp_of) if kept else {}
    todo = [path for path in recordings if path not in tagged]
    bad: dict[str, Bad] = {}
    progress(len(tagged), len(recordings))
    fresh: list[Tagged] = []
    try:
        for result in _results(tagger, todo, hearing, connect if len(todo) > many else None):
            if isinstance(result, Bad):
                bad[result.path] = result
            else:
                tagged[result.path] = result
                fresh.append(result)
            progress(len(tagged) + len(bad), len(recordings))
            if kept and len(fresh) >= RECORDINGS_PER_PART:
                kept.add(fresh, stamp_of)
                fresh = []
    finally:
        if kept and fresh:
            kept.add(fresh, stamp_of)
    return TaggingResults(
        tuple(tagged[path] for path in recordings if path in tagged),
        tuple(bad[path] for path in recordings if path in bad),
    )


def _results(
    tagger: Tagger, paths: Sequence[str], hearing: Hearing, connect: Callable[[str], object] | None
) -> Iterator[Tagged | Bad]:
    if connect is None:
        return tag_recordings(tagger, paths, hearing)
    from orchestrator.tagging.many import tag_on_ray

    connect(f"stagegrid predict {tagger.file.name}")
    return tag_on_ray(tagger, paths, hearing)
