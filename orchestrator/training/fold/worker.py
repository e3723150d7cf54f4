"""A Ray Train worker: trains its fold of every leg of a trial, and leaves what it finds as files."""

import ctypes
import logging
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import ray
import ray.train
import torch
from ray.train.torch import get_device
from torch import Tensor

from orchestrator.files.integrity import StoredFile
from orchestrator.legs.artifacts import FoldProgress, FoldResult
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.plan import Leg
from orchestrator.legs.progress import ProgressWriter
from orchestrator.legs.tables import write_outcome
from orchestrator.training.driver.sweep_inputs import SweepInputs
from orchestrator.training.fold.gauges import FoldGauges
from orchestrator.training.fold.hang import SignsOfLife
from trainable.bank import Bank
from trainable.errors import UserError
from trainable.fold import train_fold
from trainable.record import Curve
from trainable.stages import Stage, boundaries
from trainable.task import Checkpoint, FoldData, Task

log = logging.getLogger(__name__)
LOG_SECONDS = 20.0
"""How often a worker's log, which the dashboard shows, says how far its fold is."""
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""glibc's names for what it does with freed memory, from malloc.h."""
RESIDENT_SHARE = 0.5
"""Of a fold's GPU memory, what features may fill; else batches are gathered on the CPU."""


def train_worker(config: dict[str, Any]) -> None:
    """Ray Train's function: this worker's fold of every leg of the trial.

    What the settings are to blame for would end alike if it were tried again: its leg is noted as failed,
    what grows from it is passed over, the rest goes on. Any other error is Ray Train's to try again.
    """
    inputs: SweepInputs = ray.get(config["inputs"])
    fold = ray.train.get_context().get_world_rank()
    keep_freed_memory()
    torch.set_num_threads(inputs.experiment.resources.threads_per_fold)
    log.setLevel(logging.INFO)
    data = _fold_data(inputs, fold)
    life = SignsOfLife()
    with life.watched(inputs.experiment.resources.hang_minutes):
        _train_legs(inputs, inputs.trial(config["trial"]), fold, data, life)
    ray.train.report({"fold": fold})


def keep_freed_memory() -> None:
    """Have glibc keep the memory that a step frees, for the next one; with another C library nothing happens.

    By default it goes back to the system and is given anew, page by page: a fifth of a step's CPU time at the
    demo's size (0.048 s in place of 0.038 s, 2,500 page faults in place of 50). It changes no result.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, 32 << 20)  # glibc allows no more
        mallopt(TRIM_THRESHOLD, 1 << 30)


def _train_legs(
    inputs: SweepInputs, trial: Sequence[Leg], fold: int, data: FoldData, life: SignsOfLife
) -> None:
    """Train this fold of what has not failed; what an earlier start of this run has given up stays so."""
    failed: set[str | None] = {leg.id for leg in trial if inputs.legs[leg].failure()}
    for leg in trial:
        if {leg.id, leg.parent} & failed:
            failed.add(leg.id)
            continue
        try:
            life.show()
            _train_leg(inputs, leg, fold, data, life)
        except UserError as error:
            failed.add(leg.id)
            log.error("%s: %s", leg.label, error)
            inputs.legs[leg].fail(str(error))


def _fold_data(inputs: SweepInputs, fold: int) -> FoldData:
    arrays, device = inputs.frames.arrays(), get_device()
    resident = True
    if device.type == "cuda":
        torch.cuda.set_device(device)  # torch's own draws are seeded on the current one
        memory = _keep_to_share(device, inputs.shares.gpu)
        resident = arrays.size < RESIDENT_SHARE * memory
    bank = Bank(arrays.blocks, arrays.offsets, inputs.experiment.batches.clip_frames, device, resident)
    rows = inputs.dataset.rows_of(fold)
    return FoldData(bank, inputs.dataset.targets, rows.training, rows.validation, rows.test)


def _keep_to_share(device: torch.device, gpus: float) -> float:
    """Let this process have no more of the GPU's memory than its fold reserved; how many bytes that is."""
    share = min(gpus, 1.0)
    torch.cuda.set_per_process_memory_fraction(share, device)
    return share * torch.cuda.get_device_properties(device).total_memory


