"""What `init` writes can be run as it stands, whatever the folder holds."""

from pathlib import Path

import pytest

from orchestrator.data.folded import open_dataset
from orchestrator.own_data.configuration import FILE, configuration_text, shipped_text, write_new
from orchestrator.own_data.survey import survey
from orchestrator.settings.loading import load_experiment
from tests.orchestrator.own_data.faulty_set import healthy
from tests.orchestrator.own_data.own_sets import own_set
from tests.places import CONFIGS
from trainable.errors import UserError


@pytest.mark.parametrize(
    ("parts", "columns"),
    [
        ({"good": 6}, {"verified_only"}),
        ({"good": 6, "test": 3}, {"verified_only"}),
        ({"good": 90, "web": 12}, {"verified_only", "top_k", "threshold"}),
        ({"good: [odd] #name": 6, "web": 9, "test": 3}, {"verified_only", "top_k", "threshold"}),
    ],
)
def test_it_loads_and_its_data_set_opens(tmp_path: Path, parts: dict[str, int], columns: set[str]) -> None:
    folder = own_set(tmp_path / "my sounds", parts)
    path = write_new(folder, configuration_text(survey(folder), folder))
    experiment = load_experiment(path)
    assert set(experiment.selections) == columns
    assert experiment.name == "my-sounds"
    dataset = open_dataset(folder, experiment.data, experiment.folds, experiment.fold_seed)
    assert len(dataset.table.clips) == sum(parts.values())
    assert (experiment.audio.sample_rate, experiment.audio.window, experiment.audio.n_fft) == (
        22050,
        882,
        1024,
    )
    assert "#" in path.read_text()


def test_fsdkaggle2019_needs_no_names_of_tables(tmp_path: Path) -> None:
    text = configuration_text(survey(healthy(tmp_path)), tmp_path)
    experiment = load_experiment(write_new(tmp_path, text))
    assert (experiment.data.layout, experiment.data.plain, experiment.folds) == ("zenodo", None, 2)


def test_a_guess_is_marked(tmp_path: Path) -> None:
    own_set(tmp_path, {"sounds": 6})
    assert "# a guess" in configuration_text(survey(tmp_path), tmp_path)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    write_new(tmp_path, "first")
    with pytest.raises(UserError, match=r"stagegrid.yaml is there already"):
        write_new(tmp_path, "second")
    assert (tmp_path / FILE).read_text() == "first"


@pytest.mark.parametrize("name", ["demo", "paper"])
def test_the_shipped_ones_are_written_with_their_comments(tmp_path: Path, name: str) -> None:
    path = write_new(tmp_path, shipped_text(name))
    assert load_experiment(path) == load_experiment(CONFIGS / f"{name}.yaml")
    assert f"--config {FILE}" in path.read_text()
