"""One driver at a time in a run's folder."""

import fcntl
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestrator.storage.processes import is_gone, this_process
from orchestrator.storage.repeated import repeated
from orchestrator.storage.store import Store

BEAT_SECONDS = 10.0
"""How often a driver renews its lock on object storage."""
STALE_SECONDS = 60.0
"""A lock there that is older belongs to a driver that was killed, on whatever machine."""


def only_driver(out: Store) -> AbstractContextManager[None]:
    """Hold the folder `out` until the end of the block, or of the process.

    Raises:
        ValueError: another process holds it; says which.
    """
    return _file_lock(out) if out.is_local else object_lock(out)


@contextmanager
def _file_lock(out: Store) -> Iterator[None]:
    """The kernel's lock: it ends with the process, however that ends."""
    path = Path(out.base) / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise _taken(out, file.read().strip() or "another process") from error
        file.truncate(0)
        file.write(_named(this_process()))
        file.flush()
        yield


@contextmanager
def object_lock(out: Store) -> Iterator[None]:
    """A small object that its owner keeps fresh.

    Object storage has no lock that pyarrow knows, so two drivers that start within the same second can both
    hold it. They would write the same bytes: only work is lost, no result.
    """
    mine = uuid.uuid4().hex
    with suppress(FileNotFoundError):
        found = out.read_json("lock.json")
        if time.time() - found["time"] < STALE_SECONDS and not is_gone(found):
            raise _taken(out, _named(found))

    def beat() -> None:
        out.write_json("lock.json", {**this_process(), "owner": mine, "time": time.time()})

    beat()
    try:
        with repeated(beat, BEAT_SECONDS):
            yield
    finally:
        out.delete("lock.json")


def _named(process: Mapping[str, Any]) -> str:
    return f"process {process['pid']} on {process['host']}"


def _taken(out: Store, owner: str) -> ValueError:
    return ValueError(f"{out} is being filled by {owner}: wait for it, stop it, or choose another --out")