def _train_leg(inputs: SweepInputs, leg: Leg, fold: int, data: FoldData, life: SignsOfLife) -> None:
    """Train one fold of one leg, unless it is done, and write what it leaves."""
    folder = inputs.legs[leg].fold(fold)
    if not folder.is_done:
        parent = inputs.legs[leg.parent].fold(fold) if leg.parent else None
        stages = leg.stages(inputs.experiment)
        worker = FoldWorker(folder, parent, leg, stages, fold, life)
        activation = inputs.experiment.activations[leg.cells[0].activation]
        outcome = train_fold(Task(inputs.experiment, activation, stages, leg.seed, fold), data, worker)
        names = inputs.dataset.table.clips["fname"].tolist()
        rows = {
            "validation": data.validation,
            "test": data.test,
            "unverified": data.training.unverified,
        }
        written = write_outcome(folder, outcome, stages, names, rows)
        folder.finish(worker.result(outcome.record.curves, data.bank.device, written))
    inputs.legs[leg].finish(inputs.experiment.folds)


class FoldWorker:
    """Trainable's `Worker` in a Ray Train worker: states and progress are files in the fold's folder."""

    def __init__(
        self,
        folder: FoldFolder,
        parent: FoldFolder | None,
        leg: Leg,
        stages: Sequence[Stage],
        fold: int,
        life: SignsOfLife,
    ) -> None:
        self.folder, self.parent, self.life = folder, parent, life
        self.ends = boundaries(stages)
        self.last = self.ends[-1]
        self.began, self.resumed = time.monotonic(), 0
        self.rate: float | None = None
        self.progress = ProgressWriter(folder, self.ends[leg.first], self.last)
        columns = "+".join(dict.fromkeys(cell.selection for cell in leg.cells))
        self.gauges = FoldGauges(leg.cells[0].activation, columns, fold)
        self.title, self._next_line = f"{leg.label} fold {fold}", 0.0

    def states(self) -> Iterator[Checkpoint]:
        """This fold's own states, then its parent's last one; the log names what is passed over."""
        self.began = time.monotonic()
        for state in self._whole_states():
            self.resumed = state["iteration"]
            yield state
        self.resumed = 0

    def _whole_states(self) -> Iterator[Checkpoint]:
        yield from self.folder.states()
        if self.parent is not None:
            try:
                yield self.parent.last_state()
            except (OSError, ValueError) as error:
                log.warning("%s begins at the first stage: %s", self.title, error)

    def checkpoint(self, state: Checkpoint) -> None:
        """Keep `state` as a file."""
        self.folder.write_state(state)

    def tick(self, iteration: int, curves: Tensor) -> None:
        """Let people see how far the fold is."""
        self.life.show()
        written = None
        with suppress(OSError):  # nothing depends on it: not worth a fold where a disk has no room
            written = self.progress.note(iteration, curves)
        if written:
            self.rate = written.rate
            self.gauges.show(written, bisect_left(self.ends, iteration) - 1)
            self._log(written)

    def scored(self, done: int, total: int) -> None:
        """Let people see that clips are scored: a training that does this for minutes does not hang."""
        self.life.show()
        with suppress(OSError):
            self.progress.note_scores(done, total)

    def _log(self, written: FoldProgress) -> None:
        if time.monotonic() >= self._next_line or written.iteration == self.last:
            self._next_line = time.monotonic() + LOG_SECONDS
            shown = {"it/s": written.rate, "loss": written.loss, "lwlrap": written.lwlrap}
            values = ", ".join(f"{value:.4g} {name}" for name, value in shown.items() if value is not None)
            log.info("%s: iteration %d of %d, %s", self.title, written.iteration, self.last, values)

    def result(self, curves: Tensor, device: torch.device, files: dict[str, StoredFile]) -> FoldResult:
        """How the fold ended."""
        return FoldResult(
            iterations=self.last,
            own_iterations=self.last - self.resumed,
            seconds=time.monotonic() - self.began,
            rate=self.rate,
            lwlrap=float(curves[-1, Curve.LWLRAP]),
            fscore=float(curves[-1, Curve.FSCORE]),
            device=str(device),
            node=ray.get_runtime_context().get_node_id(),
            files=files,
        )
