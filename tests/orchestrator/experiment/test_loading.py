"""YAML files and --set: what they may say, and what is refused."""

from pathlib import Path

import pytest

from orchestrator.experiment.loading import load_experiment
from tests.orchestrator.experiment.tiny_config import MINIMAL, write


def test_assignments_reach_mappings_lists_and_absent_sections(tmp_path: Path) -> None:
    changes = ["stages.1.iterations=9", "seeds=[1, 2]", "optimizer.learning_rate=1e-2"]
    changes += ["selections.strict.k=3"]
    experiment = load_experiment(write(tmp_path), changes)
    assert experiment.stages[1].iterations == 9
    assert experiment.seeds == (1, 2)
    assert experiment.optimizer.learning_rate == 0.01
    assert experiment.selections["strict"].model_dump()["k"] == 3


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
