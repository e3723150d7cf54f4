"""The folders of legs and folds: what is done, what is left, what failed, and a fold's state."""

import io
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch

from orchestrator.artifacts.files import (
    FAILURE,
    FAILURE_LOG,
    FOLD,
    LEG,
    LEGS,
    PROGRESS,
    RESULT,
    STATE,
    FoldProgress,
    FoldResult,
    LegFailure,
    LegIdentity,
    LegResult,
    fold_name,
)
from orchestrator.plan.legs import Leg, Plan
from orchestrator.storage.store import Store
from trainable.errors import UserError
from trainable.task import Checkpoint

WorkLeft = Literal["done", "continue", "new"]


@dataclass(frozen=True)
class FoldFolder:
    """legs/<id>/fold-<k>."""

    store: Store

    @property
    def is_done(self) -> bool:
        """Whether the fold is trained: its result is written last."""
        return self.store.exists(FOLD)

    def result(self) -> FoldResult:
        """How the fold ended."""
        return self.store.read_model(FOLD, FoldResult)

    def progress(self) -> FoldProgress:
        """How far the fold was when its worker last said so."""
        return self.store.read_model(PROGRESS, FoldProgress)

    def finish(self, result: FoldResult) -> None:
        """Everything else is written: the fold is done."""
        self.store.write_model(FOLD, result)

    def write_state(self, state: Checkpoint) -> None:
        """Keep a fold's state."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        self.store.write(STATE, buffer.getvalue())

    def read_state(self) -> Checkpoint | None:
        """A fold's state; None where there is none, or only a damaged one: the work is then done again."""
        if not self.store.exists(STATE):
            return None
        try:
            state: Checkpoint = torch.load(
                io.BytesIO(self.store.read(STATE)), weights_only=True, map_location="cpu"
            )
        except (RuntimeError, EOFError, pickle.UnpicklingError):
            return None
        return state


@dataclass(frozen=True)
class LegFolder:
    """legs/<id>."""

    store: Store

    def fold(self, number: int) -> FoldFolder:
        """Where fold `number` writes."""
        return FoldFolder(self.store / fold_name(number))

    def begin(self, leg: Leg) -> None:
        """Say what the leg is, and forget how it failed before."""
        for name in (FAILURE, FAILURE_LOG):
            self.store.delete(name)
        self.store.write_model(LEG, LegIdentity(label=leg.label, identity=leg.identity))

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
        self.store.write_model(RESULT, LegResult(folds=tuple(folder.result() for folder in folders)))
        return True

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

    def work_left(self) -> WorkLeft:
        """How far the leg is."""
        if self.is_done:
            return "done"
        started = any((self.store / name).exists(STATE) for name in self.store.names() if "fold-" in name)
        return "continue" if started else "new"


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
        differences: list[list[str]] = [_differing(identity, leg.identity) for leg in plan.legs]
        nearest = min(differences, key=lambda names: len(names))
        yield ", ".join(nearest) + " changed"


def _differing(one: Any, other: Any, prefix: str = "") -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = dict.fromkeys([*one, *other])
        return [d for key in keys for d in _differing(one.get(key), other.get(key), f"{prefix}{key}.")]
    return [] if one == other else [prefix.rstrip(".")]
