"""What a field may hold, in words, from its JSON schema."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

Schema = Mapping[str, Any]

WORDS = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false"}
BOUNDS = {
    "minimum": "at least",
    "exclusiveMinimum": "over",
    "maximum": "at most",
    "exclusiveMaximum": "under",
}


def kind_of(schema: Schema) -> str:
    """Such as "whole number, over 0", or "`auto` or `plain`"."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(map(kind_of, schema["anyOf"])))
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if "$ref" in schema or "allOf" in schema:
        return "section"
    return _plain(schema)


def _plain(schema: Schema) -> str:
    match schema.get("type"):
        case "null":
            return "`null`"
        case "array" if "prefixItems" in schema:
            return "list of: " + "; ".join(map(kind_of, schema["prefixItems"]))
        case "array":
            return f"list of: {kind_of(schema['items'])}" if schema.get("items") else "list"
        case "object":
            inner = schema.get("additionalProperties")
            return f"mapping of names to: {kind_of(inner)}" if isinstance(inner, Mapping) else "mapping"
        case kind:
            return ", ".join([WORDS.get(str(kind), "anything"), *_bounds(schema)])


def _bounds(schema: Schema) -> Iterator[str]:
    for key, word in BOUNDS.items():
        if key in schema:
            value = schema[key]
            yield f"{word} " + (
                "2^63" if value == 2**63 else f"{value:,}" if value == int(value) else f"{value:g}"
            )


def models_in(annotation: object) -> Iterator[type[BaseModel]]:
    """The models that an annotation names, such as M in `tuple[M, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.split()).replace("|", "\\|").replace("*", "\\*")


def first_line(documented: object) -> str:
    """Of a docstring."""
    return (documented.__doc__ or "").strip().partition("\n")[0]
