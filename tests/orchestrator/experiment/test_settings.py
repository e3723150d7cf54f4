import re
from pathlib import Path

import pytest
import yaml

from orchestrator.experiment.loading import load_experiment, parse_experiment
from orchestrator.experiment.settings import Experiment
from tests.places import CONFIGS
from trainable.config import OURS, PAPER, Settings, marks

MINIMAL = """
name: tiny
batches: {size: 8, crop_frames: 100}
stages: [{iterations: 3}, {iterations: 4, unverified: 0.5}]
activations: {sigmoid: {}, wide: {structure: sigmoid_softmax, head_weights: [1, 2]}}
selections: {verified_only: {}, strict: {mechanism: threshold, k: 2, alpha: 0.5}}
"""


def write(folder: Path, text: str = MINIMAL) -> Path:
    path = folder / "tiny.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_configuration_loads_and_survives_a_round_trip(path: Path) -> None:
    experiment = load_experiment(path)
    assert experiment.name == path.stem
    assert parse_experiment(experiment.model_dump(mode="json"), "dump") == experiment


def test_rows_and_columns_keep_their_order_and_names(tmp_path: Path) -> None:
    experiment = load_experiment(write(tmp_path))
    assert list(experiment.activations) == ["sigmoid", "wide"]
    assert experiment.activations["wide"].name == "sigmoid_softmax"
    assert experiment.selections["strict"].describe() == {
        "name": "threshold",
        "k": 2,
        "alpha": 0.5,
        "mask_target": "unverified",
    }
    assert parse_experiment(experiment.model_dump(mode="json"), "dump") == experiment
    plain, strict = experiment.cell("verified_only"), experiment.cell("strict")
    assert [stage.unverified for stage in plain] == [0, 0]
    assert [stage.unverified for stage in strict] == [0, 0.5]


def test_assignments_reach_mappings_lists_and_absent_sections(tmp_path: Path) -> None:
    changes = ["stages.1.iterations=9", "seeds=[1, 2]", "optimizer.learning_rate=1e-2"]
    changes += ["selections.strict.k=3"]
    experiment = load_experiment(write(tmp_path), changes)
    assert experiment.stages[1].iterations == 9
    assert experiment.seeds == (1, 2)
    assert experiment.optimizer.learning_rate == 0.01
    assert experiment.selections["strict"].model_dump()["k"] == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("model.chanels=[8]", "model.chanels: unknown key, did you mean channels?"),
        ("fold=3", "fold: unknown key, did you mean folds?"),
        ("stages.0.iteration=3", "stages.0.iteration: unknown key, did you mean iterations?"),
        ("selections.strict.kk=3", "strict.kk: unknown key, did you mean k?"),
        ("selections.strict.mechanism=tresh", "unknown selection 'tresh': choose from"),
        ("selections.strict.k=4", "k = 4 masks all 4 unverified clips"),
        ("activations.wide.head_weights=[1]", "head_weights needs 2 values"),
        ("seeds=[1, 1]", "names one twice"),
        ("stages.7.iterations=3", "7 must be a number from 0 to 1"),
        ("stages.1.unverified=1", "at least one verified clip"),
        ("stages.1.unverified=0.01", "is no clip"),
        ("augment.time_warp=50", "lower it"),
        ("audio.f_max=30000", "f_min < f_max"),
        ("audio.n_mels=4", "audio.n_mels (4) is too small for"),
        ("model.channels=[4, 4, 4, 4, 4, 4, 4]", "batches.crop_frames (100) is too small for 7 blocks"),
        ("folds=1", "folds: Input should be greater than or equal to 2 (given: 1)"),
        ("name.x=1", "name is a value"),
        ("ensembles.all=[wide/verified]", "there is no cell wide/verified, did you mean wide/verified_only?"),
        ("seeds=[1", "--set seeds=[1: the value is no YAML"),
        ("folds", "write it as key=value"),
    ],
)
def test_what_is_wrong_is_named_with_its_key(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        load_experiment(write(tmp_path), [change])


def test_a_key_given_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write(tmp_path, MINIMAL + "name: again\n")
    with pytest.raises(ValueError, match=r"tiny.yaml: line 7: name is given twice"):
        load_experiment(path)


def test_broken_and_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such configuration"):
        load_experiment(tmp_path / "none.yaml")
    with pytest.raises(ValueError, match=r"(?s)tiny.yaml: .*line 1"):
        load_experiment(write(tmp_path, "a: [1\n"))
    with pytest.raises(ValueError, match="must be a mapping"):
        load_experiment(write(tmp_path, "- 1\n"))


def test_paper_yaml_marks_every_value_as_the_code_does() -> None:
    """Each line of paper.yaml ends in the mark that the setting has in the code, and none is left out."""
    lines = (CONFIGS / "paper.yaml").read_text().splitlines()
    written: dict[str, str] = {}
    section = ""
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        key, _, comment = line.partition("#")
        name = key.strip().partition(":")[0]
        section = name if not line.startswith(" ") else section
        if not key.strip().endswith(":") and name != "name" and "{}" not in key:
            found = comment.strip().split(" ")[0].rstrip(":,")
            assert found in (PAPER, OURS), f"no mark: {line}"
            written[f"{section}.{name}" if line.startswith(" ") else name] = found
    ours_alone = ("resources.", "synth.", "report.", "data.plain")
    in_code = {key: mark for key, mark in marks(Experiment) if not key.startswith(ours_alone)}
    for elsewhere in ("stages", "ensembles"):  # these have no single line
        in_code.pop(elsewhere, None)
    assert {key: written.get(key) for key in in_code} == in_code


def test_paper_yaml_gives_the_defaults_of_the_code() -> None:
    """So a configuration that leaves something out means the paper's value."""
    content = yaml.safe_load((CONFIGS / "paper.yaml").read_text())
    experiment = load_experiment(CONFIGS / "paper.yaml")
    for name, field in Experiment.model_fields.items():
        if name in content and isinstance(field.default, Settings):
            assert getattr(experiment, name) == field.default, name
    assert experiment.folds == 4
    assert [(s.iterations, s.unverified) for s in experiment.stages] == [(10000, 0), (10000, 0.5), (5000, 0)]
