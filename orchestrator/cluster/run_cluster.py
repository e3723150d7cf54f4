"""The Ray cluster of one run: what it offers, how it is divided, and what the user is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from orchestrator.experiment.settings import Experiment
from orchestrator.features.feature_set import FeatureSet
from orchestrator.monitoring.terminal import Display
from orchestrator.plan.allocation import Shares, make_shares
from orchestrator.storage.store import Store
from trainable.later import Later

if TYPE_CHECKING:
    import ray

    from orchestrator.cluster import connect, crowd, job_log, memory
else:  # where nothing is left to do nobody needs Ray
    ray = Later("ray")
    connect, crowd, job_log, memory = (
        Later(f"orchestrator.cluster.{name}") for name in ("connect", "crowd", "job_log", "memory")
    )

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
        with self.display.busy("starting Ray"):
            where = connect.connect({"job_name": f"stagegrid {self.experiment.name}", "out": str(self.out)})
        self.display.copy_to(job_log.job_log())
        self.display.say(f"{where}, dashboard {connect.dashboard()}")
        if others := connect.neighbours():
            self.display.say(others)

    def check_memory(self, features: FeatureSet) -> None:
        """Refuse what does not fit into the machines' memory, and warn of what is slow."""
        if not self.grows:
            amount = FRAME_BYTES * features.manifest.audio.n_mels * features.manifest.frames
            if warning := memory.check_memory(amount, self.experiment.folds, memory.node_memories()):
                self.display.say(warning)
