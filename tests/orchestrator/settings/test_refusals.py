"""What a configuration may not be, said when it is read; nothing takes long."""

import re
import time
from pathlib import Path
from typing import Any

import pytest

from orchestrator.settings.loading import load_experiment, parse_experiment
from orchestrator.settings.memory import check_fits, check_memory
from orchestrator.settings.yaml_text import parse_yaml
from tests.orchestrator.settings.tiny_config import MINIMAL, write
from tests.places import CONFIGS, SMOKE
from trainable.errors import UserError

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def problem(folder: Path, change: str) -> str:
    with pytest.raises(UserError) as caught:
        load_experiment(write(folder), [change])
    return str(caught.value)


# --- names ---------------------------------------------------------------------------------------------

BAD_NAMES = ["a/b", "..", ".", "", "a b", "ä", "x" * 65, "a\n", "../up", "a\\b", "a:b"]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_no_folders_are_refused(name: str) -> None:
    content: dict[str, Any] = parse_yaml(MINIMAL)
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
    content = parse_yaml(MINIMAL) | {"name": name, "activations": {name: {"structure": "sigmoid"}}}
    assert list(parse_experiment(content, "tiny.yaml").activations) == [name]


# --- numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["seeds", "fold_seed", "report.bootstrap_seed", "synth.seed"])
def test_seeds_have_63_bits(tmp_path: Path, key: str) -> None:
    def change(seed: int) -> str:
        return f"{key}={[seed] if key == 'seeds' else seed}"

    load_experiment(write(tmp_path), [change(2**63 - 1)])
    for seed in (2**63, 2**64, 10**400):
        assert re.search(rf"{key.rpartition('.')[2]}|the value", problem(tmp_path, change(seed)))
        assert "9223372036854775807" in problem(tmp_path, change(seed))
    assert f"{key.partition('.')[0]}" in problem(tmp_path, f"{key}={['-1'] if key == 'seeds' else -1}")
    content = parse_yaml(MINIMAL) | {"fold_seed": str(2**63)}  # pydantic reads numbers from text
    with pytest.raises(UserError, match="fold_seed: Input should be less than 9223372036854775808"):
        parse_experiment(content, "tiny.yaml")


@pytest.mark.parametrize("value", [".nan", ".inf", "-.inf", "'nan'", "'inf'", "1.0e+999", "'1e999'"])
@pytest.mark.parametrize(
    "key", ["optimizer.learning_rate", "audio.top_db", "report.clip_sigma", "resources.gpus_per_fold"]
)
def test_what_is_no_finite_number_is_refused(tmp_path: Path, key: str, value: str) -> None:
    message = problem(tmp_path, f"{key}={value}")
    assert "finite number" in message


def test_numbers_are_checked_in_what_is_no_setting_too(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"tiny\.yaml: report\.more\.1: must be a finite number"):
        parse_experiment(parse_yaml(MINIMAL) | {"report": {"more": [1, float("nan")]}}, "tiny.yaml")


# --- YAML ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (BOMB, "more than 10000 values"),
        ("a: &a [*a]", "line 1: an alias stands inside of what it stands for"),
        ("a: &a {b: *a}", "line 1: an alias stands inside of what it stands for"),
        ("[a]: 1", "line 1: a key must be a word"),
        ("x: 1\n{a: b}: 1", "line 2: a key must be a word"),
        ("? [a, b]\n: 1", "line 1: a key must be a word"),
        ("1: a", "line 1: the key 1 must be in quotes"),
        ("no: a", "line 1: the key no must be in quotes"),
        ("a: &a {x: 1}\nb:\n  <<: *a", "line 3: << merges mappings"),
        ("a: " + "[" * 3000, "more than 30 levels inside one another"),
        ("a: " + "[" * 3000 + "]" * 3000, "more than 30 levels inside one another"),
        ("a: " + "{a: " * 3000, "more than 30 levels inside one another"),
        ("- " * 3000 + "a", "more than 30 levels inside one another"),
        ("a: [" + "x, " * 60_000 + "]", "more than 10000 values"),
        ("a: !!python/object:os.system x", "line 1: take out the tag"),
        ("a: !!set {x, y}", "line 1: take out the tag"),
        ("a: !!int ''", "line 1: take out the tag"),
        ("a: 2001-99-99", "month must be in 1..12"),
        ("a: 0x_", "invalid literal"),
        ("a: *nothing", "undefined alias"),
        ("a: 1\na: 2", "line 2: a is given twice"),
        ("a: \0", "special characters are not allowed"),
        ("x" * 200_001, "200001 characters are no configuration"),
    ],
    ids=range(23),
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


