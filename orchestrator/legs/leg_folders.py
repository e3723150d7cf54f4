"""All legs of a run: what is done, what is damaged, what is left over from other settings."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from orchestrator.files.integrity import Damage
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import LEGS
from orchestrator.legs.folders import LegFolder, WorkLeft
from orchestrator.legs.plan import Leg, Plan
from orchestrator.settings.changes import Change, changes
from trainable.errors import UserError

CHECKED_AT_ONCE = 4
"""Legs whose files are read and hashed at the same time."""


@dataclass(frozen=True)
class LegFolders:
    """The folder of all legs of a run."""

    store: Store

    @classmethod
    def of(cls, out: Store) -> "LegFolders":
        """Those of the run in `out`."""
        return cls(out / LEGS)

    def __getitem__(self, leg: Leg | str) -> LegFolder:
        return LegFolder(self.store / (leg if isinstance(leg, str) else leg.id))

    def work_left(self, plan: Plan) -> dict[str, WorkLeft]:
        """How far each leg of the plan is, by its id."""
        return {leg.id: self[leg].work_left() for leg in plan.legs}

    def damages(self, legs: Iterable[Leg | str], whole: bool | None = None) -> dict[str, list[Damage]]:
        """What is wrong with trained legs, by id; those that are in order are left out.

        `whole` as for a leg; None: on a disk, but not where all bytes would come through a network.
        """
        whole = self.store.is_local if whole is None else whole
        names = [leg if isinstance(leg, str) else leg.id for leg in legs]
        with ThreadPoolExecutor(CHECKED_AT_ONCE) as threads:  # hashing lets other threads run
            found = threads.map(lambda name: self[name].damages(whole), names)
            return {name: damages for name, damages in zip(names, found, strict=True) if damages}

    def stale(self, plan: Plan) -> dict[str, str]:
        """Legs on disk that no cell of the plan needs, and what sets each apart from the most similar one."""
        known = {leg.id for leg in plan.legs}
        strangers = [name for name in self.store.names() if name not in known]
        return {name: reason for name in strangers for reason in self._reason(plan, name)}

    def _reason(self, plan: Plan, name: str) -> Iterator[str]:
        """The settings in which a leg differs from the leg of the plan that is most like it."""
        try:
            identity = self[name].identity()
        except (FileNotFoundError, UserError):
            return
        found = [list(_own(changes(identity, own))) for own in plan.identities.values()]
        nearest = min(found, key=lambda own: (any(change.key == "stages" for change in own), len(own)))
        yield ", ".join(dict.fromkeys(map(_told, nearest)))


def _own(found: Iterable[Change]) -> Iterator[Change]:
    """Without what only follows: stages take the optimizer's learning rate, where they have none."""
    seen = set()
    for change in found:
        same = (change.key.rpartition(".")[2], str(change.old), str(change.new))
        if same not in seen:
            yield change
        seen.add(same)


def _told(change: Change) -> str:
    return "features, labels or folds changed" if change.key == "data" else str(change)
