"""A run that loses the cluster's head, or Ray on its own machine, ends with a line that says so.

Ray itself ends it too, later and with a trace of its own.
"""

import socket
import time
from dataclasses import dataclass

import ray

from orchestrator.files.repeated import begin_repeating
from orchestrator.files.signals import end_process

ASK_SECONDS = 2.0
HEAD_SECONDS = 40.0
"""A head that is back within that was restarted, not lost; Ray gives up after 60 s."""
OWN_SECONDS = 3.0
"""Nothing starts Ray on this machine again; Ray gives up after 10 s."""
ADVICE = "the same command goes on from here"


@dataclass
class Server:
    """A part of Ray that a driver cannot do without."""

    name: str
    address: str
    """host:port"""
    patience: float
    """Seconds without an answer after which it is lost."""
    heard: float = 0.0

    def is_lost(self) -> bool:
        """Ask it; whether it has not answered for too long."""
        if not self.heard or self._answers():
            self.heard = time.monotonic()
        return time.monotonic() - self.heard > self.patience

    def _answers(self) -> bool:
        host, _, port = self.address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), ASK_SECONDS).close()
        except OSError:
            return False
        return True


def watch_head() -> None:
    """From now on, as long as this process is connected, see that Ray answers."""
    context = ray.get_runtime_context()
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    own = next(node for node in nodes if node["NodeID"] == context.get_node_id())
    raylet = f"{own['NodeManagerAddress']}:{own['NodeManagerPort']}"
    servers = [
        Server("the head of the Ray cluster", context.gcs_address, HEAD_SECONDS),
        Server("Ray on this machine", raylet, OWN_SECONDS),
    ]
    begin_repeating(lambda: _look(servers), ASK_SECONDS)


def _look(servers: list[Server]) -> None:
    if not ray.is_initialized():
        servers.clear()  # left on purpose: what was watched may go
    for server in servers:
        if server.is_lost():
            end_process(f"lost: {server.name} ({server.address}) no longer answers; {ADVICE}", 1)
