"""The plan of an experiment before it runs: from its data set and what is in its run's folder."""

from pathlib import Path

from orchestrator.dataset.folded import open_study
from orchestrator.experiment.settings import Experiment
from orchestrator.features.feature_set import features_id, open_features
from orchestrator.plan.legs import Plan, Status, make_plan, stale, status
from orchestrator.storage.store import Store


def plan_with(experiment: Experiment, out: Store | None, data: Path | None) -> Plan:
    """The legs of `experiment`; with their final ids if its features are computed in `out` already.

    Raises:
        ValueError: the data set is not in order.
    """
    folder = data or (Path(out.base) / "data" if out and out.is_local else None)
    if out is None or folder is None or not folder.is_dir():
        return make_plan(experiment, "data are not there yet")
    study = open_study(experiment, folder)
    features = open_features(out, features_id(study.table, experiment.audio))
    return make_plan(experiment, study.data_id(features.content_hash) if features else "no features yet")


def plan_states(plan: Plan, out: Store | None) -> tuple[dict[str, Status], dict[str, str]]:
    """The state of every leg by its id, and the stale ones with their reasons."""
    if out is None:
        return {leg.id: "new" for leg in plan.legs}, {}
    legs = out / "legs"
    return {leg.id: status(leg, legs / leg.id) for leg in plan.legs}, stale(plan, legs)
