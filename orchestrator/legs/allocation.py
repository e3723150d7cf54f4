"""How much of a cluster a fold gets, and how many trials fit at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.settings.tree import Resources
from trainable.errors import UserError

TRIAL_CPU = 0.01
"""What a trial reserves for itself: its driver only waits."""


@dataclass(frozen=True)
class Node:
    """CPUs and GPUs that one machine offers to Ray."""

    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True)
class Shares:
    """What every fold's worker reserves."""

    cpu: float
    gpu: float
    trials: int
    """Trials that run at the same time."""

    def per_fold(self) -> dict[str, float]:
        """What one fold reserves, in Ray's words."""
        return {"CPU": self.cpu} | ({"GPU": self.gpu} if self.gpu else {})

    def of_run(self, folds: int) -> dict[str, float]:
        """What all folds of one run and its trial reserve, in Ray's words."""
        reserved = {name: share * folds for name, share in self.per_fold().items()}
        return reserved | {"CPU": round(reserved["CPU"] + TRIAL_CPU, 4)}


def make_shares(nodes: Sequence[Node], folds: int, resources: Resources) -> Shares:
    """Divide the cluster such that all folds of a trial always fit.

    Raises:
        UserError: the folds cannot run at the same time; says what is asked for, what is there, what to do.
    """
    gpu = _gpu_share(nodes, folds, resources)
    cpu = _cpu_share(nodes, folds, resources, gpu)
    slots = sum(_slots(node, cpu, gpu) for node in nodes)
    if slots < folds:
        raise UserError(_missing(nodes, folds, cpu, gpu, slots))
    return Shares(cpu, gpu, slots // folds)


def _gpu_share(nodes: Sequence[Node], folds: int, resources: Resources) -> float:
    if resources.gpus_per_fold != "auto":
        return resources.gpus_per_fold
    gpus = sum(math.floor(node.gpus) for node in nodes)
    return 1 / math.ceil(folds / gpus) if gpus else 0.0


def _cpu_share(nodes: Sequence[Node], folds: int, resources: Resources, gpu: float) -> float:
    """One CPU, or as much less as lets all folds of one trial run at once."""
    if resources.cpus_per_fold != "auto":
        return resources.cpus_per_fold
    useful = [node for node in nodes if node.cpus > 0 and (not gpu or node.gpus >= gpu)]
    for cpu in [1 - TRIAL_CPU, *(1 / n - TRIAL_CPU for n in range(2, folds + 1))]:
        share = math.floor(cpu * 100) / 100
        if sum(_slots(node, share, gpu) for node in useful) >= folds:
            return share
    return TRIAL_CPU if gpu else math.floor((1 / folds - TRIAL_CPU) * 100) / 100


def _slots(node: Node, cpu: float, gpu: float) -> int:
    """Folds that fit on a node; a sliver of CPU is left for each trial's own actor."""
    by_cpu = math.floor(node.cpus / (cpu + TRIAL_CPU) + 1e-9)
    return min(by_cpu, math.floor(node.gpus / gpu + 1e-9)) if gpu else by_cpu


def _missing(nodes: Sequence[Node], folds: int, cpu: float, gpu: float, slots: int) -> str:
    need = f"{folds} folds at once need {folds} x {cpu:g} CPUs" + (
        f" and {folds} x {gpu:g} GPUs" if gpu else ""
    )
    have = f"{sum(n.cpus for n in nodes):g} CPUs and {sum(n.gpus for n in nodes):g} GPUs"
    return (
        f"{need}; the cluster has {have} on {len(nodes)} nodes, room for {slots} folds: "
        "lower resources.cpus_per_fold or resources.gpus_per_fold (or set them to auto), or add nodes; "
        "of a cluster that grows on demand, say with resources.machines how far"
    )
