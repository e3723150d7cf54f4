"""One Tune trial: a Ray Train run with a worker per fold, which trains one leg after another.

The folds share no gradients and no clock: each keeps its own state in its own folder, so a run that loses a
worker, its controller, its trial or its driver goes on from there, and finished folds are passed over.
"""

import logging
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ray
import ray.train
import torch
from numpy.typing import NDArray
from ray import tune
from ray.train.torch import TorchConfig, TorchTrainer, get_device
from torch import Tensor

from orchestrator.artifacts.fold_files import finish, fold_folder, read_state, write_outcome, write_state
from orchestrator.artifacts.progress import LOCAL_SECONDS, REMOTE_SECONDS, FoldProgress
from orchestrator.dataset.folded import Study, split
from orchestrator.experiment.settings import Experiment
from orchestrator.plan.allocation import TRIAL_CPU, Shares
from orchestrator.plan.legs import Leg, is_done
from orchestrator.storage.store import Store
from orchestrator.training.gauges import FoldGauges
from trainable.bank import Bank
from trainable.fold import train_fold
from trainable.stages import boundaries
from trainable.task import Checkpoint, FoldData, Task

log = logging.getLogger(__name__)
LOG_SECONDS = 20.0
"""How often a worker's log, which the dashboard shows, says how far its fold is."""
RESIDENT_SHARE = 0.5
"""Of a fold's GPU memory, what features may fill; else batches are gathered on the CPU."""


@dataclass(frozen=True)
class Arrays:
    """References to the features in Ray's object store: one copy a node, read by all its workers."""

    frames: "ray.ObjectRef[NDArray[Any]]"
    offsets: "ray.ObjectRef[NDArray[Any]]"


@dataclass(frozen=True)
class Job:
    """What all trials of a grid have in common."""

    experiment: Experiment
    study: Study
    out: Store
    arrays: Arrays
    shares: Shares
    levels: list[dict[str, tuple[Leg, ...]]]
    """Of each level its trials by name: legs, parents first."""
    stamp: str
    """Names this start of the grid, so that Ray never takes up the books of an earlier one."""

    def trial(self, name: str) -> tuple[Leg, ...]:
        """The legs of a trial."""
        return next(level[name] for level in self.levels if name in level)


class Trial(tune.Trainable):
    """Tune's unit: drives the Ray Train run of one trial, in one step, and reports its folds' mean lwlrap."""

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> tune.PlacementGroupFactory:
        """What the driver of a Ray Train run reserves."""
        return tune.PlacementGroupFactory([{"CPU": TRIAL_CPU}])

    def setup(self, config: dict[str, Any]) -> None:
        """Take `job` (a reference to the Job) and `trial` (its name) from the trial's configuration."""
        self.job: Job = ray.get(config["job"])
        self.name: str = config["trial"]

    def __repr__(self) -> str:
        return self.name

    def step(self) -> dict[str, Any]:
        """Train all legs of the trial."""
        job, name = self.job, self.name
        scaling = ray.train.ScalingConfig(
            num_workers=job.experiment.folds,
            use_gpu=job.shares.gpu > 0,
            resources_per_worker=job.shares.per_fold(),
        )
        trainer = TorchTrainer(
            train_worker,
            train_loop_config={"job": self.config["job"], "trial": name},
            torch_config=TorchConfig(backend="gloo"),
            scaling_config=scaling,
            run_config=ray.train.RunConfig(
                name=f"{job.stamp}-{name}",
                storage_path=f"{job.out.base}/ray",
                storage_filesystem=job.out.fs,
                failure_config=ray.train.FailureConfig(max_failures=job.experiment.resources.max_failures),
            ),
        )
        legs, trial = job.out / "legs", job.trial(name)
        try:
            trainer.fit()
        except ray.train.WorkerGroupError as error:  # Ray Train has tried again: Tune would do it all over
            note_failure(trial, legs, error)
        scores = {leg.label: _lwlrap(legs / leg.id) for leg in trial if is_done(legs / leg.id)}
        return {**scores, "done": True}


def _lwlrap(folder: Store) -> float:
    scores = [fold["lwlrap"] for fold in folder.read_json("result.json")["folds"]]
    return float(sum(scores) / len(scores))


def note_failure(trial: Sequence[Leg], legs: Store, error: Exception) -> None:
    """Leave the reason where reports look for it: at the first leg that is missing."""
    unfinished = next((leg for leg in trial if not is_done(legs / leg.id)), None)
    if unfinished:
        (legs / unfinished.id).write_json("failure.json", {"reason": _root_cause(error)})


