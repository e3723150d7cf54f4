"""Legs in the reader's words."""

from pathlib import Path

from orchestrator.legs.words import leg_names
from tests.orchestrator.fake_run import make_fake_run


def names(folder: Path, **changes: object) -> list[str]:
    return list(leg_names(make_fake_run(folder, activations=("sigmoid",), **changes)).values())  # type: ignore[arg-type]


def test_a_stem_and_its_branches(tmp_path: Path) -> None:
    assert names(tmp_path) == [
        "sigmoid · shared stem", "sigmoid · verified_only", "sigmoid · top_k", "sigmoid · threshold",
    ]  # fmt: skip


def test_a_single_column_needs_no_stem(tmp_path: Path) -> None:
    assert names(tmp_path, selections=("top_k",)) == ["sigmoid · top_k"]


def test_seeds_are_named_where_there_are_several(tmp_path: Path) -> None:
    found = names(tmp_path, selections=("top_k",), seeds=(0, 1))
    assert found == ["sigmoid · top_k · s0", "sigmoid · top_k · s1"]
