"""Fill the grid, step by step: features, then the legs of the plan, level by level.

Modules that need Ray are imported where a step first needs them: a grid with nothing left to do does without.
"""

import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from orchestrator.data.folded import BadClips, FoldedDataset
from orchestrator.data.synth.synthesize import DamagedData, synthesize
from orchestrator.features.feature_set import FeatureSet, features_id, open_features, sets_of
from orchestrator.features.recordings import Recordings
from orchestrator.files.integrity import Damage, DamagedFile, set_aside_suffix
from orchestrator.files.processes import only_driver
from orchestrator.files.store import Store
from orchestrator.legs import artifacts
from orchestrator.legs.allocation import TRIAL_CPU
from orchestrator.legs.artifacts import Timing
from orchestrator.legs.folders import LegFolders
from orchestrator.legs.manifest import Origin, write_manifest
from orchestrator.legs.plan import Leg, Plan, make_plan
from orchestrator.legs.progress import write_note
from orchestrator.legs.reporter import Reporter
from orchestrator.legs.run import Run
from orchestrator.settings.loading import load_experiment
from orchestrator.training.driver.memory import check_fits
from orchestrator.training.driver.run_cluster import RunCluster, join_cluster
from orchestrator.training.readable_data import left_out, note_bad_clips, open_readable
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
    verbose: bool = False
    """Tune prints its own table."""
    wandb: str | None = None
    """Project of Weights & Biases that hears of every evaluation."""


def fill_grid(order: Order, reporter: Reporter) -> Run:
    """Do what is left of the grid; failed legs leave the reason and do not stop the others.

    Raises:
        UserError: the configuration, the data set or the cluster does not allow it.
    """
    grid = GridFill(order, reporter)
    with only_driver(grid.out):
        grid.announce()
        grid.find_data()
        grid.open_dataset()
        grid.compute_features()
        grid.make_plan()
        grid.set_damage_aside()
        grid.divide_cluster()
        grid.write_manifest()
        grid.train()
        grid.leave_cluster()
        grid.note_end()
    return grid.run


