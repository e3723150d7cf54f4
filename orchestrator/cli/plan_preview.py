"""The plan of an experiment before it runs: from its data set and what is in its run's folder."""

from dataclasses import dataclass
from pathlib import Path

from orchestrator.features.feature_set import features_id, open_features, sets_of
from orchestrator.features.recordings import Recordings
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import DATA
from orchestrator.legs.folders import LegFolders, WorkLeft
from orchestrator.legs.plan import Plan, make_plan
from orchestrator.settings.tree import Experiment
from orchestrator.training.readable_data import open_readable


@dataclass(frozen=True)
class Preview:
    """A plan and what is there of it."""

    plan: Plan
    work_left: dict[str, WorkLeft]
    """Of each leg by its id."""
    stale: dict[str, str]
    """Legs on disk that nothing needs, with what sets them apart."""

    @property
    def todo(self) -> set[str]:
        """Ids of the legs that are not done."""
        return {leg for leg, left in self.work_left.items() if left != "done"}


def preview(experiment: Experiment, out: Store | None, data: Path | None) -> Preview:
    """The plan of `experiment`; with final ids if its features are computed in `out` already.

    Raises:
        UserError: the data set is not in order.
    """
    plan = make_plan(experiment, _data_id(experiment, out, data))
    if out is None:
        return Preview(plan, {leg.id: "new" for leg in plan.legs}, {})
    legs = LegFolders.of(out)
    return Preview(plan, legs.work_left(plan), legs.stale(plan))


def _data_id(experiment: Experiment, out: Store | None, data: Path | None) -> str:
    folder = data or (Path(out.base) / DATA if out and out.is_local else None)
    if out is None or folder is None or not folder.is_dir():
        return "data are not there yet"
    dataset = open_readable(folder, experiment, out)
    recordings = Recordings.read(sets_of(out))
    features = open_features(out, features_id(dataset.table, experiment.audio, recordings))
    return dataset.data_id(features.content_hash) if features else "no features yet"
