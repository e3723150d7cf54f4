"""The part of a run that needs Ray and torch: features into memory or files, then legs, level by level."""

import time
from collections.abc import Callable

from orchestrator.data.folded import FoldedDataset
from orchestrator.features.feature_set import FeatureSet, sets_of
from orchestrator.features.frame_file import FrameFile
from orchestrator.files.integrity import DamagedFile, set_aside_suffix
from orchestrator.legs import artifacts
from orchestrator.legs.allocation import TRIAL_CPU, Shares
from orchestrator.legs.artifacts import Timing
from orchestrator.legs.plan import Leg, Plan
from orchestrator.legs.run import Run
from orchestrator.training.driver.connect import dashboard
from orchestrator.training.driver.crowd import shortage
from orchestrator.training.driver.live_updates import live_updates
from orchestrator.training.driver.run_cluster import RunCluster
from orchestrator.training.driver.sweep import train_levels
from orchestrator.training.driver.sweep_inputs import sweep_inputs
from orchestrator.training.driver.trial_states import TrialStates
from orchestrator.training.driver.waits import Waits
from orchestrator.training.driver.watchers import Watchers
from orchestrator.training.fold.frames import StoredFrames, place_frames
from orchestrator.watch.terminal import Display


def load_features(
    features: FeatureSet, cluster: RunCluster, compute: Callable[[], FeatureSet]
) -> StoredFrames | FrameFile:
    """The features where the folds read them; a damaged set is named, set aside and computed again."""
    folder, display = cluster.folder_of(features), cluster.display
    try:
        with display.busy("loading the features"):
            return place_frames(features, folder)
    except DamagedFile as error:
        display.damaged(error.damage)
        sets_of(cluster.out).rename(features.id, f"{features.id}{set_aside_suffix()}")
    return place_frames(compute(), folder)


def train_legs(
    run: Run,
    dataset: FoldedDataset,
    frames: StoredFrames | FrameFile,
    shares: Shares,
    plan: Plan,
    todo: list[Leg],
    display: Display,
    watchers: Watchers,
) -> Timing | None:
    """Train the legs that are not done; how long it took, if they were all."""
    inputs = sweep_inputs(run, dataset, frames, shares, plan, {leg.id for leg in todo})
    folds = inputs.experiment.folds
    display.shares(shares, folds)
    for leg in todo:
        inputs.legs[leg].begin(leg, plan.identities[leg.id])
    inputs.out.delete(artifacts.RAY)  # what earlier starts left there: nothing is read from it
    began = time.monotonic()
    states, needed = TrialStates(), shares.of_run(folds)
    waits = Waits(inputs, states, lambda: shortage(needed))
    with live_updates(run, waits, dashboard()), display.training(run):
        train_levels(inputs, watchers, states)
    if len(todo) < len(plan.legs):
        return run.manifest.timing
    seconds, runs = time.monotonic() - began, sum(map(len, inputs.levels))
    share = shares.gpu or min(1.0, shares.cpu + TRIAL_CPU)
    return Timing(seconds=seconds, runs=runs, runs_at_once=shares.trials, share=share)
