"""legs.md: the folders of legs are named by hashes; this says in words what each of them is."""

from collections.abc import Iterator

from orchestrator.files.store import Store
from orchestrator.legs.artifacts import LEGS, LEGS_INDEX, WEIGHTS, RunManifest, fold_name
from orchestrator.legs.plan import Leg


def write_legs_index(out: Store, manifest: RunManifest) -> None:
    """Write which leg is what, and where each cell's networks are."""
    out.write(LEGS_INDEX, legs_index(manifest).encode())


def legs_index(manifest: RunManifest) -> str:
    """The text, in Markdown. Names of rows and columns are letters, digits and `._+-`."""
    return "\n".join(_lines(manifest)) + "\n"


def _lines(manifest: RunManifest) -> Iterator[str]:
    yield "# Legs"
    yield ""
    yield f"A leg is a span of training that cells share. Its folder in `{LEGS}/` is named by a hash of all"
    yield f"that can change it; `{fold_name(0)}/`, ... in it are the networks of the cross-validation folds."
    yield "A folder that is not listed is of other settings than the last command's."
    yield ""
    yield "| folder | leg | grows from | iterations |"
    yield "|---|---|---|---|"
    for leg in manifest.legs:
        yield f"| `{leg.id}` | {leg.label} | {_parent(leg)} | {_span(leg)} |"
    yield ""
    yield f"| cell | its networks: `{WEIGHTS}` of each fold in |"
    yield "|---|---|"
    for cell, leg_id in manifest.cells.items():
        yield f"| {cell.entry}, seed {cell.seed} | `{leg_id}` |"


def _parent(leg: Leg) -> str:
    return f"`{leg.parent}`" if leg.parent else "the start"


def _span(leg: Leg) -> str:
    return f"{leg.last_iteration - leg.iterations + 1} to {leg.last_iteration}"
