"""Fill the grid: features, then the legs of the plan level by level."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import ray
from ray import tune

from orchestrator.artifacts import manifest as manifests
from orchestrator.artifacts.run import Run, Timing
from orchestrator.cluster.connect import check_storage, connect, dashboard, hosts, largest, nodes
from orchestrator.dataset.folded import Study, open_study
from orchestrator.experiment.settings import Experiment, load_experiment
from orchestrator.features.feature_set import FeatureSet, features_id, load_bank_arrays, open_features
from orchestrator.features.pipeline import compute_features
from orchestrator.monitoring.terminal import Display
from orchestrator.plan.allocation import TRIAL_CPU, Shares, make_shares
from orchestrator.plan.legs import Leg, Plan, is_done, make_plan, stale, status
from orchestrator.storage.lock import only_driver
from orchestrator.storage.store import Store
from orchestrator.synth.synthesize import synthesize
from orchestrator.training.fold_worker import Arrays, Job, Trial, note_failure
from orchestrator.training.interrupt import Interrupt
from orchestrator.training.live_updates import watched


@dataclass(frozen=True)
class Order:
    """What the user asked for."""

    config: Path
    data: Path | None
    out: str
    assignments: tuple[str, ...] = ()


def fill_grid(order: Order, display: Display) -> Run:
    """Do what is left of the grid; failed legs leave `failure.json` and do not stop the others.

    Raises:
        ValueError: the configuration, the data set or the cluster does not allow it.
    """
    began = time.monotonic()
    experiment = load_experiment(order.config, order.assignments)
    out = Store.open(order.out)
    with only_driver(out):
        folder = _data_folder(order, experiment, out, display)
        study = open_study(experiment, folder)
        display.dataset(study)
        features = _features(study, experiment, out, display)
        data_id = study.data_id(features.content_hash)
        plan = make_plan(experiment, data_id)
        todo = [leg for leg in plan.legs if not is_done(out / "legs" / leg.id)]
        shares = _connect(experiment, out, display) if todo else None  # refuses before anything is written
        origin = (str(order.config), list(order.assignments), folder)
        hashes = (features.content_hash, data_id)
        run = Run(out, manifests.write_manifest(out, experiment, study, plan, hashes, origin))
        _show_plan(plan, out, display)
        if shares:
            job = _job(run, study, features, shares, plan)
            run.manifest.timing = _train(job, run, plan, todo, display)
        else:
            display.say("nothing to train: every cell is done")
        run.manifest.seconds = time.monotonic() - began
        manifests.save(out, run.manifest)
    return run


def _show_plan(plan: Plan, out: Store, display: Display) -> None:
    legs = out / "legs"
    display.plan(plan, [status(leg, legs / leg.id) for leg in plan.legs], stale(plan, legs))


def _data_folder(order: Order, experiment: Experiment, out: Store, display: Display) -> Path:
    """The folder given, or the configuration's embedded data, made beside the results."""
    if order.data is not None:
        return order.data
    if experiment.synth is None:
        raise ValueError(f"{order.config} has no embedded data: name the data set's folder with --data")
    if not out.is_local:
        raise ValueError("make the embedded data with `stagegrid synth DIR`, and name it with --data DIR")
    folder = Path(out.base) / "data"
    with display.busy("making the embedded data"):
        synthesize(folder, experiment.synth)
    return folder


def _features(study: Study, experiment: Experiment, out: Store, display: Display) -> FeatureSet:
    found = open_features(out, features_id(study.table, experiment.audio))
    if found:
        display.say(f"features: {len(study.table.clips)} clips are computed already")
        return found
    _connect(experiment, out, display)
    with display.features(len(study.table.clips)) as progress:
        return compute_features(study.table, experiment.audio, out, progress)


