"""One driver at a time in a run's folder."""

import fcntl
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from orchestrator.background import repeated
from orchestrator.store import Store

BEAT_SECONDS = 10.0
"""How often a driver renews its lock on object storage."""
STALE_SECONDS = 60.0
"""A lock there that is older belongs to a driver that was killed."""


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
        file.write(_me())
        file.flush()
        yield


@contextmanager
def object_lock(out: Store) -> Iterator[None]:
    """A small object that its owner keeps fresh.

    Object storage has no lock that pyarrow knows, so two drivers that start within the same second can both
    hold it. They would write the same bytes: only work is lost, no result.
    """
    mine = uuid.uuid4().hex
    if out.exists("lock.json"):
        found = out.read_json("lock.json")
        if time.time() - found["time"] < STALE_SECONDS:
            raise _taken(out, found["by"])

    def beat() -> None:
        out.write_json("lock.json", {"by": _me(), "owner": mine, "time": time.time()})

    beat()
    try:
        with repeated(beat, BEAT_SECONDS):
            yield
    finally:
        out.delete("lock.json")


def _me() -> str:
    return f"process {os.getpid()} on {platform.node()}"


def _taken(out: Store, owner: str) -> ValueError:
    return ValueError(f"{out} is being filled by {owner}: wait for it, stop it, or choose another --out")
