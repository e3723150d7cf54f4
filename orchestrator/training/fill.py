"""Fill the grid: features, then the legs of the plan level by level."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from orchestrator.data.folded import BadClips, FoldedDataset
from orchestrator.data.synth.synthesize import DamagedData, synthesize
from orchestrator.features.feature_set import (
    FeatureSet,
    features_id,
    open_features,
    sets_of,
)
from orchestrator.features.recordings import Recordings
from orchestrator.files.integrity import Damage, set_aside_suffix
from orchestrator.files.processes import only_driver
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import Timing
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.manifest import Origin, write_manifest
from orchestrator.legs.plan import Plan, make_plan
from orchestrator.legs.progress import write_note
from orchestrator.legs.run import Run
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.memory import check_fits
from orchestrator.settings.tree import Experiment
from orchestrator.training.driver.run_cluster import RunCluster
from orchestrator.training.driver.watchers import Watchers
from orchestrator.training.readable_data import left_out, note_bad_clips, open_readable
from orchestrator.watch.live_page import write_first_page
from orchestrator.watch.terminal import Display
from trainable.config import Audio
from trainable.errors import UserError

STAGE = "looking at the data and computing features"
"""Before legs train."""


@dataclass(frozen=True)
class Order:
    """What the user asked for."""

    config: Path
    data: Path | None
    out: str
    assignments: tuple[str, ...] = ()
    watchers: Watchers = field(default_factory=Watchers)


def fill_grid(order: Order, display: Display) -> Run:
    """Do what is left of the grid; failed legs leave the reason and do not stop the others.

    Raises:
        UserError: the configuration, the data set or the cluster does not allow it.
    """
    began = time.monotonic()
    experiment = load_experiment(order.config, order.assignments)
    check_fits(experiment)
    order.watchers.check()
    out = Store.open(order.out)
    with only_driver(out):
        out.remove_leftovers()
        display.places(out)
        _announce(out, experiment)
        folder = _data_folder(order, experiment, out, display)
        dataset = open_readable(folder, experiment, out)
        display.dataset(dataset)
        cluster = RunCluster(experiment, out, display)
        dataset, features = _features(dataset, cluster)
        data_id = dataset.data_id(features.content_hash)
        plan, legs = make_plan(experiment, data_id), LegFolders.of(out)
        _set_damage_aside(plan, legs, experiment.folds, display)
        todo = [leg for leg in plan.legs if not legs[leg].is_done]
        shares = cluster.shares() if todo else None  # refuses before anything is written
        origin = Origin(order.config, order.assignments, folder)
        hashes = (features.content_hash, data_id)
        run = Run(out, write_manifest(out, experiment, dataset, plan, hashes, origin))
        display.plan(plan, legs.work_left(plan), legs.stale(plan))
        timing = run.manifest.timing
        if shares:
            from orchestrator.training.driver.train_legs import load_features, train_legs  # Ray, torch

            frames = load_features(features, cluster, lambda: _features(dataset, cluster)[1])
            timing = train_legs(run, dataset, frames, shares, plan, todo, display, order.watchers)
        else:
            display.say("nothing to train: every cell is done")
        cluster.leave()
        return _ended(run, timing, time.monotonic() - began)


def _announce(out: Store, experiment: Experiment) -> None:
    """Whoever watches sees that something has begun; what an earlier start has shown stays."""
    write_note(out, STAGE)
    if not out.exists(artifacts.RUN):
        write_first_page(out, experiment.name, STAGE)


def _data_folder(order: Order, experiment: Experiment, out: Store, display: Display) -> Path:
    """The folder given, or the configuration's embedded data, made beside the results."""
    if order.data is not None:
        return order.data
    if experiment.synth is None:
        raise UserError(f"{order.config} has no embedded data: name the data set's folder with --data")
    if not out.is_local:
        raise UserError("make the embedded data with `stagegrid synth DIR`, and name it with --data DIR")
    folder = Path(out.base) / artifacts.DATA
    with display.busy("making the embedded data"):
        try:
            synthesize(folder, experiment.synth)
        except DamagedData:
            display.damaged(Damage(out, artifacts.DATA, "not what was written"))
            out.rename(artifacts.DATA, f"{artifacts.DATA}{set_aside_suffix()}")
            synthesize(folder, experiment.synth)
    return folder


def _features(dataset: FoldedDataset, cluster: RunCluster) -> tuple[FoldedDataset, FeatureSet]:
    """The features of the data set, and the data set without the clips that could not be decoded."""
    audio, out, display = cluster.experiment.audio, cluster.out, cluster.display
    clips = len(dataset.table.clips)
    with display.busy("looking at the recordings"):
        set_id = _features_id(dataset, audio, out)
    features = open_features(out, set_id)
    if features:
        display.say(f"features: {clips} clips are computed already")
        return dataset, features
    from orchestrator.features import pipeline  # it needs Ray and torch

    cluster.shares()
    try:
        with display.features(clips) as progress:
            return dataset, pipeline.compute_features(dataset.table, audio, out, progress, set_id)
    except BadClips as error:
        experiment = cluster.experiment
        if experiment.data.bad_clips == "stop":
            raise
        note_bad_clips(out, dataset, experiment, error.reasons)
        readable = left_out(dataset, experiment, error.reasons)
        display.dataset(readable)
        return _features(readable, cluster)


def _features_id(dataset: FoldedDataset, audio: Audio, out: Store) -> str:
    """The features' identity; checksums of recordings are kept, so that each is read once."""
    recordings = Recordings.read(sets_of(out))
    set_id = features_id(dataset.table, audio, recordings)
    if recordings.changed:
        recordings.write(sets_of(out))
    return set_id


def _set_damage_aside(plan: Plan, legs: LegFolders, folds: int, display: Display) -> None:
    """Name what is damaged of the finished results and move it away: just that is trained again."""
    with display.busy("checking what is there"):
        damages = legs.damages(plan.legs)
    for leg, found in damages.items():
        for damage in found:
            display.damaged(damage)
        legs[leg].set_aside(found, folds)


def _ended(run: Run, timing: Timing | None, seconds: float) -> Run:
    """Note in the manifest how long it took."""
    manifest = run.manifest.model_copy(update={"timing": timing, "seconds": seconds})
    run.store.write_model(artifacts.RUN, manifest.sealed())
    return replace(run, manifest=manifest)
