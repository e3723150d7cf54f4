"""One Tune trial: a Ray Train run with a worker per fold, which trains one leg after another.

The folds share no gradients and no clock: each keeps its own state in its own folder, so a run that loses a
worker, its controller, its trial or its driver goes on from there, and finished folds are passed over.
"""

import os
from collections.abc import Sequence
from typing import Any

import ray
import ray.train
from ray import tune

from orchestrator.legs.allocation import TRIAL_CPU
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg
from orchestrator.training import ray_private
from orchestrator.training.driver.sweep_inputs import SweepInputs
from orchestrator.training.driver.trial_progress import Background, TrialProgress

KILLED = "was killed each time that it was tried: as a rule because the machine's memory ran out"


class TrialDriver(tune.Trainable):
    """Tune's unit: drives the Ray Train run of one trial, and tells of its folds at each evaluation."""

    @classmethod
    def default_resource_request(cls, config: dict[str, Any]) -> tune.PlacementGroupFactory:
        """What the driver of a Ray Train run reserves."""
        return tune.PlacementGroupFactory([{"CPU": TRIAL_CPU}])

    def setup(self, config: dict[str, Any]) -> None:
        """Take `inputs` (a reference to the SweepInputs) and `trial` (its name) from the configuration."""
        self.inputs: SweepInputs = ray.get(config["inputs"])
        self.name: str = config["trial"]
        self.trial, experiment = self.inputs.trial(self.name), self.inputs.experiment
        every = experiment.schedule.evaluate_every
        self.progress = TrialProgress(self.trial, self.inputs.legs, experiment.folds, every)
        self.work: Background | None = None

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Go on with another trial: Tune asks for it where it would start a process anew."""
        self.setup(new_config)
        return True

    def __repr__(self) -> str:
        """The dashboard shows it; Ray asks once, so it stays the name of the process's first trial."""
        return self.name

    def step(self) -> dict[str, Any]:
        """Go on until the folds have been evaluated anew; Tune hears of it, and of the results."""
        if self.work is None:
            os.environ[ray_private.HANG] = str(60 * self.inputs.experiment.resources.hang_minutes)
            os.environ.setdefault(ray_private.STATE_TRACKING, str(int(self.inputs.tracked)))
            self.work = Background(self._train)
        if told := self.progress.next_evaluation(self.work):
            return told
        results = {leg.label: self.inputs.legs[leg].result_or_none() for leg in self.trial}
        lwlraps = {label: result.lwlrap for label, result in results.items() if result}
        return {**self.progress.last(), **lwlraps, "done": True}

    def _train(self) -> None:
        """Train all legs of the trial; one that keeps failing is given up, the others go on without it."""
        legs, trial = self.inputs.legs, self.trial
        for attempt in range(len(trial)):
            try:
                with ray_private.stale_groups_dropped():
                    self._trainer(attempt).fit()
                break
            except ray.train.WorkerGroupError as error:  # Ray Train has tried again, Tune need not
                note_failure(_blamed(trial, legs, error), legs, _reason(error), str(error))
                if not to_train(trial, legs):
                    break

    def _trainer(self, attempt: int) -> ray_private.DataParallelTrainer:
        """Without a process group of torch: the folds have nothing to tell each other."""
        inputs = self.inputs
        return ray_private.DataParallelTrainer(
            train_fold,
            train_loop_config={"inputs": self.config["inputs"], "trial": self.name},
            scaling_config=ray.train.ScalingConfig(
                num_workers=inputs.experiment.folds,
                use_gpu=inputs.shares.gpu > 0,
                resources_per_worker=inputs.shares.per_fold(),
            ),
            run_config=ray.train.RunConfig(
                name=f"{inputs.stamp}-{self.name}-{attempt}",
                storage_path=f"{inputs.out.base}/ray",
                storage_filesystem=inputs.out.fs,
                failure_config=ray.train.FailureConfig(max_failures=inputs.experiment.resources.max_failures),
                callbacks=[ray_private.NameWorkers(_title(self.trial))],  # type: ignore[list-item]
            ),
        )


def train_fold(config: dict[str, Any]) -> None:
    """What Ray Train calls in each worker; torch is imported there and nowhere else."""
    from orchestrator.training.fold.worker import train_worker

    train_worker(config)


def _title(trial: Sequence[Leg]) -> str:
    """Rows, columns and seeds of a trial, which name its workers."""
    cells = [cell for leg in trial for cell in leg.cells]
    rows = dict.fromkeys(cell.activation for cell in cells)
    columns = dict.fromkeys(cell.selection for cell in cells)
    seeds = dict.fromkeys(str(cell.seed) for cell in cells)
    return f"{'+'.join(rows)} {'+'.join(columns)} seed {'+'.join(seeds)}"


def to_train(trial: Sequence[Leg], legs: LegFolders) -> list[Leg]:
    """What of a trial is neither done nor given up, and grows from nothing that is given up."""
    lost = {leg.id for leg in trial if legs[leg].failure()}
    for leg in trial:  # parents first
        if leg.parent in lost:
            lost.add(leg.id)
    return [leg for leg in trial if leg.id not in lost and not legs[leg].is_done]


def _blamed(trial: Sequence[Leg], legs: LegFolders, error: ray.train.WorkerGroupError) -> list[Leg]:
    """The legs in which the folds were that failed: each fold trains one after the other."""
    left = to_train(trial, legs)
    return [leg for leg in left if any(not legs[leg].fold(rank).is_done for rank in error.worker_failures)]


def note_failure(trial: Sequence[Leg], legs: LegFolders, reason: str, traceback: str) -> None:
    """Leave the reason where reports look for it, and the traceback beside it: at the first missing leg."""
    unfinished = next((leg for leg in trial if not legs[leg].is_done), None)
    if unfinished:
        legs[unfinished].fail(reason, traceback)


def _reason(error: ray.train.WorkerGroupError) -> str:
    """In one line."""
    for rank, failure in error.worker_failures.items():
        if ray_private.was_killed(failure):
            return f"the process of fold {rank} {KILLED}"
    return root_cause(error)


def root_cause(error: Exception) -> str:
    """The last line of an error that has travelled through Ray's processes."""
    if ray_private.LOW_ON_MEMORY in str(error):
        return f"the process of the trial {KILLED}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
