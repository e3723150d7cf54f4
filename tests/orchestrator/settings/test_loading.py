"""YAML files and --set: what they may say, and what is refused."""

import re
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.settings.loading import load_experiment, parse_experiment
from tests.orchestrator.settings.tiny_config import MINIMAL, write
from trainable.errors import UserError


def test_assignments_reach_mappings_lists_and_absent_sections(tmp_path: Path) -> None:
    changes = ["stages.1.iterations=9", "seeds=[1, 2]", "optimizer.learning_rate=1e-2"]
    changes += ["selections.strict.k=3"]
    experiment = load_experiment(write(tmp_path), changes)
    assert experiment.stages[1].iterations == 9
    assert experiment.seeds == (1, 2)
    assert experiment.optimizer.learning_rate == 0.01
    assert experiment.selections["strict"].model_dump()["k"] == 3


def test_broken_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such configuration"):
        load_experiment(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match=r"(?s)tiny.yaml: .*line 1"):
        load_experiment(write(tmp_path, "a: [1\n"))
    with pytest.raises(ValueError, match="must be a mapping"):
        load_experiment(write(tmp_path, "- 1\n"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("stages.7.iterations=3", "--set stages.7.iterations=3: 7 must be a number from 0 to 1"),
        ("stages.-1.iterations=3", "-1 must be a number from 0 to 1"),
        ("stages.2={iterations: 3}", "2 must be a number from 0 to 1"),
        ("name.x=1", "--set name.x=1: name is a value, it has no keys"),
        ("seeds=[1", "--set seeds=[1: the value is no YAML"),
        ("folds", "--set folds: write it as key=value, such as folds=2"),
        ("=2", "--set =2: write it as key=value"),
    ],
)
def test_an_assignment_that_leads_nowhere_is_repeated(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_experiment(write(tmp_path), [change])


def test_a_later_assignment_wins_and_may_build_on_an_earlier_one(tmp_path: Path) -> None:
    changes = ["folds=3", "folds=5", "selections.lax={}", "selections.lax.mechanism=threshold"]
    experiment = load_experiment(write(tmp_path), [*changes, "selections.lax.k=1"])
    assert experiment.folds == 5
    assert experiment.selections["lax"].describe()["k"] == 1


def test_a_value_may_have_equals_signs_and_be_any_yaml(tmp_path: Path) -> None:
    changes = ["data.plain={verified_csv: a=b.csv, verified_folder: ' '}", "audio.top_db=", "seeds=[7, 8]"]
    experiment = load_experiment(write(tmp_path), changes)
    assert experiment.data.plain is not None
    assert (experiment.data.plain.verified_csv, experiment.data.plain.verified_folder) == ("a=b.csv", " ")
    assert experiment.audio.top_db is None
    assert experiment.seeds == (7, 8)


def test_a_key_is_given_twice_in_one_mapping_alone(tmp_path: Path) -> None:
    """In another mapping it is another key."""
    path = write(tmp_path, MINIMAL + "model: {gru: 3,\n  gru: 4}\n")
    with pytest.raises(UserError, match=r"tiny.yaml: line 8: gru is given twice"):
        load_experiment(path)
    assert load_experiment(write(tmp_path, MINIMAL + "model: {gru: 3}\naugment: {time_warp: 1}\n"))


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"\x00", b"just words", b"name: !!python/name:os.system\n"]
)
def test_what_is_no_configuration_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "tiny.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"tiny\.yaml: "):
        load_experiment(path)


KEYS = st.sampled_from(
    ["folds", "stages", "0", "1", "2", "iterations", "activations", "sigmoid", "selections", "model",
     "channels", "resources", "machines", "ensembles", "seeds", "", "x y"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["", "3", "-1", "0.5", ".inf", "true", "x", "[]", "[1]", "{}", "{a: 1}", "[{}]", "{1: {2: 3}}", "}", "*",
     "&a", "2020-01-01", "!!set {a}", "'", "null", "sigmoid/strict"]
)  # fmt: skip


@given(st.lists(st.tuples(st.lists(KEYS, min_size=1, max_size=4).map(".".join), VALUES), max_size=3))
def test_whatever_is_set_gives_an_experiment_or_a_users_error(changes: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder, suppress(UserError):
        experiment = load_experiment(write(Path(folder)), [f"{key}={value}" for key, value in changes])
        assert parse_experiment(experiment.model_dump(mode="json"), "dump") == experiment


def test_content_may_come_from_elsewhere_under_its_own_name() -> None:
    with pytest.raises(UserError, match=r"^s3://bucket/run\.json: fold: unknown key"):
        parse_experiment(yaml.safe_load(MINIMAL) | {"fold": 1}, "s3://bucket/run.json")


def problem(folder: Path, change: str) -> str:
    with pytest.raises(UserError) as caught:
        load_experiment(write(folder), [change])
    return str(caught.value)


@pytest.mark.parametrize("key", ["seeds", "fold_seed", "report.bootstrap_seed", "synth.seed"])
def test_seeds_have_63_bits(tmp_path: Path, key: str) -> None:
    def change(seed: int) -> str:
        return f"{key}={[seed] if key == 'seeds' else seed}"

    load_experiment(write(tmp_path), [change(2**63 - 1)])
    for seed in (2**63, 2**64, 10**400):
        assert re.search(rf"{key.rpartition('.')[2]}|the value", problem(tmp_path, change(seed)))
        assert "9223372036854775807" in problem(tmp_path, change(seed))
    assert f"{key.partition('.')[0]}" in problem(tmp_path, f"{key}={['-1'] if key == 'seeds' else -1}")
    content = yaml.safe_load(MINIMAL) | {"fold_seed": str(2**63)}  # pydantic reads numbers from text
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
        parse_experiment(yaml.safe_load(MINIMAL) | {"report": {"more": [1, float("nan")]}}, "tiny.yaml")


@pytest.mark.parametrize(
    "change", ["a..b=1", ".a=1", "a.=1", "=1", "stages.²=1", "stages.-1=1", "a." * 30 + "b=1"]
)
def test_a_key_that_leads_nowhere_is_refused(tmp_path: Path, change: str) -> None:
    assert problem(tmp_path, change).startswith("--set ")
