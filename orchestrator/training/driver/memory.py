"""Whether a run fits into memory: said before anything trains, not by a kill in it. All sizes are in bytes.

One fold needs memory for its process, a batch and its network; every machine has the features once.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import psutil
import ray

from orchestrator.settings.tree import Experiment
from trainable.errors import UserError

FLOAT = 4
"""Bytes of a number."""
KEPT = 3
"""Images that a convolution, its normalisation and its ReLU keep for the gradient."""
COPIES = 4
"""Of a weight: itself, its gradient and Adam's two averages."""
CURVES = 10
"""Numbers kept of every iteration, about."""
GIB = 2**30
STORE_SHARE = 0.8
"""Of the object store, what features may fill: the rest is for what else goes through it."""
WORKER_BYTES = 300 * 2**20
"""What a fold's process has for itself, at the least: 236 MiB measured for a small model on a CPU."""


def check_fits(experiment: Experiment) -> None:
    """Refuse sizes that one fold cannot hold on this machine; of a cluster's machines nothing is known.

    Raises:
        UserError: as `check_fold`.
    """
    elsewhere = os.environ.get("RAY_ADDRESS", "local") not in ("", "local")
    if not elsewhere and not experiment.resources.machines:
        check_fold(experiment, psutil.virtual_memory().total)


def check_fold(experiment: Experiment, available: int) -> None:
    """Refuse sizes that one fold cannot hold in `available` bytes. A GPU may still have less.

    Raises:
        UserError: names the largest part, its settings and the bytes.
    """
    parts = _parts(experiment)
    total, largest = sum(parts.values()), max(parts, key=lambda name: parts[name])
    if total > available:
        raise UserError(
            f"one fold needs about {_gib(total)}, this machine has {_gib(available)}: most of it, "
            f"{_gib(parts[largest])}, is for {largest}: lower that, "
            "or name the cluster's larger machines in resources.machines"
        )


def _gib(size: int) -> str:
    return f"{min(size, 2**100) / GIB:,.1f} GiB"


def _parts(experiment: Experiment) -> dict[str, int]:
    """Bytes by what they are for."""
    batches, audio, model = experiment.batches, experiment.audio, experiment.model
    size, bands = batches.size, audio.n_mels
    whole = max(batches.crop_frames * size, batches.clip_frames)
    sizes = f"batches.size ({size}), batches.crop_frames ({batches.crop_frames})"
    return {
        "the process itself": WORKER_BYTES,
        f"a batch's features: {sizes} and audio.n_mels ({bands})": whole * bands * 2 * FLOAT,
        f"a batch in the network: {sizes} and model": whole * _activations(experiment) * FLOAT,
        "the weights: model": _weights(experiment) * COPIES * FLOAT,
        "the spectrum: audio.n_fft and audio.n_mels": audio.n_fft * bands * 2 * FLOAT,
        "the curves: stages.*.iterations": sum(s.iterations for s in experiment.stages) * CURVES * FLOAT,
        "the random order of mixup and masks: augment": (
            size * (experiment.augment.frequency_masks + experiment.augment.time_masks) * FLOAT
        ),
        "the first layer: model.hidden": model.hidden * size * FLOAT,
    }


def _activations(experiment: Experiment) -> int:
    """Numbers that the network keeps for each frame of a batch."""
    model, bands = experiment.model, experiment.audio.n_mels
    images = sum(
        model.convolutions * KEPT * channels * (bands >> block) >> block
        for block, channels in enumerate(model.channels)
    )
    return images + (8 * model.gru >> len(model.channels))


def _weights(experiment: Experiment) -> int:
    """Weights of the network, without the last layer."""
    model, channels = experiment.model, (1, *experiment.model.channels)
    convolutions = sum(9 * a * b + 9 * b * b * (model.convolutions - 1) for a, b in pairwise(channels))
    inputs = channels[-1] * (experiment.audio.n_mels >> len(model.channels))
    return convolutions + 6 * model.gru * (inputs + model.gru) + 2 * model.gru * model.hidden


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


def check_cluster(features: int, folds: int, nodes: Sequence[NodeMemory]) -> str | None:
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
