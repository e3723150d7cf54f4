"""Write down what a run is before it starts: run.json, its tables, and legs.md for people."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import torch

from orchestrator.data.folded import FoldedDataset, read_noise_truth
from orchestrator.files.integrity import StoredFile
from orchestrator.files.store import Store, table_bytes
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import RunManifest, Timing
from orchestrator.legs.plan import Leg, Plan
from orchestrator.legs.tables import clips_table
from orchestrator.settings.tree import Experiment
from trainable.errors import UserError

PACKAGES = ("stagegrid", "ray", "torch", "librosa", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


GPU_DEVICES = ("nvidia*", "kfd", "dxg")
"""In /dev: of NVIDIA, of AMD, of Windows below Linux."""


@dataclass(frozen=True)
class Origin:
    """Where a run's settings and data come from."""

    config: Path
    """The configuration file."""
    assignments: tuple[str, ...]
    """What --set changes in it."""
    data: Path
    """The data set's folder."""


def write_manifest(
    out: Store,
    experiment: Experiment,
    dataset: FoldedDataset,
    plan: Plan,
    hashes: tuple[str, str],
    origin: Origin,
) -> RunManifest:
    """Write run.json, clips.parquet and, where the data set has one, noise_truth.parquet.

    `hashes` are those of the features and of all data.
    """
    shared, alone = plan.iterations()
    manifest = RunManifest(
        config=experiment.model_dump(mode="json"),
        source=str(origin.config),
        assignments=list(origin.assignments),
        vocabulary=list(dataset.table.vocabulary),
        layout=dataset.table.layout,
        dropped=list(dataset.table.dropped),
        skipped=dict(dataset.table.skipped),
        data_folder=str(origin.data),
        features=hashes[0],
        data_id=hashes[1],
        legs=list(plan.legs),
        cells=plan.ends,
        iterations=shared,
        iterations_alone=alone,
        files=_write_tables(out, dataset, origin.data),
        environment=environment(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest = manifest.model_copy(update={"timing": _earlier_timing(out, manifest)})
    out.write_model(artifacts.RUN, manifest.sealed())
    out.write(artifacts.LEGS_INDEX, "".join(f"{line}\n" for line in legs_index(manifest)).encode())
    return manifest


def _write_tables(out: Store, dataset: FoldedDataset, folder: Path) -> dict[str, StoredFile]:
    """clips.parquet and, where the data set has one, noise_truth.parquet; what was written."""
    tables = {artifacts.CLIPS: clips_table(dataset)}
    truth = read_noise_truth(folder, dataset.table)
    if truth is not None:
        tables[artifacts.NOISE_TRUTH] = pa.Table.from_pandas(truth, preserve_index=False)
    else:
        out.delete(artifacts.NOISE_TRUTH)
    contents = {name: table_bytes(table) for name, table in tables.items()}
    for name, content in contents.items():
        out.write(name, content)
    return {name: StoredFile.of(content) for name, content in contents.items()}


def _earlier_timing(out: Store, manifest: RunManifest) -> Timing | None:
    """A command that finds the same legs done keeps what training them took."""
    try:
        before = out.read_model(artifacts.RUN, RunManifest)
    except (FileNotFoundError, UserError):
        return None
    return before.timing if [leg.id for leg in before.legs] == [leg.id for leg in manifest.legs] else None


def legs_index(manifest: RunManifest) -> Iterator[str]:
    """legs.md in lines: which leg is what, and where each cell's networks are."""
    legs, fold = artifacts.LEGS, artifacts.fold_name(0)
    yield "# Legs"
    yield ""
    yield f"A leg is a span of training that cells share. Its folder in `{legs}/` is named by a hash of all"
    yield f"that can change it; `{fold}/`, ... in it are the networks of the cross-validation folds."
    yield "A folder that is not listed is of other settings than the last command's."
    yield ""
    yield "| folder | leg | grows from | iterations |"
    yield "|---|---|---|---|"
    for leg in manifest.legs:
        yield f"| `{leg.id}` | {leg.label} | {_parent(leg)} | {_span(leg)} |"
    yield ""
    yield f"| cell | its networks: `{artifacts.WEIGHTS}` of each fold in |"
    yield "|---|---|"
    for cell, leg_id in manifest.cells.items():
        yield f"| {cell.entry}, seed {cell.seed} | `{leg_id}` |"


def _parent(leg: Leg) -> str:
    return f"`{leg.parent}`" if leg.parent else "the start"


def _span(leg: Leg) -> str:
    return f"{leg.last_iteration - leg.iterations + 1} to {leg.last_iteration}"


def environment() -> dict[str, str]:
    """Versions, hardware and git commit of the driver."""
    versions = {name: version(name) for name in PACKAGES}
    return {
        "python": platform.python_version(),
        **versions,
        "system": platform.platform(),
        "cpus": f"{os.cpu_count()} x {_processor()}",
        "gpus": ", ".join(_gpus()) or "none",
        "git commit": _commit(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "CPU")


def _gpus() -> list[str]:
    """This machine's GPUs; torch, which takes seconds to import, is not asked where there is none."""
    if not any(path for pattern in GPU_DEVICES for path in Path("/dev").glob(pattern)):
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _commit() -> str:
    """Commit of this program's checkout; `unknown` where it is installed without one."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        described = subprocess.run(git, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return described.stdout.strip() or "unknown"
