"""Scores of many recordings as they come in: Parquet parts, so that the same command goes on where it ended.

tagging.json        TaggingJob: who tags, and how; written first
part-<hash>.parquet PART: a row for each window of some recordings
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from orchestrator.files.integrity import digest
from orchestrator.files.store import Store, table_bytes, table_of
from orchestrator.tagging.tag import Hearing, Tagged
from trainable.config import Settings
from trainable.errors import UserError
from trainable.tagger import ModelFile

JOB = "tagging.json"


class TaggingJob(Settings):
    """tagging.json: what the parts beside it hold."""

    system: str
    """Name of the cell or ensemble."""
    model: str
    """Hash of the system's settings and weights."""
    vocabulary: tuple[str, ...]
    """The classes, in the order of the scores."""
    hearing: Hearing
    """How recordings are cut."""

    @classmethod
    def of(cls, file: ModelFile, hearing: Hearing) -> "TaggingJob":
        """What tagging with this system leaves."""
        model = digest(file.model_dump(mode="json", exclude={"name"}))
        return cls(system=file.name, model=model, vocabulary=file.vocabulary, hearing=hearing)


def part_schema(classes: int) -> pa.Schema:
    """`start` and `end` in seconds; `stamp`: size and date of the recording; `scores` as in tagging.json."""
    columns = [("path", pa.string()), ("stamp", pa.string()), ("start", pa.float64()), ("end", pa.float64())]
    return pa.schema([*columns, ("scores", pa.list_(pa.float32(), classes))])


@dataclass
class Parts:
    """The folder of a job's parts."""

    store: Store
    job: TaggingJob
    names: set[str] = field(default_factory=set)
    """Parts that count."""

    @classmethod
    def open(cls, store: Store, job: TaggingJob, replace: bool = False) -> "Parts":
        """The folder for this job; what another one has left there is refused, or replaced.

        Raises:
            UserError: another system's scores are here.
        """
        if _job_of(store) != job:
            if not replace and (left := store.names()):
                raise UserError(
                    f"{store} holds something else ({left[0]}): name another folder for {job.system}"
                )
            for name in store.names():
                store.delete(name)
            store.write_model(JOB, job)
        return cls(store, job)

    def known(self, stamps: Mapping[str, str]) -> dict[str, Tagged]:
        """What is there of these recordings; a part with a recording that has changed since is removed."""
        tagged: dict[str, Tagged] = {}
        for name in self.store.names(".parquet"):
            part = self._read(name)
            if part is None or any(stamps.get(path, stamp) != stamp for path, (stamp, _) in part.items()):
                self.store.delete(name)
                continue
            self.names.add(name)
            tagged |= {path: recording for path, (_, recording) in part.items() if path in stamps}
        return tagged

    def _read(self, name: str) -> dict[str, tuple[str, Tagged]] | None:
        """The recordings of a part with their stamps; None where it is not one of this job's."""
        try:
            table = table_of(self.store.read(name)).cast(part_schema(len(self.job.vocabulary)))
        except (pa.ArrowException, OSError, ValueError):
            return None
        return _recordings(table)

    def add(self, tagged: Sequence[Tagged], stamps: Mapping[str, str]) -> None:
        """Keep these recordings as one part."""
        table = part_table(tagged, stamps, len(self.job.vocabulary))
        name = f"part-{digest([[one.path, stamps[one.path]] for one in tagged])}.parquet"
        self.store.write(name, table_bytes(table))
        self.names.add(name)

    def remove(self) -> None:
        """The scores are elsewhere now."""
        folder, _, name = self.store.base.rpartition("/")
        Store(self.store.fs, folder).delete(name)


def _job_of(store: Store) -> TaggingJob | None:
    try:
        return store.read_model(JOB, TaggingJob)
    except (FileNotFoundError, NotADirectoryError, UserError):
        return None


def part_table(tagged: Iterable[Tagged], stamps: Mapping[str, str], classes: int) -> pa.Table:
    """A row for each window."""
    rows = [
        {"path": one.path, "stamp": stamps[one.path], "start": start, "end": end, "scores": scores}
        for one in tagged
        for (start, end), scores in zip(one.spans, one.scores_WC.tolist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, part_schema(classes))


def _recordings(table: pa.Table) -> dict[str, tuple[str, Tagged]]:
    """A part's recordings by their paths; a recording's rows stand together."""
    scores = table["scores"].combine_chunks().flatten().to_numpy().reshape(len(table), -1)
    starts, ends = table["start"].to_pylist(), table["end"].to_pylist()
    rows: dict[tuple[str, str], list[int]] = {}
    for row, key in enumerate(zip(table["path"].to_pylist(), table["stamp"].to_pylist(), strict=True)):
        rows.setdefault(key, []).append(row)
    return {
        path: (stamp, Tagged(path, tuple((starts[row], ends[row]) for row in of), np.asarray(scores[of])))
        for (path, stamp), of in rows.items()
    }
