"""Whether the features and the folds' workers fit into memory: said before training, not by a kill in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import ray

from trainable.errors import UserError

STORE_SHARE = 0.8
"""Of the object store, what features may fill: the rest is for what else goes through it."""
WORKER_BYTES = 300 * 2**20
"""What a fold's process has for itself, at the least: 236 MiB measured for a small model on a CPU."""


@dataclass(frozen=True)
class NodeMemory:
    """What one machine offers to Ray, in bytes."""

    total: float
    object_store: float


def node_memories() -> list[NodeMemory]:
    """Those of the machines that are up."""
    offers = [node["Resources"] for node in ray.nodes() if node["Alive"]]  # type: ignore[no-untyped-call]
    stores = [(offer.get("memory", 0.0), offer.get("object_store_memory", 0.0)) for offer in offers]
    return [NodeMemory(memory + store, store) for memory, store in stores]


def overfills_store(features: int, nodes: Sequence[NodeMemory]) -> bool:
    """Whether so many bytes of features are too many for the object store of one of the machines."""
    return any(features > STORE_SHARE * node.object_store for node in nodes)


def check_memory(features: int, folds: int, nodes: Sequence[NodeMemory]) -> str | None:
    """What to warn of, where features and folds fit only just; every machine has the features once.

    Raises:
        UserError: they do not fit.
    """
    room = sum(max(0, int((node.total - features) // WORKER_BYTES)) for node in nodes)
    if room < folds:
        have = " + ".join(_gb(node.total) for node in nodes)
        raise UserError(
            f"{_gb(features)} of features on each machine and {folds} folds of at least {_gb(WORKER_BYTES)} "
            f"do not fit into the cluster's memory ({have}): more or larger machines, fewer audio.n_mels, or "
            "resources.features: disk"
        )
    smallest = min(node.object_store for node in nodes)
    if features > smallest:
        return (
            f"memory: {_gb(features)} of features, and Ray's object store has {_gb(smallest)}: it goes on "
            "through the disk, slowly; resources.features: disk needs no store, "
            "ray start --object-store-memory makes one larger"
        )
    return None


def _gb(amount: float) -> str:
    return f"{amount / 1e9:.2f} GB"
