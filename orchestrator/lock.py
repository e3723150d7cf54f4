"""One driver at a time in a run's folder."""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrator.store import Store


@contextmanager
def only_driver(out: Store) -> Iterator[None]:
    """Hold the folder `out`; the lock ends with the process, however that ends.

    Raises:
        ValueError: another process holds it; says which.
    """
    path = Path(out.base) / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            raise ValueError(
                f"{out} is being filled by {file.read().strip() or 'another process'}: "
                "wait for it, stop it, or choose another --out"
            ) from error
        file.truncate(0)
        file.write(f"process {os.getpid()} on {platform.node()}")
        file.flush()
        yield
