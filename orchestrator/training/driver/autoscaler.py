"""How large a cluster becomes whose autoscaler runs on this machine, as on the head that `ray up` makes."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from orchestrator.legs.allocation import Node


def machines_at_most(gcs_address: str) -> list[Node]:
    """The machines of this cluster when it is at its largest; none where nothing here makes it grow.

    Ray tells nobody how far its autoscaler may go, but the options of that process name its configuration.
    """
    for process in psutil.process_iter(["cmdline"]):
        options = dict(word.split("=", 1) for word in process.info["cmdline"] or [] if "=" in word)
        if options.get("--gcs-address") == gcs_address and "--autoscaling-config" in options:
            with suppress(OSError):  # another user's file
                path = Path(options["--autoscaling-config"]).expanduser()
                return machines_of(yaml.safe_load(path.read_text()))
    return []


def machines_of(config: dict[str, Any]) -> list[Node]:
    """Head and workers of a cluster file as `ray up` leaves it on the head; none where it tells no CPUs.

    Where the types' own limits add up to more than the cluster's, the types that come first are taken.
    """
    machines, room = [], config["max_workers"]
    for name, kind in config["available_node_types"].items():
        workers = min(kind.get("max_workers", room), room)
        room -= workers
        offers = kind.get("resources", {})
        node = Node(offers.get("CPU", 0), offers.get("GPU", 0))
        machines += [node] * (workers + (name == config["head_node_type"]))
    return machines if any(node.cpus for node in machines) else []