def test_anchors_may_be_used(tmp_path: Path) -> None:
    text = MINIMAL.replace("{iterations: 3}", "&first {iterations: 3}, *first")
    assert len(load_experiment(write(tmp_path, text)).stages) == 3


@pytest.mark.parametrize(
    "change", ["a..b=1", ".a=1", "a.=1", "=1", "stages.²=1", "stages.-1=1", "a." * 30 + "b=1"]
)
def test_a_key_that_leads_nowhere_is_refused(tmp_path: Path, change: str) -> None:
    assert problem(tmp_path, change).startswith("--set ")


# --- messages ------------------------------------------------------------------------------------------


def test_values_and_keys_of_megabytes_are_cut() -> None:
    long = "x" * 10_000_000
    content = parse_yaml(MINIMAL)
    wrongs = [{"name": long}, {long: 1}, {"folds": long}, {"audio": {long: 1}}, {"activations": {long: {}}}]
    wrongs += [{"activations": {"a": {"structure": long}}}, {"data": {"layout": long}}]
    wrongs += [{"ensembles": {"a": [long]}}, {"selections": {"top_k": {long: 1}}}]
    for wrong in wrongs:
        began = time.process_time()
        with pytest.raises(UserError) as caught:
            parse_experiment(content | wrong, "tiny.yaml")
        assert len(str(caught.value)) < 4000, str(wrong)[:20]
        assert time.process_time() - began < 5, str(wrong)[:20]


# --- memory --------------------------------------------------------------------------------------------

GIB = 2**30


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_the_shipped_configurations_fit_a_usual_machine(path: Path) -> None:
    check_memory(load_experiment(path), 16 * GIB)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ("batches.size=1000000", "batches.size (1000000)"),
        ("batches.crop_frames=100000000", "batches.crop_frames (100000000)"),
        ("model.gru=1000000", "the weights: model"),
        ("model.channels=[4, 10000000]", "model"),
        ("audio.n_fft=1000000000", "the spectrum: audio.n_fft"),
        ("stages.0.iterations=1000000000", "the curves: stages.*.iterations"),
        ("augment.time_masks=1000000000", "augment"),
    ],
)
def test_sizes_that_cannot_fit_are_refused_with_the_number(change: str, part: str) -> None:
    changes = [change] + (["batches.clip_frames=100000000"] if "crop" in change else [])
    experiment = load_experiment(SMOKE, changes)
    with pytest.raises(
        UserError, match=r"one fold needs about [\d,.]+ GiB, this machine has 16\.0 GiB"
    ) as caught:
        check_memory(experiment, 16 * GIB)
    assert part in str(caught.value)


def test_numbers_without_end_have_a_message(tmp_path: Path) -> None:
    content = parse_yaml(MINIMAL) | {"model": {"gru": "9" * 4000, "hidden": "9" * 4000}}
    with pytest.raises(UserError, match="one fold needs about"):
        check_memory(parse_experiment(content, "tiny.yaml"), GIB)


def test_a_batch_larger_than_the_data_set_is_allowed() -> None:
    check_memory(load_experiment(SMOKE, ["batches.size=64"]), 4 * GIB)


def test_of_a_clusters_machines_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "local")
    huge = ["batches.size=100000000"]
    with pytest.raises(UserError, match=r"resources\.machines"):
        check_fits(load_experiment(SMOKE, huge))
    check_fits(load_experiment(SMOKE, [*huge, "resources.machines=[{cpus: 8}]"]))
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    check_fits(load_experiment(SMOKE, huge))
