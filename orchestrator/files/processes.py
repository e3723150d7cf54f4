"""Processes as files name them: on which machine, and whether they are still there."""

import os
import platform

import psutil
from pydantic import BaseModel, ConfigDict


class Process(BaseModel):
    """A process of some machine."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

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
