"""Configuration files: which one a name means, and text that is none."""

import time
from pathlib import Path

import pytest

from orchestrator.legs.plan import make_plan
from orchestrator.settings.config_files import FOLDER, find_config, is_shipped, shipped_names
from orchestrator.settings.loading import load_experiment
from tests.orchestrator.settings.tiny_config import write
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


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: &a [*a]", "line 1: write out what a stands for"),
        ("a:\n- &long {b: 1}\n- *long", "line 2: write out what long stands for"),
        ("[a]: 1", "line 1: a key must be a word"),
        ("x: 1\n{a: b}: 1", "line 2: a key must be a word"),
        ("? [a, b]\n: 1", "line 1: a key must be a word"),
        ("1: a", "line 1: the key 1 must be in quotes"),
        ("no: a", "line 1: the key no must be in quotes"),
        ("b:\n  <<: {x: 1}", "line 2: the key << must be in quotes"),
        ("a: " + "[" * 3000, "more than 30 levels inside one another"),
        ("a: " + "[" * 3000 + "]" * 3000, "more than 30 levels inside one another"),
        ("a: " + "{a: " * 3000, "more than 30 levels inside one another"),
        ("- " * 3000 + "a", "more than 30 levels inside one another"),
        ("a: !!python/object:os.system x", "line 1: take out the tag"),
        ("a: !!set {x, y}", "line 1: take out the tag"),
        ("a: !!int ''", "line 1: take out the tag"),
        ("a: 2001-99-99", "month must be in 1..12"),
        ("a: 0x_", "invalid literal"),
        ("a: *nothing", "line 1: write out what nothing stands for"),
        ("a: 1\na: 2", "line 2: a is given twice"),
        ("a: \0", "special characters are not allowed"),
        ("a: [" + "x, " * 60_000 + "]", "180005 characters are no configuration"),
    ],
    ids=range(21),
)
def test_yaml_without_an_end_or_a_sense_is_refused_quickly(tmp_path: Path, text: str, complaint: str) -> None:
    began = time.process_time()
    for refuse in (lambda: load_experiment(write(tmp_path, text)), lambda: _set(tmp_path, text)):
        with pytest.raises(UserError) as caught:
            refuse()
        assert complaint in str(caught.value)
        assert len(str(caught.value)) < 1500
    assert time.process_time() - began < 20


def _set(folder: Path, text: str) -> None:
    load_experiment(write(folder), [f"activations={text}"])
