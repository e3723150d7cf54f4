"""The Rays of this machine, from the command lines of their processes.

Ray's own search (address="auto") also finds the private Ray of another program: who joins that dies with it.
`ray start` leaves its address in a file of its temporary folder, `ray.init` does not.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

RAYLET = "raylet"
"""Name of the process that is there once for each Ray on a machine."""
ADDRESS_FILE = "ray_current_cluster"
"""What `ray start` writes, and `ray stop` removes."""


@dataclass(frozen=True)
class LocalRay:
    """A Ray that has a node on this machine."""

    address: str
    """host:port of its head."""
    folder: str
    """Its temporary folder."""
    session: str
    """Its name; ends with the process that started it."""
    user: str
    """Whose it is."""

    @property
    def starter(self) -> int | None:
        """The process that started it, where its name says so: a program with a Ray of its own."""
        number = self.session.rpartition("_")[2]
        return int(number) if number.isdigit() else None

    @property
    def is_begun(self) -> bool:
        """Whether `ray start` began it, and not a program for itself."""
        try:
            return (Path(self.folder) / ADDRESS_FILE).read_text().strip() == self.address
        except OSError:
            return False


def local_rays() -> list[LocalRay]:
    """All that run on this machine, each once."""
    return list(dict.fromkeys(_of_processes()))


def _of_processes() -> Iterator[LocalRay]:
    for process in psutil.process_iter(["name", "cmdline", "username"]):
        if process.info["name"] == RAYLET:
            options = _options(process.info["cmdline"] or ())
            if "gcs-address" in options:
                user = process.info["username"] or "another user"
                yield LocalRay(
                    options["gcs-address"],
                    options.get("temp_dir", ""),
                    options.get("session-name", ""),
                    user,
                )


def _options(arguments: Sequence[str]) -> Mapping[str, str]:
    """The raylet's own --name=value; some arguments are whole command lines, and no options of it."""
    pairs = (argument[2:].split("=", 1) for argument in arguments if argument.startswith("--"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def begun_address(rays: Sequence[LocalRay], user: str, folder: str) -> str | None:
    """Address of the Ray that this user's `ray start` began, its files in `folder`; None: there is none."""
    own = [ray for ray in rays if ray.user == user and ray.folder == folder]
    return next((ray.address for ray in own if ray.is_begun), None)


def usual_folder() -> str:
    """Where Ray has its files for this process: bare `ray.init()` looks there too."""
    folder = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    return str(Path(folder) / "ray")


def this_user() -> str:
    """As processes name their user."""
    return psutil.Process().username()


def shared_machine(rays: Sequence[LocalRay], own: str) -> str | None:
    """A line about the other Rays on this machine, which share its CPUs with that at `own`; None: alone."""
    others = [ray for ray in rays if ray.address != own]
    if not others:
        return None
    names = ", ".join(f"{ray.address} ({_whose(ray)})" for ray in others[:SHOWN])
    more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
    return f"not alone on this machine: Ray at {names}{more}; they share its CPUs, so all go slower"


SHOWN = 3
"""Neighbours that are named."""


def _whose(ray: LocalRay) -> str:
    if ray.is_begun or ray.starter is None:
        return f"of {ray.user}"
    return f"of process {ray.starter}, {ray.user}"
