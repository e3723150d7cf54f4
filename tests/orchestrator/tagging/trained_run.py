"""A run that is really trained, on embedded data and without Ray, in seconds."""

from pathlib import Path

import numpy as np

from orchestrator.data.folded import FoldedDataset, open_dataset
from orchestrator.data.sound_files import read_audio
from orchestrator.data.synth.synthesize import synthesize
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.artifacts import FoldResult
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.manifest import Origin, write_manifest
from orchestrator.legs.plan import Leg, make_plan
from orchestrator.legs.run import Run
from orchestrator.legs.tables import write_outcome
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.tree import Experiment
from tests.places import SMOKE
from tests.trainable.tiny import MemoryWorker
from trainable.bank import Bank
from trainable.fold import train_fold
from trainable.logmel import LogMel
from trainable.task import FoldData, Task

SETTINGS = (
    "activations={sigmoid: {}, sigmoid_sparsemax: {}}",
    "selections={verified_only: {}, top_k: {k: 2}}",
    "ensembles={both: [sigmoid/top_k, sigmoid_sparsemax/top_k]}",
    "optimizer.learning_rate=0.02",  # so that clips differ in their scores after a few iterations
    "report.resamples=200",
)


def make_trained_run(out: Path, *assignments: str) -> Run:
    """Train every cell of a small grid into the folder `out`."""
    experiment = load_experiment(SMOKE, (*SETTINGS, *assignments))
    assert experiment.synth
    data = out / artifacts.DATA
    synthesize(data, experiment.synth)
    dataset = open_dataset(data, experiment.data, experiment.folds, experiment.fold_seed)
    store, data_id = Store.open(out), dataset.data_id("0" * 16)
    plan, bank = make_plan(experiment, data_id), _bank(dataset, experiment)
    origin = Origin(SMOKE, assignments, data)
    run = Run(store, write_manifest(store, experiment, dataset, plan, ("0" * 16, data_id), origin))
    for leg in plan.legs:
        folder = LegFolders.of(store)[leg]
        folder.begin(leg, plan.identities[leg.id])
        for fold in range(experiment.folds):
            _train(folder.fold(fold), experiment, dataset, bank, leg, fold)
        assert folder.finish(experiment.folds)
    return run


def _bank(dataset: FoldedDataset, experiment: Experiment) -> Bank:
    logmel, rate = LogMel(experiment.audio), experiment.audio.sample_rate
    frames = [logmel(read_audio(p, rate)).astype(np.float16) for p in dataset.table.clips["path"]]
    offsets = np.cumsum([0, *map(len, frames)])
    return Bank([np.concatenate(frames)], offsets, experiment.batches.clip_frames)


def _train(
    folder: FoldFolder, experiment: Experiment, dataset: FoldedDataset, bank: Bank, leg: Leg, fold: int
) -> None:
    rows = dataset.rows_of(fold)
    data = FoldData(bank, dataset.targets, rows.training, rows.validation, rows.test)
    activation = experiment.activations[leg.cells[0].activation]
    stages = leg.stages(experiment)
    outcome = train_fold(Task(experiment, activation, stages, leg.seed, fold), data, MemoryWorker())
    places = {"validation": rows.validation, "test": rows.test, "unverified": rows.training.unverified}
    names = dataset.table.clips["fname"].tolist()
    written = write_outcome(folder, outcome, stages, names, places)
    result = FoldResult(
        iterations=leg.last_iteration, own_iterations=leg.iterations, seconds=1.0, rate=None, lwlrap=0.5,
        fscore=0.5, device="cpu", node="", files=written,
    )  # fmt: skip
    folder.finish(result)


def clips_of(run: Run, part: str) -> list[str]:
    """Paths of a part's clips, in the order of the run's clips."""
    folder = {"test": "FSDKaggle2019.audio_test", "verified": "FSDKaggle2019.audio_train_curated"}[part]
    names = run.clips["fname"][run.clips["part"] == part]
    return [f"{run.store.base}/{artifacts.DATA}/{folder}/{name}" for name in names]
