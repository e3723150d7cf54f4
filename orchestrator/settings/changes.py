"""What sets two trees of settings apart: which keys, from which value to which."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST_VALUE = 60
"""Characters of a value that is told; of longer ones only that they have changed."""


@dataclass(frozen=True)
class Change:
    """A setting that has another value, or that only one side has."""

    key: str
    """Dotted, as --set takes it."""
    old: Any
    """None where it is not there."""
    new: Any

    def __str__(self) -> str:
        sides = [self.old, self.new]
        texts = list(map(_text, sides))
        if any(map(_has_parts, sides)) or max(map(len, texts)) > LONGEST_VALUE:
            return f"{self.key} changed"
        return f"{self.key} {texts[0]} -> {texts[1]}"


def changes(old: Any, new: Any, prefix: str = "") -> Iterator[Change]:
    """The differences of nested mappings and of lists of equal length, in their order."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from changes(old.get(key), new.get(key), f"{prefix}{key}.")
    elif isinstance(old, list) and _has_parts(old) and _has_parts(new) and len(old) == len(new):
        for place, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from changes(one, other, f"{prefix}{place}.")
    elif old != new:
        yield Change(prefix.rstrip("."), old, new)


def _has_parts(value: Any) -> bool:
    """Whether it is a tree rather than a value."""
    inner = value if isinstance(value, list) else []
    return isinstance(value, dict) or any(isinstance(item, dict | list) for item in inner)


def _text(value: Any) -> str:
    """A value as YAML would have it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value)
