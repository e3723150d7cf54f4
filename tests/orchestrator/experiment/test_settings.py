from pathlib import Path

import pytest
import yaml

from orchestrator.experiment.loading import load_experiment, parse_experiment
from orchestrator.experiment.settings import Experiment
from tests.places import CONFIGS
from trainable.config import OURS, PAPER, Settings, marks


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
