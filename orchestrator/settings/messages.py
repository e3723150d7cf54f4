"""Settings in words: what is wrong with a configuration, a line each, and what sets two of them apart."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic_core import ErrorDetails

from trainable.config import Settings
from trainable.errors import did_you_mean

_UNION_MEMBER = re.compile(r"literal\[.*\]|float|int|str|constrained-\w+")
"""What pydantic adds to the keys of a value that may be of several types: it is no key."""
SHOWN = 200
"""Characters of a value or key in a message: it may have megabytes."""
LONGEST = 2000
"""Characters of a message, in case a validator has put a value into it."""
LONGEST_VALUE = 60
"""Characters of a value that is told; of longer ones only that they have changed."""


def shortened(text: str) -> str:
    """As much of `text` as a message has room for."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def explain(error: ErrorDetails, model: type[Settings]) -> str:
    """The problem `error` in settings of type `model`: its key, what is wrong, the nearest valid key."""
    keys = [shortened(str(key)) for key in error["loc"]]
    if error["type"] == "extra_forbidden":
        hint = did_you_mean(keys[-1], _fields(model, keys[:-1]), least=0)
        return f"{'.'.join(keys)}: unknown key{hint}"
    if keys and _UNION_MEMBER.fullmatch(keys[-1]):
        keys.pop()
    where = ".".join(keys) or "the configuration"
    return f"{where}: {_message(error)}" + _given(error)


def _given(error: ErrorDetails) -> str:
    value = error["input"]
    simple = isinstance(value, str | int | float) and not (isinstance(value, float) and math.isnan(value))
    return f" (given: {shortened(repr(value))})" if simple else ""


def _message(error: ErrorDetails) -> str:
    return error["msg"].removeprefix("Value error, ")[:LONGEST]


def _fields(model: type[Settings], keys: Sequence[str]) -> list[str]:
    """Names of the settings below these keys."""
    for key in keys:
        if key.isdigit():
            continue
        annotation = model.model_fields[key].annotation
        inner = [annotation, *get_args(annotation)]
        model = next(kind for kind in inner if isinstance(kind, type) and issubclass(kind, Settings))
    return list(model.model_fields)


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
        texts = list(map(yaml_value, sides))
        if any(map(_has_parts, sides)) or max(map(len, texts)) > LONGEST_VALUE:
            return f"{self.key} changed"
        return f"{self.key} {texts[0]} -> {texts[1]}"


def changes(old: Any, new: Any, prefix: str = "") -> Iterator[Change]:
    """The differences of nested mappings and of lists of equal length, in their order."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            yield from changes(old.get(key), new.get(key), f"{prefix}{key}.")
    elif isinstance(old, list) and _has_parts(old) and _has_parts(new) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from changes(before, after, f"{prefix}{index}.")
    elif old != new:
        yield Change(prefix.rstrip("."), old, new)


def _has_parts(value: Any) -> bool:
    """Whether it is a tree rather than a value."""
    inner = value if isinstance(value, list) else []
    return isinstance(value, dict) or any(isinstance(item, dict | list) for item in inner)


def yaml_value(value: object) -> str:
    """A value as YAML has it, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(yaml_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {yaml_value(inner)}' for key, inner in value.items())}}}"
    return f"{value:g}" if isinstance(value, float) else str(value)
