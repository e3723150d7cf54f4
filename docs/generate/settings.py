"""reference/settings.md: every key of a configuration, from the settings' own classes."""

import json
from collections.abc import Container, Iterator
from typing import get_origin

from pydantic import create_model
from pydantic.fields import FieldInfo

from docs.generate.kinds import Schema, cell, first_line, kind_of, models_in
from orchestrator.settings.tree import Experiment
from trainable.activations import Activation
from trainable.config import NO_RESULT, OURS, PAPER, Mechanism, Settings
from trainable.selection import Selection

HEAD = """# Settings

Every key of a configuration, from the classes that check it. `--set a.b=c` changes one. *From* says
whether the paper gives the value or we do; *result* is "no" where a setting changes no trained model, so
that results stay valid when it changes. A key has to be given where it has no default and is no section;
a section that may be `null` may be left out.
"""
TABLE = "\n| key | may be | default | from | result | what it is |\n|---|---|---|---|---|---|\n"
AXES: dict[str, tuple[type[Mechanism], str, str]] = {
    "activations": (Activation, "structure", "Rows of the grid"),
    "selections": (Selection, "mechanism", "Columns of the grid"),
}


def settings_page() -> str:
    """The page."""
    schemas = _own_schemas()
    fields = Experiment.model_fields
    plain = [name for name, field in fields.items() if _section(name, field) is None]
    rows = [
        _row(name, fields[name], schemas.get(name, {}), NO_RESULT in fields[name].metadata) for name in plain
    ]
    parts = [_part(name, field) for name, field in fields.items() if name not in plain]
    return HEAD + TABLE + "\n".join(rows) + "\n" + "".join(parts) + "".join(map(_axis, AXES))


def _part(name: str, field: FieldInfo) -> str:
    """A section of a configuration."""
    settings = _section(name, field)
    assert settings
    listed = get_origin(field.annotation) is tuple
    text = field.description or first_line(settings)
    rows = _rows(settings, f"{name}[]." if listed else f"{name}.", inert=NO_RESULT in field.metadata)
    return f"\n## {name}\n\n{'A list. ' if listed else ''}{text}\n{TABLE}" + "\n".join(rows) + "\n"


def _rows(settings: type[Settings], prefix: str, *, inert: bool) -> Iterator[str]:
    """A line for each setting, those of a section after it; `inert` where all of it changes no result."""
    schemas = settings.model_json_schema()["properties"]
    for name, field in settings.model_fields.items():
        key, inner = prefix + name, _section(name, field)
        harmless = inert or NO_RESULT in field.metadata
        yield _row(key, field, schemas[name], harmless)
        if inner:
            listed = "[]" if get_origin(field.annotation) is tuple else ""
            yield from _rows(inner, f"{key}{listed}.", inert=harmless)


def _own_schemas() -> Schema:
    """An experiment's; its axes are described below the table."""
    plain = {name: field for name, field in Experiment.model_fields.items() if name not in AXES}
    made = {name: (field.annotation, field) for name, field in plain.items()}
    schema: Schema = create_model("Plain", **made).model_json_schema()["properties"]  # type: ignore[call-overload]
    return schema


def _section(name: str, field: FieldInfo) -> type[Settings] | None:
    found = [model for model in models_in(field.annotation) if issubclass(model, Settings)]
    return found[0] if found and name not in AXES else None


def _row(key: str, field: FieldInfo, schema: Schema, inert: bool) -> str:
    name = key.rpartition(".")[2]
    kind = f"mapping: see [below](#{name})" if name in AXES else kind_of(schema)
    source = _source(field)
    text = field.description or ""
    result = "no" if inert else ""
    return f"| `{key}` | {cell(kind)} | {_default(field)} | {source} | {result} | {cell(text)} |"


def _source(field: FieldInfo) -> str:
    return next((mark for mark in field.metadata if mark in (PAPER, OURS)), "")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if field.is_required() or isinstance(value, Settings):
        return ""
    return f"`{json.dumps(value)}`"


def _axis(axis: str) -> str:
    """What there is on an axis of the grid."""
    kind, key, title = AXES[axis]
    lines = [
        f"\n## {axis}\n",
        f"{title}: names, each with its settings. A name of your own says with `{key}` what it is:",
        f"`mine: {{{key}: {min(kind.choices())}}}`.\n",
        f"| {key} | setting | may be | default | from | what it is |\n|---|---|---|---|---|---|",
        *_own_settings(kind, "each", ()),
    ]
    for name, choice in kind.choices().items():
        lines += [
            f"| `{name}` | | | | | {cell(first_line(choice))} |",
            *_own_settings(choice, "", kind.model_fields),
        ]
    return "\n".join(lines) + "\n"


def _own_settings(choice: type[Mechanism], name: str, common: Container[str]) -> Iterator[str]:
    """A line for each setting that is not `common` to all of the axis."""
    schemas = choice.model_json_schema().get("properties", {})
    for setting, field in choice.model_fields.items():
        if setting not in common:
            source = _source(field)
            kind, text = cell(kind_of(schemas[setting])), cell(field.description or "")
            yield f"| {name} | `{setting}` | {kind} | {_default(field)} | {source} | {text} |"