def _connect(experiment: Experiment, out: Store, display: Display) -> Shares:
    """Join or start Ray, and divide it: at once, so that a cluster too small is refused in seconds."""
    joined = ray.is_initialized()
    if not joined:
        with display.busy("starting Ray"):
            where = connect({"job_name": f"stagegrid {experiment.name}", "out": str(out)})
        display.say(f"{where}, dashboard {dashboard() or 'off'}")
    resources = experiment.resources
    grown = largest(resources)
    if grown and not joined:
        display.say(f"the cluster grows on demand: divided as its {len(grown)} machines at the most")
    check_storage(out, max(len(hosts()), len(grown)), resources.shared_path)
    return make_shares(grown or nodes(), experiment.folds, resources)


def _job(run: Run, study: Study, features: FeatureSet, shares: Shares, plan: Plan) -> Job:
    """Everything that trials need, the features in Ray's object store."""
    _, _, frames, offsets = load_bank_arrays(features)
    return Job(
        experiment=run.experiment,
        study=study,
        out=run.store,
        arrays=Arrays(ray.put(frames), ray.put(offsets)),
        shares=shares,
        levels=_trials(plan, run.experiment.resources.legs_per_run),
        stamp=datetime.now(UTC).strftime("%Y%m%d-%H%M%S"),
    )


def _train(job: Job, run: Run, plan: Plan, todo: list[Leg], display: Display) -> Timing | None:
    """Train the legs that are not done; how long it took, if they were all."""
    display.shares(job.shares, job.experiment.folds)
    for leg in todo:
        folder = job.out / "legs" / leg.id
        folder.delete("failure.json")
        folder.write_json("leg.json", {"label": leg.label, "identity": leg.identity})
    job.out.delete("ray")  # the books of earlier starts: nothing is read from them
    began = time.monotonic()
    interrupt = Interrupt()
    with display.training(run), watched(run), interrupt.caught():
        for number, level in enumerate(job.levels):
            _train_level(job, number, level, interrupt)
    if len(todo) < len(plan.legs):
        return run.manifest.timing
    seconds, runs = time.monotonic() - began, sum(map(len, job.levels))
    share = job.shares.gpu or min(1.0, job.shares.cpu + TRIAL_CPU)
    return Timing(seconds=seconds, runs=runs, runs_at_once=job.shares.trials, share=share)


def _trials(plan: Plan, legs_per_run: str) -> list[dict[str, tuple[Leg, ...]]]:
    """Per level the legs of each trial."""
    if legs_per_run == "subtree":
        return [{_trial_name(tree): tuple(tree) for tree in plan.subtrees}]
    return [{_trial_name([leg]): (leg,) for leg in level} for level in plan.levels]


def _trial_name(legs: Sequence[Leg]) -> str:
    """Readable in the dashboard, and unique."""
    return f"{legs[0].label}-{legs[0].id[:6]}"


def _train_level(job: Job, number: int, level: dict[str, tuple[Leg, ...]], interrupt: Interrupt) -> None:
    """One Tuner for the trials of a level that can and need to be trained."""
    legs = job.out / "legs"
    ready = [name for name, trial in level.items() if _needed(trial, legs)]
    if not ready:
        return
    tuner = tune.Tuner(
        Trial,
        param_space={"trial": tune.grid_search(ready), "job": ray.put(job)},
        tune_config=tune.TuneConfig(
            max_concurrent_trials=job.shares.trials,
            trial_name_creator=lambda trial: str(trial.config["trial"]),
            trial_dirname_creator=lambda trial: str(trial.config["trial"]),
        ),
        run_config=tune.RunConfig(
            name=f"{job.stamp}-level{number}",
            storage_path=f"{job.out.base}/ray",
            storage_filesystem=job.out.fs,
            verbose=0,
            callbacks=[interrupt],
            failure_config=tune.FailureConfig(max_failures=job.experiment.resources.max_failures),
            checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),  # the folds keep their own
        ),
    )
    results = tuner.fit()
    for result in [results[i] for i in range(len(results))]:
        if result.error is not None:
            assert result.config is not None
            note_failure(level[result.config["trial"]], legs, result.error)


def _needed(trial: Sequence[Leg], legs: Store) -> bool:
    """Something is left to train, and what it grows from is there."""
    parent = trial[0].parent
    return not all(is_done(legs / leg.id) for leg in trial) and (parent is None or is_done(legs / parent))
