"""What pydantic found, as one line for whoever wrote the configuration."""

import difflib
import math
import re
from collections.abc import Sequence
from typing import get_args

from pydantic_core import ErrorDetails

from trainable.config import Settings

_UNION_MEMBER = re.compile(r"literal\[.*\]|float|int|str|constrained-\w+")
"""What pydantic puts at the end of a place where a value may be of several types: it is no key."""


def explain(error: ErrorDetails, model: type[Settings]) -> str:
    """The problem `error` in settings of type `model`: its place, what is wrong, the nearest valid key."""
    keys = [str(key) for key in error["loc"]]
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _fields(model, keys[:-1]), 1, 0)
        return f"{'.'.join(keys)}: unknown key" + (f", did you mean {near[0]}?" if near else "")
    if keys and _UNION_MEMBER.fullmatch(keys[-1]):
        keys.pop()
    where = ".".join(keys) or "the configuration"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}" + _given(error)


def _given(error: ErrorDetails) -> str:
    value = error["input"]
    simple = isinstance(value, str | int | float) and not (isinstance(value, float) and math.isnan(value))
    return f" (given: {value!r})" if simple else ""


def _fields(model: type[Settings], keys: Sequence[str]) -> list[str]:
    """Names of the settings at this place of the tree."""
    for key in keys:
        if key.isdigit():
            continue
        annotation = model.model_fields[key].annotation
        inner = [annotation, *get_args(annotation)]
        model = next(kind for kind in inner if isinstance(kind, type) and issubclass(kind, Settings))
    return list(model.model_fields)
