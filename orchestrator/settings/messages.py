"""What pydantic found, as one line for whoever wrote the configuration."""

import math
import re
from collections.abc import Sequence
from typing import get_args

from pydantic_core import ErrorDetails

from trainable.config import Settings
from trainable.errors import did_you_mean

_UNION_MEMBER = re.compile(r"literal\[.*\]|float|int|str|constrained-\w+")
"""What pydantic puts at the end of a place where a value may be of several types: it is no key."""


SHOWN = 200
"""Characters of a value or key in a message: it may have megabytes."""
LONGEST = 2000
"""Characters of a message, in case a validator has put a value into it."""


def shortened(text: str) -> str:
    """As much of `text` as a message has room for."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def explain(error: ErrorDetails, model: type[Settings]) -> str:
    """The problem `error` in settings of type `model`: its place, what is wrong, the nearest valid key."""
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
    """Names of the settings at this place of the tree."""
    for key in keys:
        if key.isdigit():
            continue
        annotation = model.model_fields[key].annotation
        inner = [annotation, *get_args(annotation)]
        model = next(kind for kind in inner if isinstance(kind, type) and issubclass(kind, Settings))
    return list(model.model_fields)
