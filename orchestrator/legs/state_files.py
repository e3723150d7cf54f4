"""A fold's state as files: each carries its own checksum, and the last two are kept.

state.pt            the newest
state.previous.pt   the one before, for as long as the fold trains

A file is HEADER, the SHA-256 of the rest, and the rest as torch writes it. What could run code is not
unpickled, and what has a wrong checksum is not looked at: torch reads most flipped bits as other weights.
"""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import PREVIOUS_STATE, STATE
from trainable.later import Later

if TYPE_CHECKING:
    import torch

    from trainable.task import Checkpoint
else:
    torch = Later("torch")

log = logging.getLogger(__name__)
HEADER = b"stagegrid state 1\n"
DIGEST_BYTES = hashlib.sha256().digest_size


def write_state(store: Store, state: Checkpoint) -> bytes:
    """Keep a state, and the one before it; the bytes of the new file."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    data = HEADER + hashlib.sha256(content).digest() + content
    if store.exists(STATE):
        store.rename(STATE, PREVIOUS_STATE)
    store.write(STATE, data)
    return data


def read_states(store: Store) -> Iterator[Checkpoint]:
    """The states that are there and whole, the newest first; the log names what is passed over."""
    for name in (STATE, PREVIOUS_STATE):
        if store.exists(name):
            try:
                yield state_of(store.read(name))
            except (OSError, ValueError) as error:
                log.warning("%s/%s is passed over: %s", store, name, error)


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
    except (
        Exception
    ) as error:  # torch has no error of its own for this: pickle's, zip's, KeyError, TypeError...
        raise ValueError(f"torch does not read it ({type(error).__name__}: {error})") from error
    return state
