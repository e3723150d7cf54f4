"""What people read when a configuration is wrong: the place, what is wrong there, the nearest valid key."""

import difflib
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from orchestrator.settings.loading import load_experiment, parse_experiment
from orchestrator.settings.messages import LONGEST_VALUE, Change, changes, explain
from orchestrator.settings.tree import Experiment, Resources
from tests.orchestrator.settings.tiny_config import MINIMAL, write
from trainable.config import Settings
from trainable.errors import UserError


def problem(folder: Path, change: str) -> str:
    with pytest.raises(ValueError, match=r"tiny\.yaml: ") as caught:
        load_experiment(write(folder), [change])
    return str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.chanels=[8]", "model.chanels: unknown key, did you mean channels?"),
        ("fold=3", "fold: unknown key, did you mean folds?"),
        ("stages.0.iteration=3", "stages.0.iteration: unknown key, did you mean iterations?"),
        ("selections.strict.kk=3", "selections: strict.kk: unknown key, did you mean k?"),
        ("data.plain={vocabulary: x}", "data.plain.vocabulary: unknown key, did you mean vocabulary_csv?"),
        ("synth.clases=4", "synth.clases: unknown key, did you mean classes?"),
        (
            "resources.machines=[{cpus: 2}, {cpu: 2}]",
            "resources.machines.1.cpu: unknown key, did you mean cpus?",
        ),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_one(tmp_path: Path, change: str, message: str) -> None:
    assert f"{tmp_path / 'tiny.yaml'}: {message}" in problem(tmp_path, change).splitlines()


LISTS = ("stages", "machines", "activations", "selections")
"""Fields that hold several sections, or sections of several kinds."""


def sections(settings: type[Settings], place: str = "") -> Iterator[tuple[str, type[Settings]]]:
    """Every section of the configuration that is there once, with its place and a dot."""
    yield place, settings
    for name, field in settings.model_fields.items():
        for kind in [field.annotation, *get_args(field.annotation)]:
            if isinstance(kind, type) and issubclass(kind, Settings) and name not in LISTS:
                yield from sections(kind, f"{place}{name}.")


@pytest.mark.parametrize(("place", "settings"), list(sections(Experiment)))
def test_a_stutter_in_any_key_is_answered_with_that_key(place: str, settings: type[Settings]) -> None:
    for key in settings.model_fields:
        content = inner = yaml.safe_load(MINIMAL)
        for name in filter(None, place.split(".")):
            inner[name] = inner.get(name) or {}
            inner = inner[name]
        inner[key + key[-1]] = None
        with pytest.raises(ValidationError) as caught:
            Experiment.model_validate(content)
        messages = [explain(error, Experiment) for error in caught.value.errors()]
        assert f"{place}{key}{key[-1]}: unknown key, did you mean {key}?" in messages


@pytest.mark.parametrize("key", ["literalx", "literal[x]", "float", "constrained-int"])
def test_a_key_that_looks_like_a_type_of_pydantics_is_a_key(tmp_path: Path, key: str) -> None:
    """Such words stand at the end of places where a value may be of several types; here they are keys."""
    matcher = difflib.SequenceMatcher(b=key)

    def likeness(field: str) -> tuple[float, str]:
        matcher.set_seq1(field)
        return matcher.ratio(), field

    message = problem(tmp_path, f"resources.{key}=1")
    nearest = max(Resources.model_fields, key=likeness)
    assert message.endswith(f": resources.{key}: unknown key, did you mean {nearest}?")


@pytest.mark.parametrize("value", ["-1", "many"])
def test_of_several_types_that_a_value_may_have_none_is_part_of_its_place(tmp_path: Path, value: str) -> None:
    lines = problem(tmp_path, f"resources.gpus_per_fold={value}").splitlines()
    assert len(lines) == 2, "what each of the two types says"
    assert all(": resources.gpus_per_fold: Input should be " in line for line in lines)


@pytest.mark.parametrize(
    ("change", "end"),
    [
        ("folds=1", "folds: Input should be greater than or equal to 2 (given: 1)"),
        (
            "folds=a b",
            "folds: Input should be a valid integer, unable to parse string as an integer (given: 'a b')",
        ),
        ("model=", "model: Input should be a valid dictionary or instance of Model"),
    ],
)
def test_a_simple_value_is_repeated_and_no_other(tmp_path: Path, change: str, end: str) -> None:
    assert problem(tmp_path, change) == f"{tmp_path / 'tiny.yaml'}: {end}"


def test_what_concerns_no_single_key_concerns_the_configuration(tmp_path: Path) -> None:
    message = problem(tmp_path, "seeds=[1, 1]")
    assert re.fullmatch(r".*tiny.yaml: the configuration: seeds \[1, 1\] names one twice", message)


def test_every_problem_has_a_line(tmp_path: Path) -> None:
    lines = problem(tmp_path, "model={chanels: [8], gru: 0}").splitlines()
    assert [line.split(": ")[1] for line in lines] == ["model.gru", "model.chanels"]


def test_values_and_keys_of_megabytes_are_cut() -> None:
    long = "x" * 10_000_000
    content = yaml.safe_load(MINIMAL)
    wrongs = [{"name": long}, {long: 1}, {"folds": long}, {"audio": {long: 1}}, {"activations": {long: {}}}]
    wrongs += [{"activations": {"a": {"structure": long}}}, {"data": {"layout": long}}]
    wrongs += [{"ensembles": {"a": [long]}}, {"selections": {"top_k": {long: 1}}}]
    for wrong in wrongs:
        began = time.process_time()
        with pytest.raises(UserError) as caught:
            parse_experiment(content | wrong, "tiny.yaml")
        assert len(str(caught.value)) < 4000, str(wrong)[:20]
        assert time.process_time() - began < 5, str(wrong)[:20]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({"batches": {"size": 8}}, {"batches": {"size": 16}}, ["batches.size 8 -> 16"]),
        ({"a": 1, "b": True}, {"a": 1, "b": None}, ["b true -> null"]),
        ({}, {"a": 0.5}, ["a null -> 0.5"]),
        ({"seeds": [0]}, {"seeds": [0, 1]}, ["seeds [0] -> [0, 1]"]),
        ({"stages": [{"n": 1}, {"n": 2}]}, {"stages": [{"n": 1}, {"n": 3}]}, ["stages.1.n 2 -> 3"]),
        ({"stages": [{"n": 1}]}, {"stages": [{"n": 1}, {"n": 3}]}, ["stages changed"]),
        ({"selections": {}}, {"selections": {"top_k": {"k": 2}}}, ["selections.top_k changed"]),
        ({"name": "a"}, {"name": "b" * (LONGEST_VALUE + 1)}, ["name changed"]),
        ({"a": {"b": [1]}}, {"a": {"b": [1]}}, []),
    ],
)
def test_keys_with_old_and_new_values(old: Any, new: Any, lines: list[str]) -> None:
    assert [str(change) for change in changes(old, new)] == lines


def test_a_change_keeps_both_values() -> None:
    assert list(changes({"a": {"b": 1}}, {"a": {"b": 2}})) == [Change("a.b", 1, 2)]
