"""The folder of a fold: what it has left, how far it is, and its state.

A state is a file that carries its own checksum; the last two are kept:

state.pt            the newest
state.previous.pt   the one before, for as long as the fold trains

Each is HEADER, the SHA-256 of the rest, and the rest as torch writes it. What could run code is not
unpickled, and what has a wrong checksum is not looked at: torch reads most flipped bits as other weights.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch

from orchestrator.files.integrity import Damage, StoredFile, find_damage, read_intact
from orchestrator.files.store import Store
from orchestrator.legs.artifacts import (
    FOLD,
    PREVIOUS_STATE,
    PROGRESS,
    STATE,
    WEIGHTS,
    FoldProgress,
    FoldResult,
)
from trainable.errors import UserError
from trainable.task import Checkpoint

log = logging.getLogger(__name__)
HEADER = b"stagegrid state 1\n"
DIGEST_BYTES = hashlib.sha256().digest_size


@dataclass(frozen=True)
class FoldFolder:
    """The folder of one fold: legs/<id>/fold-<k>."""

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
        damages = [find_damage(self.store, name, file) for name, file in asked.items()]
        return [damage for damage in damages if damage]

    def progress(self) -> FoldProgress | None:
        """How far the fold was when its worker last said so; None where it has not, or nobody can read it."""
        try:
            return self.store.read_model(PROGRESS, FoldProgress)
        except (FileNotFoundError, UserError):
            return None

    def finish(self, result: FoldResult) -> None:
        """Mark the fold as done, when everything else is written."""
        self.store.write_model(FOLD, result)
        self.store.delete(PREVIOUS_STATE)

    def write_state(self, state: Checkpoint) -> StoredFile:
        """Keep a state of the fold, and the one before it."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        if self.store.exists(STATE):
            self.store.rename(STATE, PREVIOUS_STATE)
        return self.put(STATE, HEADER + hashlib.sha256(content).digest() + content)

    def last_state(self) -> Checkpoint:
        """The state that the finished fold has left.

        Raises:
            ValueError: it is not what was written (DamagedFile), or torch does not read it.
        """
        return state_of(self.read(STATE))

    def states(self) -> Iterator[Checkpoint]:
        """The fold's states that are there and whole, the newest first; the log names what is passed over."""
        for name in (STATE, PREVIOUS_STATE):
            if self.store.exists(name):
                try:
                    yield state_of(self.store.read(name))
                except (OSError, ValueError) as error:
                    log.warning("%s/%s is passed over: %s", self.store, name, error)


def state_of(data: bytes) -> Checkpoint:
    """The state in a file's bytes.

    Raises:
        ValueError: it is not what was written, or of another version of torch.
    """
    start = len(HEADER) + DIGEST_BYTES
    if not data.startswith(HEADER) or len(data) < start:
        raise ValueError("it is no state of this version")
    if hashlib.sha256(data[start:]).digest() != data[len(HEADER) : start]:
        raise ValueError("its content has changed since it was written")
    try:
        state: Checkpoint = torch.load(io.BytesIO(data[start:]), weights_only=True, map_location="cpu")
    except Exception as error:  # torch has no error of its own for this: pickle's, zip's, KeyError...
        raise ValueError(f"torch does not read it ({type(error).__name__}: {error})") from error
    return state
