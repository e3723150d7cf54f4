"""The folders of legs and folds: what is done, what is left, what failed, and a fold's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from orchestrator.files.integrity import Damage, StoredFile, find_damage, read_intact, set_aside_suffix
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import (
    FAILURE,
    FAILURE_LOG,
    FOLD,
    LEG,
    PREVIOUS_STATE,
    PROGRESS,
    RESULT,
    STATE,
    WEIGHTS,
    FoldProgress,
    FoldResult,
    LegFailure,
    LegIdentity,
    LegResult,
    fold_name,
    is_fold,
)
from orchestrator.legs.plan import Leg
from orchestrator.legs.state_files import read_states, state_of, write_state
from trainable.errors import UserError

if TYPE_CHECKING:
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

    def put(self, name: str, data: bytes) -> StoredFile:
        """Write one of the fold's files."""
        self.store.write(name, data)
        return StoredFile.of(data)

    def read(self, name: str) -> bytes:
        """One of a finished fold's files.

        Raises:
            DamagedFile: it is not what was written.
            FileNotFoundError: the fold has left no such file.
        """
        written = self.result().files.get(name)
        if written is None:
            raise FileNotFoundError(f"{self.store}/{name}")
        return read_intact(self.store, name, written)

    def damages(self, whole: bool) -> list[Damage]:
        """What is wrong with the fold's files by its own notes; nothing where it is not finished."""
        if not self.is_done:
            return []
        try:
            return self.differing(self.result().files, whole)
        except UserError:
            return [Damage(self.store, FOLD, "not what was written")]

    def differing(self, written: Mapping[str, StoredFile], whole: bool) -> list[Damage]:
        """Which of the fold's files are not what was written; `whole`: weights and states are read too."""
        asked = {name: file for name, file in written.items() if whole or name not in (WEIGHTS, STATE)}
        found = [find_damage(self.store, name, file) for name, file in asked.items()]
        return [damage for damage in found if damage]

    def progress(self) -> FoldProgress | None:
        """How far the fold was when its worker last said so; None where it has not, or nobody can read it."""
        try:
            return self.store.read_model(PROGRESS, FoldProgress)
        except (FileNotFoundError, UserError):
            return None

    def finish(self, result: FoldResult) -> None:
        """Everything else is written: the fold is done."""
        self.store.write_model(FOLD, result)
        self.store.delete(PREVIOUS_STATE)

    def write_state(self, state: Checkpoint) -> StoredFile:
        """Keep a fold's state."""
        return StoredFile.of(write_state(self.store, state))

    def last_state(self) -> Checkpoint:
        """The state that the finished fold has left.

        Raises:
            ValueError: it is not what was written (DamagedFile), or torch does not read it.
        """
        return state_of(self.read(STATE))

    def states(self) -> Iterator[Checkpoint]:
        """The fold's states that are there and whole, the newest first."""
        return read_states(self.store)


@dataclass(frozen=True)
class LegFolder:
    """legs/<id>."""

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
