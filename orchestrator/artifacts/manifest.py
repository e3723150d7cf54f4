"""Write down what a run is before it starts."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
import torch

from orchestrator.artifacts.run import Manifest, PlannedCell, PlannedLeg, Timing
from orchestrator.dataset.clip_table import read_noise_truth
from orchestrator.dataset.folded import Study
from orchestrator.experiment.settings import Experiment
from orchestrator.plan.legs import Plan
from orchestrator.storage.store import Store

PACKAGES = ("stagegrid", "ray", "torch", "librosa", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy")


def write_manifest(
    out: Store,
    experiment: Experiment,
    study: Study,
    plan: Plan,
    hashes: tuple[str, str],
    origin: tuple[str, list[str], Path],
) -> Manifest:
    """Write run.json, clips.parquet and, where the data set has one, noise_truth.parquet.

    `hashes` are those of the features and of all data; `origin` is the configuration file, its --set's, and
    the data folder.
    """
    source, assignments, data_folder = origin
    shared, alone = plan.iterations()
    manifest = Manifest(
        config=experiment.model_dump(mode="json"),
        source=source,
        assignments=assignments,
        vocabulary=list(study.table.vocabulary),
        layout=study.table.layout,
        dropped=list(study.table.dropped),
        data_folder=str(data_folder),
        features=hashes[0],
        data_id=hashes[1],
        legs=_legs(plan),
        cells=[
            PlannedCell(activation=c.activation, selection=c.selection, seed=c.seed, leg=leg)
            for c, leg in plan.ends.items()
        ],
        iterations=shared,
        iterations_alone=alone,
        environment=environment(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    manifest.timing = _earlier_timing(out, manifest)
    out.write_table("clips.parquet", study.to_arrow())
    out.delete("noise_truth.parquet")
    truth = read_noise_truth(data_folder)
    if truth is not None:
        out.write_table("noise_truth.parquet", pa.Table.from_pandas(truth, preserve_index=False))
    save(out, manifest)
    return manifest


def _earlier_timing(out: Store, manifest: Manifest) -> Timing | None:
    """A command that finds the same legs done keeps what training them took."""
    if not out.exists("run.json"):
        return None
    try:
        before = Manifest.model_validate(out.read_json("run.json"))
    except ValueError:
        return None
    return before.timing if before.legs == manifest.legs else None


def save(out: Store, manifest: Manifest) -> None:
    """Write run.json."""
    out.write_json("run.json", manifest.model_dump(mode="json"))


def _legs(plan: Plan) -> list[PlannedLeg]:
    return [
        PlannedLeg(
            id=leg.id,
            label=leg.label,
            parent=leg.parent,
            first=leg.first,
            iterations=leg.own_iterations,
            last_iteration=sum(stage.iterations for stage in leg.stages),
        )
        for leg in plan.legs
    ]


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
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _commit() -> str:
    """Commit of this program's checkout; `unknown` where it is installed without one."""
    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        found = subprocess.run(git, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return found.stdout.strip() or "unknown"
