"""Processes as files name them: on which machine, and whether they are still there."""

import os
import platform
from collections.abc import Mapping
from typing import Any


def this_process() -> dict[str, Any]:
    """Host and pid, to be kept in a file."""
    return {"host": platform.node(), "pid": os.getpid()}


def is_gone(process: Mapping[str, Any]) -> bool:
    """Whether a process of this machine has ended; of another machine nobody here can say so."""
    if process["host"] != platform.node():
        return False
    try:
        os.kill(process["pid"], 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's
        return False
    return False
