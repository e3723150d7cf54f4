"""The driver's lines among the logs of its job, which the dashboard shows, however the run was started.

`ray job submit` catches what a driver prints; of any other driver Ray keeps nothing.
"""

from collections.abc import Callable
from pathlib import Path

import ray


def job_log() -> Callable[[str], None]:
    """A function that adds a line to the job's log, named so that the job's page links to it."""
    logs = Path(ray.worker.global_worker.node.get_logs_dir_path())
    path = logs / f"job-driver-{ray.get_runtime_context().get_job_id()}-stagegrid.log"

    def write(line: str) -> None:
        try:
            with path.open("a") as file:
                file.write(f"{line}\n")
        except OSError:  # another user's Ray, or a full disk: the terminal has the line
            return

    return write
