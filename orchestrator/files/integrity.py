"""Contents and their checksums: what was written is noted, what is read is checked, names are hashes."""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict, model_validator

from orchestrator.files.store import Artifact, Store
from trainable.errors import UserError


def digest(content: object) -> str:
    """16 hex digits that name `content`, anything that JSON can say: the id of a leg, or of features."""
    text = json.dumps(content, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_digest(name: str) -> bool:
    """Whether a name is a digest: of a leg or a feature set, neither unfinished nor set aside."""
    return re.fullmatch(r"[0-9a-f]{16}", name) is not None


class StoredFile(Artifact):
    """What a file was when it was written."""

    size: int
    """Bytes of the file."""
    sha256: str
    """SHA-256 of its content, in hexadecimal digits."""

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The note on a file with this content."""
        return cls(size=len(data), sha256=hashlib.sha256(data).hexdigest())


@dataclass(frozen=True)
class Damage:
    """A file that is not what it was."""

    store: Store
    """Folder of the file."""
    name: str
    reason: str
    """missing, or what is wrong with it."""

    def __str__(self) -> str:
        return f"{self.store}/{self.name}: {self.reason}"


def set_aside_suffix() -> str:
    """Ending of the name of what is moved away because it is damaged."""
    return f".corrupt-{datetime.now(UTC):%Y%m%d-%H%M%S}"


class DamagedFile(UserError):
    """A file that was read is not what was written."""

    def __init__(self, damage: Damage) -> None:
        super().__init__(f"{damage}: the same command finds it, sets it aside and makes it again")
        self.damage = damage


def read_intact(store: Store, name: str, written: StoredFile) -> bytes:
    """The bytes of a file that are those that were written.

    Raises:
        DamagedFile: they are not, or the file is missing or unreadable.
    """
    try:
        data = store.read(name)
    except FileNotFoundError:
        raise DamagedFile(Damage(store, name, "missing")) from None
    except OSError as error:
        raise DamagedFile(Damage(store, name, f"unreadable ({error})")) from error
    if len(data) != written.size:
        raise DamagedFile(Damage(store, name, f"{len(data)} bytes where {written.size} were written"))
    if StoredFile.of(data) != written:
        raise DamagedFile(Damage(store, name, "its content has changed"))
    return data


def find_damage(store: Store, name: str, written: StoredFile) -> Damage | None:
    """What is wrong with a file; None where nothing is."""
    try:
        read_intact(store, name, written)
    except DamagedFile as error:
        return error.damage
    return None


class Sealed(BaseModel):
    """A JSON file that carries the checksum of its own content."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    seal: str = ""
    """SHA-256 of everything else in the file."""

    def sealed(self) -> Self:
        """This content with its seal."""
        return self.model_copy(update={"seal": self._checksum()})

    def _checksum(self) -> str:
        return hashlib.sha256(self.model_dump_json(exclude={"seal"}).encode()).hexdigest()

    @model_validator(mode="after")
    def _unbroken(self) -> Self:
        if self.seal and self.seal != self._checksum():
            raise ValueError("its content has changed since it was written")
        return self
