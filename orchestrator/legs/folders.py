"""The folders of legs: what is done, what is left, what failed, what is damaged, what is left over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from orchestrator.files.integrity import Damage, StoredFile, set_aside_suffix
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import (
    FAILURE,
    FAILURE_LOG,
    FOLD,
    LEG,
    LEGS,
    RESULT,
    STATE,
    FoldResult,
    LegFailure,
    LegIdentity,
    LegResult,
    fold_name,
    is_fold,
)
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.plan import Leg, Plan
from orchestrator.settings.messages import Change, changes
from trainable.errors import UserError

WorkLeft = Literal["done", "continue", "new"]
CHECKED_AT_ONCE = 4
"""Legs whose files are read and hashed at the same time."""


@dataclass(frozen=True)
class LegFolder:
    """The folder of one leg: legs/<id>."""

    store: Store

    def fold(self, number: int) -> FoldFolder:
        """Where fold `number` writes."""
        return FoldFolder(self.store / fold_name(number))

    def begin(self, leg: Leg, identity: dict[str, Any]) -> None:
        """Say what the leg is, and forget how it failed before."""
        for name in (FAILURE, FAILURE_LOG):
            self.store.delete(name)
        self.store.write_model(LEG, LegIdentity(label=leg.label, identity=identity))

    def identity(self) -> dict[str, Any]:
        """All that can change the leg's outcome."""
        return self.store.read_model(LEG, LegIdentity).identity

    @property
    def is_done(self) -> bool:
        """Whether the leg is trained: its result, written last, is there and whole."""
        return self.result_or_none() is not None

    def result(self) -> LegResult:
        """The leg's result."""
        return self.store.read_model(RESULT, LegResult)

    def result_or_none(self) -> LegResult | None:
        """The leg's result; None where there is none, or a damaged one."""
        try:
            return self.result()
        except (FileNotFoundError, UserError):
            return None

    def finish(self, folds: int) -> bool:
        """Write the result if every fold is done; the folds may be done in any order and by anyone."""
        folders = [self.fold(number) for number in range(folds)]
        if not all(folder.is_done for folder in folders):
            return False
        contents = [folder.store.read(FOLD) for folder in folders]
        result = LegResult(
            folds=tuple(map(FoldResult.model_validate_json, contents)),
            fold_files=tuple(map(StoredFile.of, contents)),
        )
        self.store.write_model(RESULT, result.sealed())
        return True

    def damages(self, whole: bool = True) -> list[Damage]:
        """What is wrong with the files of the leg's finished folds, and with its result.

        `whole`: weights and states are read too, most of the bytes; each is checked again when it is used.
        """
        try:
            result = self.result()
        except FileNotFoundError:
            return self._damages_of_folds(whole)
        except UserError:
            return [Damage(self.store, RESULT, "not what was written"), *self._damages_of_folds(whole)]
        pairs = zip(result.folds, result.fold_files, strict=True)
        written = [fold.files | {FOLD: file} for fold, file in pairs]
        return [d for number, files in enumerate(written) for d in self.fold(number).differing(files, whole)]

    def _damages_of_folds(self, whole: bool) -> list[Damage]:
        folders = [FoldFolder(self.store / name) for name in self.store.names() if is_fold(name)]
        return [damage for folder in folders for damage in folder.damages(whole)]

    def set_aside(self, damages: Sequence[Damage], folds: int) -> None:
        """Move damaged files away, so that their folds, and no others, are trained again."""
        for damage in damages:
            if damage.store.exists(damage.name):
                damage.store.rename(damage.name, f"{damage.name}{set_aside_suffix()}")
        for number in range(folds):
            if any(damage.store == self.fold(number).store for damage in damages):
                self.fold(number).store.delete(FOLD)
        self.store.delete(RESULT)
        self.finish(folds)

    def fail(self, reason: str, traceback: str = "") -> None:
        """Leave the reason where reports look for it; a fault of this program keeps its traceback."""
        if traceback:
            self.store.write(FAILURE_LOG, f"{traceback}\n".encode())
        log = f"{self.store}/{FAILURE_LOG}" if traceback else None
        self.store.write_model(FAILURE, LegFailure(reason=reason, log=log))

    def failure(self) -> LegFailure | None:
        """Why the leg has no result; None where nothing has failed."""
        try:
            return self.store.read_model(FAILURE, LegFailure)
        except FileNotFoundError:
            return None
        except UserError:
            return LegFailure(reason=f"for a reason that can no longer be read ({FAILURE} is damaged)")

    def work_left(self) -> WorkLeft:
        """How far the leg is."""
        if self.is_done:
            return "done"
        started = any((self.store / name).exists(STATE) for name in self.store.names() if is_fold(name))
        return "continue" if started else "new"


@dataclass(frozen=True)
class LegFolders:
    """The folder of all legs of a run."""

    store: Store

    @classmethod
    def of(cls, out: Store) -> LegFolders:
        """The folders of the legs of the run in `out`."""
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
            damages = threads.map(lambda name: self[name].damages(whole), names)
            return {name: some for name, some in zip(names, damages, strict=True) if some}

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
        apart = [list(_own(changes(identity, own))) for own in plan.identities.values()]
        nearest = min(apart, key=lambda own: (any(change.key == "stages" for change in own), len(own)))
        yield ", ".join(dict.fromkeys(map(_told, nearest)))


def _own(apart: Iterable[Change]) -> Iterator[Change]:
    """Without what only follows: stages take the optimizer's learning rate, where they have none."""
    seen = set()
    for change in apart:
        same = (change.key.rpartition(".")[2], str(change.old), str(change.new))
        if same not in seen:
            yield change
        seen.add(same)


def _told(change: Change) -> str:
    return "features, labels or folds changed" if change.key == "data" else str(change)
