"""The Ray cluster of one run: what it offers, how it is divided, and what people are told of it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import ray

from orchestrator.features.feature_set import FeatureSet
from orchestrator.features.frame_file import FrameFile, usual_folder
from orchestrator.files.integrity import DamagedFile
from orchestrator.files.store import Store
from orchestrator.legs.allocation import Shares, make_shares
from orchestrator.legs.reporter import Reporter
from orchestrator.settings.tree import Experiment
from orchestrator.training.driver import memory
from orchestrator.training.driver.sweep_inputs import StoredFrames, load_frames


@dataclass(frozen=True)
class RunCluster:
    """The Ray cluster that a run has joined, or started."""

    experiment: Experiment
    reporter: Reporter
    shares: Shares
    """What every fold gets of it."""
    grows: bool = False
    """Machines are still to come: what they have nobody knows yet."""
    connected: bool = False
    """By this run: a Ray that was there before stays."""

    def leave(self) -> None:
        """Give back what a report has no use for: the features, which count as this process's memory too,
        and a Ray that this run has started."""
        if self.connected:
            ray.shutdown()

    def say_shares(self) -> None:
        """Say how the cluster is divided."""
        shares, folds = self.shares, self.experiment.folds
        gpu = f", {shares.gpu:g} GPU" if shares.gpu else ""
        self.reporter.say(
            f"training: {folds} folds x {shares.cpu:g} CPU{gpu} each, {shares.trials} runs at a time"
        )

    def load_features(
        self, features: FeatureSet, again: Callable[[DamagedFile], FeatureSet]
    ) -> StoredFrames | FrameFile:
        """Put the features where the folds read them; `again` computes a damaged set anew."""
        folder = self.folder_of(features)
        try:
            with self.reporter.busy("loading the features"):
                return load_frames(features, folder)
        except DamagedFile as error:
            damaged = error
        return load_frames(again(damaged), folder)

    def folder_of(self, features: FeatureSet) -> Path | None:
        """Folder on each machine that takes the features; None: its memory takes them.

        Raises:
            UserError: the machines' memory is too small.
        """
        resources, folds = self.experiment.resources, self.experiment.folds
        nodes = [] if self.grows else memory.node_memories()
        full = memory.overfills_store(features.size, nodes)
        on_disk = resources.features == "disk" or (resources.features == "auto" and full)
        if nodes and (warning := memory.check_cluster(0 if on_disk else features.size, folds, nodes)):
            self.reporter.say(warning)
        if not on_disk:
            return None
        folder = Path(resources.features_folder or usual_folder()).absolute()
        self.reporter.say(f"features: {features.size / 1e9:.2f} GB on each machine's disk, in {folder}")
        return folder


def join_cluster(experiment: Experiment, out: Store, reporter: Reporter) -> RunCluster:
    """Join the Ray cluster that is there, or start one; one that is too small is refused at once.

    Raises:
        UserError: it does not answer, its machines share no folder `out`, or it has no place for the folds.
    """
    from orchestrator.training import ray_private  # and Ray as a whole
    from orchestrator.training.driver import connect

    resources, begins = experiment.resources, not ray.is_initialized()
    if begins:
        with reporter.busy("starting Ray"):
            where = connect.connect({"job_name": f"stagegrid {experiment.name}", "out": str(out)})
        reporter.copy_to(ray_private.job_log())
        reporter.say(f"{where}, dashboard {connect.dashboard()}")
    grown = connect.largest(resources)
    connect.check_storage(out, max(len(set(connect.hosts().values())), len(grown)), resources.shared_path)
    shares = make_shares(grown or connect.nodes(), experiment.folds, resources)
    if begins and grown:
        reporter.say(f"the cluster grows on demand: divided as its {len(grown)} machines at the most")
    elif begins and (short := connect.shortage(shares.of_run(experiment.folds))):
        reporter.say(f"{short}; this run waits for a place")
    return RunCluster(experiment, reporter, shares, grows=bool(grown), connected=begins)
