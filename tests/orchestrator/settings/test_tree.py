"""An experiment: what is shipped is right, and contradictions are refused when it is loaded."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.settings.loading import load_experiment, parse_experiment
from orchestrator.settings.tree import Experiment
from tests.orchestrator.settings.tiny_config import MINIMAL, write
from tests.places import CONFIGS
from trainable.config import OURS, PAPER, Settings, marks
from trainable.errors import UserError


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_configuration_loads_and_survives_a_round_trip(path: Path) -> None:
    experiment = load_experiment(path)
    assert experiment.name == path.stem
    assert parse_experiment(experiment.model_dump(mode="json"), "dump") == experiment


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "selections.strict.k=4",
            "selections.strict in stages.1: threshold: k = 4 masks all 4 unverified clips",
        ),
        ("seeds=[1, 1]", "seeds [1, 1] names one twice"),
        ("seeds=[]", "seeds: Tuple should have at least 1 item"),
        ("stages=[]", "stages: Tuple should have at least 1 item"),
        ("stages.1.unverified=1", "stages.1: a batch needs at least one verified clip, lower unverified"),
        ("stages.1.unverified=0.01", "stages.1: 0.01 of a batch of 8 is no clip"),
        ("augment.time_warp=50", "lower it"),
        ("audio.f_max=30000", "f_min < f_max"),
        ("audio.n_mels=4", "audio.n_mels (4) is too small for 4 blocks"),
        ("model.channels=[4, 4, 4, 4, 4, 4, 4]", "batches.crop_frames (100) is too small for 7 blocks"),
        ("name=../x", "name: '../x' is no name: use 1 to 64 letters, digits and _.+- alone"),
        ("ensembles.all=[wide/verified]", "there is no cell wide/verified, did you mean wide/verified_only?"),
        ("ensembles.all=[wide/strict/1]", "there is no cell wide/strict/1, did you mean wide/strict/0?"),
        ("ensembles.all=[]", "ensembles.all: name its members, such as sigmoid/verified_only"),
        (
            "ensembles={a/b: [wide/strict]}",
            "ensembles: 'a/b' is no name",
        ),
        ("ensembles={..: [wide/strict]}", "ensembles: '..' is no name"),
        ("ensembles={'': [wide/strict]}", "ensembles: '' is no name"),
    ],
)
def test_a_contradiction_is_refused_when_it_is_loaded(tmp_path: Path, change: str, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_experiment(write(tmp_path), [change])


@pytest.mark.parametrize("seeds", ["0", "-1", "10001", "true", "1.5", "x"])
def test_a_number_of_seeds_is_a_count(tmp_path: Path, seeds: str) -> None:
    with pytest.raises(UserError, match="seeds: "):
        load_experiment(write(tmp_path), [f"seeds={seeds}"])


def test_an_ensemble_may_have_cells_of_all_seeds_and_of_one(tmp_path: Path) -> None:
    changes = ["seeds=[3, 5]", "ensembles={both.1: [sigmoid/strict, wide/verified_only/5]}"]
    experiment = load_experiment(write(tmp_path), changes)
    assert experiment.ensembles == {"both.1": ("sigmoid/strict", "wide/verified_only/5")}


def test_pooling_halves_once_for_each_block(tmp_path: Path) -> None:
    """100 frames survive six halvings (100 / 64 = 1.6), 80 bands too; a seventh leaves nothing."""
    assert load_experiment(write(tmp_path), ["model.channels=[4, 4, 4, 4, 4, 4]"])


@pytest.mark.parametrize(
    ("section", "content"),
    [
        ("resources", {"cpus_per_fold": 0}),
        ("resources", {"gpus_per_fold": "all"}),
        ("resources", {"threads_per_fold": 0}),
        ("resources", {"machines": [{"gpus": 1}]}),
        ("resources", {"machines": [{"cpus": 1, "count": 0}]}),
        ("resources", {"max_failures": -1}),
        ("report", {"clip_sigma": 0}),
        ("report", {"resamples": 99}),
        ("report", {"level": 1}),
        ("report", {"bootstrap_seed": -1}),
        ("report", {"ties": "none"}),
    ],
)
def test_sections_refuse_what_has_no_meaning(section: str, content: dict[str, Any]) -> None:
    ((key, _),) = content.items()
    with pytest.raises(UserError, match=rf"tiny\.yaml: {section}\.{key}"):
        parse_experiment(yaml.safe_load(MINIMAL) | {section: content}, "tiny.yaml")
