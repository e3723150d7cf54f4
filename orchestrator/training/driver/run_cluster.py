"""The Ray cluster of one run: what it offers, how it is divided, and what the user is told of it.

Most modules that need Ray are imported where they are used: where nothing is left to do nobody needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ray

from orchestrator.features.feature_set import FeatureSet
from orchestrator.features.frame_file import usual_folder
from orchestrator.files.store import Store
from orchestrator.legs.allocation import Shares, make_shares
from orchestrator.settings.tree import Experiment
from orchestrator.watch.terminal import Display


@dataclass
class RunCluster:
    """The Ray cluster of a run: joined or started once, and only where there is something to compute."""

    experiment: Experiment
    out: Store
    display: Display
    _shares: Shares | None = None
    grows: bool = False
    """Machines are still to come: what they have nobody knows yet."""
    _connected: bool = False
    """By this run: a Ray that was there before stays."""

    def shares(self) -> Shares:
        """What every fold gets of it. A cluster too small is refused at once."""
        if self._shares is None:
            self._shares = self._join()
        return self._shares

    def leave(self) -> None:
        """Give back what a report has no use for: the features, which count as this process's memory too,
        and a Ray that this run has started."""
        if self._connected:
            self._connected, self._shares = False, None
            ray.shutdown()

    def _join(self) -> Shares:
        from orchestrator.training.driver import connect, crowd

        resources, begins = self.experiment.resources, not ray.is_initialized()
        if begins:
            self._connect()
            self._connected = True
        grown = connect.largest(resources)
        connect.check_storage(self.out, max(len(connect.hosts()), len(grown)), resources.shared_path)
        self.grows, folds = bool(grown), self.experiment.folds
        shares = make_shares(grown or connect.nodes(), folds, resources)
        if begins and grown:
            self.display.say(f"the cluster grows on demand: divided as its {len(grown)} machines at the most")
        elif begins and (short := crowd.shortage(shares.of_run(folds))):
            self.display.say(f"{short}; this run waits for some")
        return shares

    def _connect(self) -> None:
        from orchestrator.training.driver import connect, job_log

        with self.display.busy("starting Ray"):
            where = connect.connect({"job_name": f"stagegrid {self.experiment.name}", "out": str(self.out)})
        self.display.copy_to(job_log.job_log())
        self.display.say(f"{where}, dashboard {connect.dashboard()}")
        if others := connect.neighbours():
            self.display.say(others)

    def folder_of(self, features: FeatureSet) -> Path | None:
        """Folder on each machine that takes the features; None: its memory takes them.

        Raises:
            UserError: the machines' memory is too small.
        """
        from orchestrator.training.driver import memory

        resources, folds = self.experiment.resources, self.experiment.folds
        nodes = [] if self.grows else memory.node_memories()
        full = memory.overfills_store(features.size, nodes)
        on_disk = resources.features == "disk" or (resources.features == "auto" and full)
        if nodes and (warning := memory.check_memory(0 if on_disk else features.size, folds, nodes)):
            self.display.say(warning)
        if not on_disk:
            return None
        folder = Path(resources.features_folder or usual_folder()).absolute()
        self.display.say(f"features: {features.size / 1e9:.2f} GB on each machine's disk, in {folder}")
        return folder
