"""reference/files.md: every file of a run, from the module that owns their names and schemas."""

from collections.abc import Iterator

import pyarrow as pa

from docs.generate.kinds import cell, kind_of
from orchestrator.files.store import Artifact
from orchestrator.legs import artifacts, tables
from orchestrator.legs.plan import Leg

HEAD = """# Files of a run

JSON is for any program, tables are Parquet, weights are safetensors. Shards of features are Parquet too.
`state.pt` is for training alone: torch's format, opened with `weights_only`.

```
{tree}
```

"""
TABLES = {
    artifacts.CLIPS: (
        tables.CLIP_COLUMNS,
        "A row for each clip, in the order of the features; `fold` is -1 where none.",
    ),
    artifacts.CURVES: (tables.CURVE_COLUMNS, "A row for each iteration (from 1); `stage` counts from 0."),
    artifacts.PREDICTIONS: (
        tables.predictions_schema(1),
        "Scores at the end of each stage, a value for each class in the order of `vocabulary`.",
    ),
    artifacts.UNVERIFIED: (tables.scores_schema(1), "The final model's scores of the unverified clips."),
    artifacts.JUDGEMENTS: (
        tables.JUDGEMENT_COLUMNS,
        "A row for each unverified clip of each batch, in order of time.",
    ),
}
JSON: tuple[type[Artifact], ...] = (
    artifacts.RunManifest, Leg, artifacts.Timing,
    artifacts.LegIdentity, artifacts.FoldResult, artifacts.LegResult,
    artifacts.LegFailure, artifacts.FoldProgress,
)  # fmt: skip


def files_page() -> str:
    """The page."""
    tree = (artifacts.__doc__ or "").partition("\n\n")[2].strip()
    parts = [HEAD.format(tree=tree), "## JSON\n", *map(_schema, JSON), "## Parquet\n", *map(_table, TABLES)]
    return "\n".join(parts)


def _schema(model: type[Artifact]) -> str:
    return "\n".join([f"### {model.__name__}\n", f"{model.__doc__}\n", *_fields(model), ""])


def _fields(model: type[Artifact]) -> Iterator[str]:
    yield "| field | holds | what it is |\n|---|---|---|"
    schemas = model.model_json_schema(mode="serialization")["properties"]
    for name, field in model.model_fields.items():
        yield f"| `{name}` | {cell(kind_of(schemas[name]))} | {cell(field.description or '')} |"


def _table(name: str) -> str:
    schema, text = TABLES[name]
    rows = [f"| `{column.name}` | {_column(column.type)} |" for column in schema]
    return "\n".join([f"### {name}\n", f"{text}\n", "| column | type |\n|---|---|", *rows, ""])


def _column(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _column(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return f"list of {_column(kind.value_type)}"
    return str(kind)
