"""Who else uses the cluster's CPUs and GPUs, in words."""

from collections.abc import Mapping

import ray
from ray._private import state

ENTRYPOINT_SHOWN = 100
"""Characters of another program's command line."""
OWN_SERVERS = ("ray/dashboard/", "ray/autoscaler/")
"""Ray's own processes are jobs too."""


def shortage(needed: Mapping[str, float]) -> str | None:
    """A line where less of a resource is free than `needed`, with the programs at work there; else None."""
    free: dict[str, float] = ray.available_resources()  # type: ignore[no-untyped-call]
    total: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
    missing = [name for name, amount in needed.items() if free.get(name, 0.0) < amount]
    if not missing:
        return None
    shown = ", ".join(
        f"{free.get(name, 0.0):g} of {total.get(name, 0.0):g} {name}s are free, {needed[name]:g} needed"
        for name in missing
    )
    return f"no free {missing[0]}s ({shown}); {_at_work(other_programs())}"


def _at_work(programs: list[str]) -> str:
    return f"at work there: {'; '.join(programs)}" if programs else "no other program is at work there"


def other_programs() -> list[str]:
    """The other drivers on the cluster: command line, process, machine. Ray's one list of them is private."""
    own = ray.get_runtime_context().get_job_id()
    return [
        f"{_shortened(job['Entrypoint'])} (process {job['DriverPid']} on {job['DriverIPAddress']})"
        for job in state.state.job_table()  # type: ignore[no-untyped-call]
        if not job["IsDead"] and job["JobID"] != own and not _is_ray_itself(job["Entrypoint"])
    ]


def _is_ray_itself(entrypoint: str) -> bool:
    return any(name in entrypoint for name in OWN_SERVERS)


def _shortened(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= ENTRYPOINT_SHOWN else f"{text[:ENTRYPOINT_SHOWN]}..."
