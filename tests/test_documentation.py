"""Every YAML example of the documents is what a user can write: it loads, and its data set opens."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.data.folded import open_dataset
from orchestrator.settings.loading import parse_experiment
from tests.docs.documents import DOCUMENTS
from tests.orchestrator.own_data.faulty_set import healthy
from tests.orchestrator.own_data.own_sets import own_set
from tests.places import SMOKE

BLOCKS = [
    pytest.param(block, id=f"{path.name}-{number}")
    for path in DOCUMENTS
    for number, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", path.read_text(), re.M | re.S))
]
CLASSES = ("Meow", "Bark")


def test_there_are_examples() -> None:
    assert any("README" in str(block.id) for block in BLOCKS)
    assert any("own-data" in str(block.id) for block in BLOCKS)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_example_loads_and_its_data_set_opens(tmp_path: Path, block: str) -> None:
    """Settings that it does not give are those of the smoke configuration."""
    given = yaml.safe_load(block)
    experiment = parse_experiment(yaml.safe_load(SMOKE.read_text()) | given, "the example")
    plain = given.get("data", {}).get("plain")
    folder = described(tmp_path, plain) if plain else healthy(tmp_path)
    dataset = open_dataset(folder, experiment.data, experiment.folds, experiment.fold_seed)
    parts = set(dataset.table.clips["part"])
    experiment.check_parts(dict.fromkeys(parts, 1))
    if plain:
        assert parts == {key.removesuffix("_csv") for key in plain if key.endswith("_csv")} - {"vocabulary"}
        assert dataset.table.vocabulary == (CLASSES if "vocabulary_csv" in plain else CLASSES[::-1])


def described(folder: Path, plain: Mapping[str, Any]) -> Path:
    """The tables and folders that the example names."""
    parts = [key.removesuffix("_folder") for key in plain if key.endswith("_folder")]
    for part in parts:
        assert plain[f"{part}_csv"] == f"{plain[f'{part}_folder']}.csv"
    own_set(folder, {plain[f"{part}_folder"]: 6 for part in parts})
    if "vocabulary_csv" in plain:
        lines = "\n".join(f"{index},{name}" for index, name in enumerate(CLASSES))
        (folder / plain["vocabulary_csv"]).write_text(lines)
    return folder
