"""The sweep: one Ray Tune run for each level of the tree of legs."""

import logging
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import ray
from ray import tune

from orchestrator.files import signals
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.plan import Leg
from orchestrator.training.driver.sweep_inputs import SweepInputs
from orchestrator.training.driver.trial import TrialDriver, note_failure, root_cause
from orchestrator.training.driver.trial_progress import METRICS

TABLE_SECONDS = 15


def train_levels(inputs: SweepInputs, verbose: bool = False, wandb: str | None = None) -> None:
    """Train what is left, level by level; failed legs leave the reason and do not stop the others.

    `verbose`: Tune prints its own table. `wandb`: a project of Weights & Biases hears of every evaluation.
    """
    shared = ray.put(inputs)
    # What Tune has to say is said in fewer words by storage, and by the end of the run from failure.json
    logging.getLogger("ray.tune").setLevel(logging.CRITICAL)
    for number in range(len(inputs.levels)):
        with signals.deferred():
            callbacks = [Interrupt(), *_curves_to(wandb, inputs)]
            _train_level(inputs, shared, number, {"callbacks": callbacks, **_table(verbose)})


def _train_level(
    inputs: SweepInputs, shared: "ray.ObjectRef[SweepInputs]", number: int, telling: dict[str, Any]
) -> None:
    """One Tuner for the trials of a level that can and need to be trained; `telling`: its settings of who
    hears of them."""
    level = inputs.levels[number]
    ready = [name for name, trial in level.items() if _needed(trial, inputs.legs)]
    if not ready:
        return
    tuner = tune.Tuner(
        TrialDriver,
        param_space={"trial": tune.grid_search(ready), "inputs": shared},
        tune_config=tune.TuneConfig(
            max_concurrent_trials=inputs.shares.trials,
            reuse_actors=True,  # seconds of imports for each trial
            trial_name_creator=lambda trial: str(trial.config["trial"]),
            trial_dirname_creator=lambda trial: str(trial.config["trial"]),
        ),
        run_config=tune.RunConfig(
            name=f"{inputs.stamp}-level{number}",
            storage_path=f"{inputs.out.base}/ray",
            storage_filesystem=inputs.out.fs,
            **telling,
            failure_config=tune.FailureConfig(max_failures=inputs.experiment.resources.max_failures),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # the folds keep their own
        ),
    )
    results = tuner.fit()
    for result in [results[i] for i in range(len(results))]:
        if result.error is not None:
            trial = level[PurePosixPath(result.path).name]  # one that died at once has no config
            note_failure(trial, inputs.legs, root_cause(result.error), str(result.error))


def _needed(trial: Sequence[Leg], legs: LegFolders) -> bool:
    """Something is left to train, and what it grows from is there."""
    parent = trial[0].parent
    return not all(legs[leg].is_done for leg in trial) and (parent is None or legs[parent].is_done)


class Interrupt(tune.Callback):
    """Leaves Tune's loop between two of its steps when SIGINT or SIGTERM has arrived.

    Tune's own way ends one level, and the next would begin. An exception wherever the program happens to be
    is lost where that is a callback of Ray's compiled code.
    """

    def on_step_begin(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Tune's hook, several times a second."""
        if signals.asked():
            raise KeyboardInterrupt


def _curves_to(wandb: str | None, inputs: SweepInputs) -> list[tune.Callback]:
    """Tune's callback that tells Weights & Biases."""
    if wandb is None:
        return []
    from ray.air.integrations.wandb import WandbLoggerCallback

    return [WandbLoggerCallback(project=wandb, group=inputs.experiment.name, excludes=["inputs"])]


def _table(verbose: bool) -> dict[str, Any]:
    """Settings of Tune for its own table."""
    if not verbose:
        return {"verbose": 0}
    columns = ["leg", "iteration", *METRICS.values()]
    reporter = tune.CLIReporter(metric_columns=columns, max_report_frequency=TABLE_SECONDS)
    return {"verbose": 1, "progress_reporter": reporter}
