"""Processes as files name them: on which machine, whether they are still there, which one fills a run."""

import fcntl
import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil

from orchestrator.files.repeated import repeated
from orchestrator.files.store import Artifact, Store
from trainable.errors import UserError

LOCK = "lock.json"
"""On object storage; a folder has the kernel's lock on .lock."""

BEAT_SECONDS = 10.0
"""How often a driver renews its lock on object storage."""
STALE_SECONDS = 60.0
"""A lock there that is older belongs to a driver that was killed, on whatever machine."""


class Process(Artifact):
    """A process of some machine."""

    host: str
    """Name of the machine."""
    pid: int
    """Number of the process on it."""

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"

    @property
    def is_gone(self) -> bool:
        """Whether a process of this machine has ended; of another machine nobody here can say so."""
        if self.host != platform.node():
            return False
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:  # another user's
            return False


def this_process() -> Process:
    """The process that asks."""
    return Process(host=platform.node(), pid=os.getpid())


class Owner(Process):
    """lock.json: who fills the grid now."""

    owner: str
    """A name that no other start of a driver has."""
    time: float
    """When it last said so: seconds since 1970."""


def only_driver(out: Store) -> AbstractContextManager[None]:
    """Hold the folder `out` until the end of the block, or of the process.

    Raises:
        UserError: another process holds it; says which.
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
        file.write(str(this_process()))
        file.flush()
        yield


@contextmanager
def object_lock(out: Store) -> Iterator[None]:
    """A small object that its owner keeps fresh.

    Object storage has no lock that pyarrow knows, so two drivers that start within the same second can both
    hold it. They would write the same bytes: only work is lost, no result.
    """
    mine = uuid.uuid4().hex
    if (owner := _read(out)) and _is_kept(out, owner):
        raise _taken(out, str(owner))
    process = this_process()

    def beat() -> None:
        out.write_model(LOCK, Owner(host=process.host, pid=process.pid, owner=mine, time=time.time()))

    beat()
    try:
        with repeated(beat, BEAT_SECONDS):
            yield
    finally:
        out.delete(LOCK)


def _read(out: Store) -> Owner | None:
    """Who holds the lock; a lock that nobody can read is nobody's."""
    try:
        return out.read_model(LOCK, Owner)
    except (FileNotFoundError, UserError):
        return None


def _is_kept(out: Store, owner: Owner) -> bool:
    """Whether a lock's owner is at work."""
    age = time.time() - owner.time
    if owner.is_gone or age >= STALE_SECONDS:
        return False
    if age > -BEAT_SECONDS:
        return True
    time.sleep(2 * BEAT_SECONDS)  # a clock was set back, here or there: only a beat shows that it is kept
    return _read(out) not in (None, owner)


def _taken(out: Store, owner: str) -> UserError:
    return UserError(f"{out} is being filled by {owner}: wait for it, stop it, or choose another --out")
