"""The grid's two axes in a configuration: names of rows and columns, each with its mechanism's settings."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError

from orchestrator.settings.messages import explain, shortened
from trainable.activations import Activation
from trainable.config import Mechanism
from trainable.selection import Selection

NAME = r"[A-Za-z0-9_.+-]{1,64}"
"""Names become folders, files and columns."""


def named(name: object, key: str = "") -> str:
    """A name that is fit for a folder, as it was given; `key` is where it stands.

    Raises:
        ValueError: says what a name may be.
    """
    if not isinstance(name, str) or not re.fullmatch(NAME, name) or name in (".", ".."):
        where = f"{key}: " if key else ""
        shown = shortened(repr(name))
        raise ValueError(f"{where}{shown} is no name: use 1 to 64 letters, digits and _.+- alone")
    return name


def _mechanisms(kind: type[Mechanism], key: str) -> BeforeValidator:
    """Turn {name: settings} into mechanisms; `key` among the settings names one that is not called `name`."""

    def build(value: object) -> object:
        if not isinstance(value, Mapping):
            raise ValueError(f"must map a name to its settings, such as {{{min(kind.choices())}: {{}}}}")
        return {named(name): _mechanism(kind, key, name, settings) for name, settings in value.items()}

    return BeforeValidator(build)


def _mechanism(kind: type[Mechanism], key: str, name: object, settings: object) -> object:
    if isinstance(settings, Mechanism):
        return settings
    if settings is not None and not isinstance(settings, Mapping):
        raise ValueError(f"{name}: must be a mapping of settings, or nothing")
    fields = {str(k): v for k, v in (settings or {}).items()}
    if "name" in fields:
        raise ValueError(f"{name}.name: unknown key, did you mean {key}?")
    chosen = str(fields.pop(key, name))
    try:
        return kind.make(chosen, **fields)
    except ValidationError as error:
        model = kind.choices()[chosen]
        raise ValueError("; ".join(f"{name}.{explain(e, model)}" for e in error.errors())) from None


def _written(key: str) -> PlainSerializer:
    """Turn mechanisms back into what a configuration says."""

    def write(value: dict[str, Mechanism]) -> dict[str, Any]:
        return {name: {key: chosen.name, **chosen.model_dump(mode="json")} for name, chosen in value.items()}

    return PlainSerializer(write)


Activations = Annotated[
    dict[str, Activation],
    _mechanisms(Activation, "structure"),
    _written("structure"),
    Field(min_length=1),
]
Selections = Annotated[
    dict[str, Selection],
    _mechanisms(Selection, "mechanism"),
    _written("mechanism"),
    Field(min_length=1),
]
