"""Rows and columns of the grid in a configuration."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.settings.loading import load_experiment, parse_experiment
from orchestrator.settings.tree import Experiment
from tests.orchestrator.settings.tiny_config import MINIMAL, write
from trainable.activations import Activation
from trainable.errors import UserError
from trainable.selection import Selection


def test_rows_and_columns_keep_their_order_and_names(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path))
    assert list(experiment.activations) == ["sigmoid", "wide"]
    assert experiment.activations["wide"].name == "sigmoid_softmax"
    assert experiment.selections["strict"].describe() == {
        "name": "threshold",
        "k": 2,
        "alpha": 0.5,
        "rank_by": "loss",
        "mask_target": "unverified",
    }
    assert parse_experiment(experiment.model_dump(mode="json"), "dump") == experiment
    plain, strict = experiment.cell("verified_only"), experiment.cell("strict")
    assert [stage.unverified for stage in plain] == [0, 0]
    assert [stage.unverified for stage in strict] == [0, 0.5]


def with_axis(axis: str, value: Any) -> Experiment:
    return parse_experiment(yaml.safe_load(MINIMAL) | {axis: value}, "tiny.yaml")


@pytest.mark.parametrize(
    ("axis", "kind", "key"),
    [("activations", Activation, "structure"), ("selections", Selection, "mechanism")],
)
def test_every_choice_may_stand_under_its_name_and_under_another(axis: str, kind: Any, key: str) -> None:
    for name in kind.choices():
        settings = {"k": 2} if "k" in kind.choices()[name].model_fields else {}
        value = {name: settings or None, "mine": {key: name, **settings}}
        under_both = getattr(with_axis(axis, value), axis)
        assert list(under_both) == [name, "mine"]
        assert under_both[name] == under_both["mine"] == kind.make(name, **settings)


@pytest.mark.parametrize(
    ("axis", "key", "name"), [("activations", "structure", "sigmoid"), ("selections", "mechanism", "lq")]
)
def test_what_is_written_names_the_choice_and_all_its_settings(axis: str, key: str, name: str) -> None:
    experiment = with_axis(axis, {"mine": {key: name}})
    written = experiment.model_dump(mode="json")[axis]
    fields = type(getattr(experiment, axis)["mine"]).model_fields
    assert set(written) == {"mine"}
    assert written["mine"].keys() == {key, *fields}
    assert written["mine"][key] == name


@pytest.mark.parametrize(
    ("axis", "value", "message"),
    [
        (
            "activations",
            ["sigmoid"],
            "activations: must map a name to its settings, such as {asymmetric: {}}",
        ),
        ("selections", "top_k", "selections: must map a name to its settings, such as {bootstrap: {}}"),
        ("activations", {}, "activations: Value should have at least 1 item"),
        ("activations", {"sigmoid": 3}, "activations: sigmoid: must be a mapping of settings, or nothing"),
        ("selections", {"top_j": {}}, "unknown selection 'top_j': choose from bootstrap, gmm, keep_all,"),
        ("selections", {"x": {"structure": "top_k"}}, "unknown selection 'x'"),
        ("selections", {"x": {"mechanism": "tresh"}}, "unknown selection 'tresh'"),
        ("activations", {"x": {"structure": "top_k"}}, "unknown activation 'top_k'"),
        (
            "selections",
            {"x": {"mechanism": "top_k", "k": 0}},
            "selections: x.k: Input should be greater than 0",
        ),
        (
            "selections",
            {"x": {"mechanism": "threshold", "k": 0, "alfa": 1}},
            "x.k: Input should be greater than 0 (given: 0); x.alfa: unknown key, did you mean alpha?",
        ),
        ("activations", {"sigmoid_softmax": {"head_weights": [1]}}, "head_weights needs 2 values"),
    ],
)
def test_a_wrong_row_or_column_is_named(axis: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        with_axis(axis, value)


BAD_NAMES = ["a/b", "..", ".", "", "a b", "ä", "x" * 65, "a\n", "../up", "a\\b", "a:b"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_no_folders_are_refused(name: str) -> None:
    content: dict[str, Any] = yaml.safe_load(MINIMAL)
    changes = (
        {"name": name},
        {"activations": {name: {"structure": "sigmoid"}}},
        {"selections": {name: {"mechanism": "verified_only"}}},
        {"ensembles": {name: ["sigmoid/strict"]}},
    )
    for change in changes:
        with pytest.raises(UserError, match=r"is no name: use 1 to 64 letters, digits and _\.\+- alone"):
            parse_experiment(content | change, "tiny.yaml")


@pytest.mark.parametrize("name", ["a", "A.b_c+d-1", "x" * 64, "...", "-"])
def test_names_that_are_folders_are_taken(name: str) -> None:
    content = yaml.safe_load(MINIMAL) | {"name": name, "activations": {name: {"structure": "sigmoid"}}}
    assert list(parse_experiment(content, "tiny.yaml").activations) == [name]