class GridFill:
    """A grid on its way to being full: what each step leaves to the next ones."""

    folder: Path
    """The data set's."""
    dataset: FoldedDataset
    features: FeatureSet
    plan: Plan
    todo: list[Leg]
    """The legs that are not done."""
    run: Run

    def __init__(self, order: Order, reporter: Reporter) -> None:
        self.began = time.monotonic()
        self.order, self.reporter = order, reporter
        self.experiment = load_experiment(order.config, order.assignments)
        check_fits(self.experiment)
        if order.wandb is not None and find_spec("wandb") is None:
            raise UserError("--wandb: it is not installed: pip install 'stagegrid[wandb]'")
        self.out = Store.open(order.out)
        self.legs = LegFolders.of(self.out)
        self._cluster: RunCluster | None = None

    def announce(self) -> None:
        """Clear away what a killed driver was writing; let whoever watches see that something has begun."""
        self.out.remove_leftovers()
        write_note(self.out, STAGE)
        self.reporter.begun(self.out, self.experiment.name, STAGE)

    def find_data(self) -> None:
        """Take the folder given, or the configuration's embedded data, made beside the results."""
        order, experiment = self.order, self.experiment
        if order.data is not None:
            self.folder = order.data
            return
        if experiment.synth is None:
            raise UserError(f"{order.config} has no embedded data: name the data set's folder with --data")
        if not self.out.is_local:
            raise UserError("make the embedded data with `stagegrid synth DIR`, and name it with --data DIR")
        self.folder = Path(self.out.base) / artifacts.DATA
        with self.reporter.busy("making the embedded data"):
            try:
                synthesize(self.folder, experiment.synth)
            except DamagedData:
                self._say_damaged(Damage(self.out, artifacts.DATA, "not what was written"))
                self.out.rename(artifacts.DATA, f"{artifacts.DATA}{set_aside_suffix()}")
                synthesize(self.folder, experiment.synth)

    def open_dataset(self) -> None:
        """Read labels and folds, without the clips that are known to be bad."""
        self.dataset = open_readable(self.folder, self.experiment, self.out)
        self.reporter.dataset(self.dataset)

    def compute_features(self) -> None:
        """Have the features of all clips; those that cannot be decoded are refused or left out."""
        clips = len(self.dataset.table.clips)
        with self.reporter.busy("looking at the recordings"):
            set_id = self._features_id()
        if features := open_features(self.out, set_id):
            self.reporter.say(f"features: {clips} clips are computed already")
            self.features = features
            return
        from orchestrator.features import pipeline

        self._joined()
        try:
            with self.reporter.features(clips) as progress:
                self.features = pipeline.compute_features(
                    self.dataset.table, self.experiment.audio, self.out, progress, set_id
                )
        except BadClips as error:
            if self.experiment.data.bad_clips == "stop":
                raise
            note_bad_clips(self.out, self.dataset, self.experiment, error.reasons)
            self.dataset = left_out(self.dataset, self.experiment, error.reasons)
            self.reporter.dataset(self.dataset)
            self.compute_features()

    def _features_id(self) -> str:
        """The features' identity; checksums of recordings are kept, so that each is read once."""
        recordings = Recordings.read(sets_of(self.out))
        set_id = features_id(self.dataset.table, self.experiment.audio, recordings)
        if recordings.changed:
            recordings.write(sets_of(self.out))
        return set_id

    def make_plan(self) -> None:
        """Derive the tree of legs."""
        self.plan = make_plan(self.experiment, self.dataset.data_id(self.features.content_hash))

    def set_damage_aside(self) -> None:
        """Name what is damaged of the finished results and move it away: just that is trained again."""
        with self.reporter.busy("checking what is there"):
            damages = self.legs.damages(self.plan.legs)
        for leg, damaged in damages.items():
            for damage in damaged:
                self._say_damaged(damage)
            self.legs[leg].set_aside(damaged, self.experiment.folds)

    def _say_damaged(self, damage: Damage) -> None:
        self.reporter.say(f"damaged: {damage}: set aside, made again")

    def divide_cluster(self) -> None:
        """See what is left to train, and that the cluster has a place for it before anything is written."""
        self.todo = [leg for leg in self.plan.legs if not self.legs[leg].is_done]
        if self.todo:
            self._joined()

    def _joined(self) -> RunCluster:
        """The Ray cluster, joined or started at the first call."""
        self._cluster = self._cluster or join_cluster(self.experiment, self.out, self.reporter)
        return self._cluster

    def write_manifest(self) -> None:
        """Write what the run consists of."""
        origin = Origin(self.order.config, self.order.assignments, self.folder)
        content = self.features.content_hash
        hashes = (content, self.dataset.data_id(content))
        manifest = write_manifest(self.out, self.experiment, self.dataset, self.plan, hashes, origin)
        self.run = Run(self.out, manifest)
        self.timing = manifest.timing
        self.reporter.plan(self.plan, self.legs.work_left(self.plan), self.legs.stale(self.plan))

    def train(self) -> None:
        """Train the legs that are not done; a run that trained all of them notes how long that took."""
        if not self.todo:
            self.reporter.say("nothing to train: every cell is done")
            return
        from orchestrator.training.driver.live_updates import live_updates
        from orchestrator.training.driver.sweep import train_levels
        from orchestrator.training.driver.sweep_inputs import sweep_inputs

        cluster, shares, todo = self._joined(), self._joined().shares, {leg.id for leg in self.todo}
        frames = cluster.load_features(self.features, self._damaged_features)
        inputs = sweep_inputs(self.run, self.dataset, frames, shares, self.plan, todo)
        cluster.say_shares()
        for leg in self.todo:
            self.legs[leg].begin(leg, self.plan.identities[leg.id])
        self.out.delete(artifacts.RAY)  # what earlier starts left there: nothing is read from it
        began = time.monotonic()
        with live_updates(self.run, inputs, self.reporter), self.reporter.training(self.run):
            train_levels(inputs, self.order.verbose, self.order.wandb)
        if len(todo) == len(self.plan.legs):
            seconds, runs = time.monotonic() - began, sum(map(len, inputs.levels))
            share = shares.gpu or min(1.0, shares.cpu + TRIAL_CPU)
            self.timing = Timing(seconds=seconds, runs=runs, runs_at_once=shares.trials, share=share)

    def _damaged_features(self, error: DamagedFile) -> FeatureSet:
        """The features in place of a damaged set, which is named and set aside."""
        self._say_damaged(error.damage)
        sets_of(self.out).rename(self.features.id, f"{self.features.id}{set_aside_suffix()}")
        self.compute_features()
        return self.features

    def leave_cluster(self) -> None:
        """Give back what a report has no use for."""
        if self._cluster:
            self._cluster.leave()

    def note_end(self) -> None:
        """Note in the manifest how long it took."""
        seconds = time.monotonic() - self.began
        manifest = self.run.manifest.model_copy(update={"timing": self.timing, "seconds": seconds})
        self.out.write_model(artifacts.RUN, manifest.sealed())
        self.run = replace(self.run, manifest=manifest)
