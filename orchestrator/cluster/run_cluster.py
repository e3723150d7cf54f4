"""The Ray cluster of one run: what it offers, how it is divided, and what the user is told of it."""

from dataclasses import dataclass

import numpy as np
import ray

from orchestrator.cluster.connect import (
    check_storage,
    connect,
    dashboard,
    hosts,
    largest,
    neighbours,
    nodes,
)
from orchestrator.cluster.crowd import shortage
from orchestrator.cluster.job_log import job_log
from orchestrator.cluster.memory import check_memory, node_memories
from orchestrator.experiment.settings import Experiment
from orchestrator.features.feature_set import FeatureSet
from orchestrator.monitoring.terminal import Display
from orchestrator.plan.allocation import Shares, make_shares
from orchestrator.storage.store import Store

FRAME_BYTES = np.dtype(np.float16).itemsize
"""Of each mel band."""


@dataclass
class RunCluster:
    """The Ray cluster of a run: joined or started once, and only where there is something to compute."""

    experiment: Experiment
    out: Store
    display: Display
    _shares: Shares | None = None
    grows: bool = False
    """Machines are still to come: what they have nobody knows yet."""

    def shares(self) -> Shares:
        """What every fold gets of it. A cluster too small is refused at once."""
        if self._shares is None:
            self._shares = self._join()
        return self._shares

    def _join(self) -> Shares:
        resources, begins = self.experiment.resources, not ray.is_initialized()
        if begins:
            self._connect()
        grown = largest(resources)
        check_storage(self.out, max(len(hosts()), len(grown)), resources.shared_path)
        self.grows, folds = bool(grown), self.experiment.folds
        shares = make_shares(grown or nodes(), folds, resources)
        if begins and grown:
            self.display.say(f"the cluster grows on demand: divided as its {len(grown)} machines at the most")
        elif begins and (short := shortage(shares.of_run(folds))):
            self.display.say(f"{short}; this run waits for some")
        return shares

    def _connect(self) -> None:
        with self.display.busy("starting Ray"):
            where = connect({"job_name": f"stagegrid {self.experiment.name}", "out": str(self.out)})
        self.display.copy_to(job_log())
        self.display.say(f"{where}, dashboard {dashboard()}")
        if crowd := neighbours():
            self.display.say(crowd)

    def check_memory(self, features: FeatureSet) -> None:
        """Refuse what does not fit into the machines' memory, and warn of what is slow."""
        if not self.grows:
            amount = FRAME_BYTES * features.manifest.audio.n_mels * features.manifest.frames
            if warning := check_memory(amount, self.experiment.folds, node_memories()):
                self.display.say(warning)
