"""Configurations by name, and the nearest one for a name that is none."""

from pathlib import Path

import pytest

from orchestrator.legs.plan import make_plan
from orchestrator.settings.loading import load_experiment
from orchestrator.settings.shipped import FOLDER, find_config, is_shipped, shipped_names
from tests.places import CONFIGS
from trainable.errors import UserError


def test_what_is_shipped_are_the_projects_configurations() -> None:
    assert shipped_names() == ["claims", "demo", "extended", "paper", "smoke"]
    assert FOLDER.resolve() == CONFIGS.resolve()


@pytest.mark.parametrize("name", shipped_names())
def test_every_name_loads_what_the_file_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_experiment(Path(name)) == load_experiment(CONFIGS / f"{name}.yaml")


def test_a_file_of_that_name_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert is_shipped(Path("demo"))
    Path("demo").write_text("name: mine\n")
    assert not is_shipped(Path("demo"))
    assert find_config(Path("demo")) == Path("demo")


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("dmeo", "did you mean demo?"),
        ("dmeo.yaml", "did you mean demo?"),
        ("demo.yaml", "did you mean demo?"),
        ("minee.yaml", "did you mean mine.yaml?"),
        ("sub/mien.yml", "did you mean sub/mine.yml?"),
        ("nowhere/configs/papr.yaml", "did you mean paper?"),
        ("qqq", "no such configuration file (by name there are claims, demo,"),
    ],
)
def test_the_nearest_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, hint: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sub").mkdir()
    for name in ("mine.yaml", "sub/mine.yml"):
        Path(name).touch()
    with pytest.raises(UserError) as caught:
        find_config(Path(asked))
    assert str(caught.value).startswith(f"{asked}: no such configuration file")
    assert hint in str(caught.value)


def test_cells_in_common_with_the_demo_are_its_own() -> None:
    demo, extended = (make_plan(load_experiment(Path(name)), "data").ends for name in ("demo", "extended"))
    common = {cell: leg for cell, leg in demo.items() if cell in extended}
    assert len(common) == 9
    assert common == {cell: extended[cell] for cell in common}
