"""Rows and columns of the grid in a configuration."""

from pathlib import Path

from orchestrator.experiment.loading import load_experiment, parse_experiment
from tests.orchestrator.experiment.tiny_config import write


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
