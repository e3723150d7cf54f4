"""The generated reference knows every setting, every command and every file of a run."""

import re

import pytest
import yaml

from docs.generate.commands import commands_page
from docs.generate.files import files_page
from docs.generate.kinds import kind_of
from docs.generate.settings import settings_page
from orchestrator.cli import app
from orchestrator.legs import artifacts
from orchestrator.settings.loading import load_experiment
from tests.places import CONFIGS
from trainable.activations import Activation
from trainable.selection import Selection

SETTINGS, COMMANDS, FILES = settings_page(), commands_page(), files_page()


def keys(value: object, prefix: str = "") -> set[str]:
    """Dotted keys of a configuration, but those of rows, columns and ensembles."""
    if isinstance(value, dict) and prefix not in ("activations.", "selections.", "ensembles."):
        return {key for name, inner in value.items() for key in keys(inner, f"{prefix}{name}.")}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return keys(value[0], prefix.removesuffix(".") + "[].")
    return {prefix.removesuffix(".")}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_key_of_a_configuration_is_a_setting(path: object) -> None:
    assert isinstance(path, type(CONFIGS))
    documented = set(re.findall(r"^\| `([\w.\[\]]+)` \|", SETTINGS, re.MULTILINE))
    assert keys(yaml.safe_load(path.read_text())) <= documented


def test_defaults_bounds_source_and_effect_are_told() -> None:
    rows = {line.split(" | ")[0]: line for line in SETTINGS.splitlines()}
    assert rows["| `batches.size`"] == (
        "| `batches.size` | whole number, over 0 | `64` | paper |  | Clips in a training batch. |"
    )
    assert "at least 0, under 1 | `0.2` | ours |  |" in rows["| `model.dropout`"]
    assert "at least 100, at most 1,000,000 | `10000` | ours | no |" in rows["| `report.resamples`"]
    assert "under 2^63" in rows["| `fold_seed`"]
    assert "| whole number, over 0 |  | paper |" in rows["| `stages[].iterations`"]


def test_a_default_is_the_program_s() -> None:
    experiment = load_experiment(CONFIGS / "paper.yaml", ())
    assert f"| `{experiment.schedule.f_threshold}` | ours |" in SETTINGS
    assert '| `"auto"` | ours | no | CPUs that one' in SETTINGS


def test_every_mechanism_is_listed_with_what_it_does() -> None:
    for choices in (Activation.choices(), Selection.choices()):
        for name, choice in choices.items():
            assert f"| `{name}` | | | | | " in SETTINGS
            assert all(f"`{field}`" in SETTINGS for field in choice.model_fields)


def test_every_setting_says_what_it_is() -> None:
    rows = [line for line in SETTINGS.splitlines() if line.startswith("| `")]
    assert len(rows) > 80
    assert [row for row in rows if row.endswith("|  |")] == []


def test_every_command_and_option_is_listed() -> None:
    for name in app.COMMANDS:
        assert f"## {name}\n" in COMMANDS
    assert "| `--window` |" in COMMANDS
    assert "stagegrid predict OUT PATHS... [OPTIONS]" in COMMANDS


def test_every_file_and_field_of_a_run_is_listed() -> None:
    names = {value for name, value in vars(artifacts).items() if name.isupper() and isinstance(value, str)}
    assert {name for name in names if name not in FILES} == set()
    schemas = [
        value
        for value in vars(artifacts).values()
        if isinstance(value, type) and value.__module__ == artifacts.__name__
    ]
    for schema in schemas:
        assert f"### {schema.__name__}\n" in FILES


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "whole number, at least 1"),
        ({"anyOf": [{"type": "number"}, {"const": "auto"}]}, "number or `auto`"),
        ({"enum": ["a", "b"]}, "`a` or `b`"),
        ({"type": "array", "items": {"type": "string"}}, "list of: text"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "null"}]}, "list of: text; `null`"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "mapping of names to: text"),
        ({"$ref": "#/$defs/X"}, "section"),
        ({}, "anything"),
    ],
)
def test_what_a_field_may_hold_in_words(schema: dict[str, object], words: str) -> None:
    assert kind_of(schema) == words