def _root_cause(error: Exception) -> str:
    """The last line of an error that has travelled through Ray's processes."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def train_worker(config: dict[str, Any]) -> None:
    """Ray Train's function: this worker's fold of every leg of the trial.

    What the settings are to blame for would end alike if it were tried again: its leg is noted as failed,
    what grows from it is passed over, the rest goes on.
    """
    job: Job = ray.get(config["job"])
    fold = ray.train.get_context().get_world_rank()
    torch.set_num_threads(job.experiment.resources.threads_per_fold)
    log.setLevel(logging.INFO)
    data = _fold_data(job, fold)
    failed: set[str | None] = set()
    for leg in job.trial(config["trial"]):
        if leg.parent in failed:
            failed.add(leg.id)
            continue
        try:
            _train_leg(job, leg, fold, data)
        except ValueError as error:
            failed.add(leg.id)
            log.error("%s: %s", leg.label, error)
            (job.out / "legs" / leg.id).write_json("failure.json", {"reason": str(error)})
    ray.train.report({"fold": fold})


def _fold_data(job: Job, fold: int) -> FoldData:
    frames, offsets = ray.get([job.arrays.frames, job.arrays.offsets])
    device = get_device()
    resident = device.type != "cuda" or _fits(frames.nbytes, device, job.shares.gpu)
    bank = Bank(frames, offsets, job.experiment.batches.clip_frames, device, resident)
    rows = split(job.study.table.clips["part"], job.study.fold_of, fold)
    return FoldData(bank, job.study.targets, rows.pools, rows.validation, rows.test)


def _fits(size: int, device: torch.device, share: float) -> bool:
    """Keep to this fold's share of the GPU's memory; whether the features may have half of it."""
    torch.cuda.set_per_process_memory_fraction(min(share, 1.0), device)
    memory = torch.cuda.get_device_properties(device).total_memory
    return size < RESIDENT_SHARE * min(share, 1.0) * memory


def _train_leg(job: Job, leg: Leg, fold: int, data: FoldData) -> None:
    """Train one fold of one leg, unless it is done, and write what it leaves."""
    legs = job.out / "legs"
    folder = fold_folder(legs / leg.id, fold)
    if not folder.exists("fold.json"):
        parent = fold_folder(legs / leg.parent, fold) if leg.parent else None
        worker = FoldWorker(folder, parent, leg, fold)
        task = Task(
            job.experiment, job.experiment.activations[leg.cells[0].activation], leg.stages, leg.seed, fold
        )
        outcome = train_fold(task, data, worker)
        names = job.study.table.clips["fname"].tolist()
        rows = {
            "validation": data.validation,
            "test": data.test,
            "unverified": data.pools.unverified,
        }
        write_outcome(folder, outcome, leg.stages, names, rows)
        folder.write_json("fold.json", worker.summary(outcome.record.curves, data.bank.device))
    finish(legs / leg.id, job.experiment.folds)


class FoldWorker:
    """Trainable's `Worker` in a Ray Train worker: states and progress are files in the fold's folder."""

    def __init__(self, folder: Store, parent: Store | None, leg: Leg, fold: int) -> None:
        self.folder, self.parent = folder, parent
        self.ends = boundaries(leg.stages)
        self.last = self.ends[-1]
        self.began, self.resumed = time.monotonic(), 0
        self.rate: float | None = None
        seconds = LOCAL_SECONDS if folder.is_local else REMOTE_SECONDS
        self.progress = FoldProgress(folder, self.ends[leg.first], self.last, seconds)
        columns = "+".join(dict.fromkeys(cell.selection for cell in leg.cells))
        self.gauges = FoldGauges(leg.cells[0].activation, columns, fold)
        self.title, self._next_line = f"{leg.label} fold {fold}", 0.0

    def restore(self) -> Checkpoint | None:
        """This fold's own state, else its parent's last one."""
        self.began = time.monotonic()
        state = read_state(self.folder)
        if state is None and self.parent is not None:
            state = read_state(self.parent)
            if state is None:
                raise ValueError(f"{self.parent}/state.pt is damaged: delete its leg's folder and run again")
        self.resumed = state["iteration"] if state else 0
        return state

    def checkpoint(self, state: Checkpoint) -> None:
        """Keep `state` as a file."""
        write_state(self.folder, state)

    def tick(self, iteration: int, curves: Tensor) -> None:
        """Let people see how far the fold is."""
        written = self.progress.note(iteration, curves)
        if written:
            self.rate = written["rate"]
            self.gauges.show(written, bisect_left(self.ends, iteration) - 1)
            self._log(written)

    def _log(self, written: dict[str, Any]) -> None:
        if time.monotonic() >= self._next_line or written["iteration"] == self.last:
            self._next_line = time.monotonic() + LOG_SECONDS
            shown = {"it/s": written["rate"], "loss": written["loss"], "lwlrap": written["lwlrap"]}
            values = ", ".join(f"{value:.4g} {name}" for name, value in shown.items() if value is not None)
            log.info("%s: iteration %d of %d, %s", self.title, written["iteration"], self.last, values)

    def summary(self, curves: Tensor, device: torch.device) -> dict[str, Any]:
        """The content of `fold.json`."""
        return {
            "iterations": self.last,
            "own_iterations": self.last - self.resumed,
            "seconds": time.monotonic() - self.began,
            "rate": self.rate,
            "lwlrap": float(curves[-1, -1]),
            "fscore": float(curves[-1, -2]),
            "device": str(device),
            "node": ray.get_runtime_context().get_node_id(),
        }
