"""driver.json: what only the driver of a run knows of it, for everybody who watches its files."""

import platform
import time

from orchestrator.files.processes import Process, this_process
from orchestrator.files.store import Artifact, Store
from orchestrator.legs.artifacts import DRIVER
from trainable.errors import UserError

FRESH_SECONDS = 40.0
"""A note of another machine that is older is a dead driver's; of this one we see its process."""


class DriverNote(Artifact):
    """driver.json: what only a run's driver knows of it, for people."""

    host: str
    """Its machine."""
    pid: int
    """Its process."""
    time: float
    """When this was written: seconds since 1970."""
    stage: str
    """What it is at."""
    waits: dict[str, str]
    """Why legs do not train yet, by their ids."""
    alert: str | None
    """What holds up the run: no free CPUs, a lost machine."""
    dashboard: str
    """Address of Ray's dashboard, as the driver reaches it; no token."""


def write_note(
    out: Store, stage: str, waits: dict[str, str] | None = None, alert: str | None = None, dashboard: str = ""
) -> None:
    """Say what the driver sees now."""
    process = this_process()
    note = DriverNote(
        host=process.host, pid=process.pid, time=time.time(), stage=stage, waits=waits or {}, alert=alert,
        dashboard=dashboard,
    )  # fmt: skip
    out.write_model(DRIVER, note, durable=False)


def read_note(out: Store) -> DriverNote | None:
    """What the driver says that is at work; None where none is, or nobody can read it."""
    try:
        note = out.read_model(DRIVER, DriverNote)
    except (FileNotFoundError, NotADirectoryError, UserError):
        return None
    if note.host == platform.node():
        return None if Process(host=note.host, pid=note.pid).is_gone else note
    return note if time.time() - note.time < FRESH_SECONDS else None
