"""Which cells speak: by name, by score, and what is refused."""

import re
from pathlib import Path

import pytest

from orchestrator.files.integrity import DamagedFile
from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.inputs import read_inputs
from orchestrator.report.show import find_cells
from orchestrator.stats.grid import Cell
from orchestrator.stats.scoring import ScoreKey
from orchestrator.tagging.model_folder import export_model
from orchestrator.tagging.systems import choose_system, open_model, open_tagger, read_weights
from tests.orchestrator.fake_run import Numbers, make_fake_run
from tests.orchestrator.measured import scores_of
from tests.orchestrator.tagging.trained_run import make_trained_run
from trainable.errors import UserError


def test_a_name_without_a_seed_stands_for_all_seeds(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",), seeds=(3, 5))
    assert choose_system(run, "sigmoid/top_k").cells == tuple(Cell("sigmoid", "top_k", s) for s in (3, 5))
    assert choose_system(run, "sigmoid/top_k/5").cells == (Cell("sigmoid", "top_k", 5),)


def test_an_ensemble_has_the_cells_of_its_members(trained: Run) -> None:
    system = choose_system(trained, "both")
    assert [str(cell.entry) for cell in system.cells] == ["sigmoid/top_k", "sigmoid_sparsemax/top_k"]


@pytest.mark.parametrize("numbers", [Numbers(), Numbers(test=0)])
def test_without_a_name_the_best_in_cross_validation_speaks(tmp_path: Path, numbers: Numbers) -> None:
    """By the very number of the report, and of `show`; a cell that is not trained is passed over."""
    effect = {("sigmoid", "top_k"): 1.0, ("sigmoid", "threshold"): 3.0}
    run = make_fake_run(
        tmp_path, activations=("sigmoid",), numbers=numbers, effect=effect, missing={("sigmoid", "threshold")}
    )
    system = choose_system(run)
    assert system.name == "sigmoid/top_k"
    assert list(system.cells) == find_cells(run, read_inputs(run), None)
    values = {entry: s.scores[ScoreKey("cv")].value for entry, s in scores_of(run).entries.items()}
    assert values[system.cells[0].entry] == max(values.values())
    assert system.reason == f"best in cross-validation, lwlrap {max(values.values()):.4f}"
    for predictions in tmp_path.rglob(artifacts.PREDICTIONS):
        predictions.unlink()
    assert choose_system(run) == system, "scores of test clips have no say"


def test_a_cell_that_lacks_a_seed_is_not_given_away(tmp_path: Path) -> None:
    columns = ("verified_only", "top_k")
    effect = {("sigmoid", "top_k"): 3.0}
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=columns, seeds=(0, 1), effect=effect)
    assert choose_system(run).name == "sigmoid/top_k"
    run.leg_of(Cell("sigmoid", "top_k", 1)).store.delete(artifacts.RESULT)
    assert choose_system(Run.open(run.store)).name == "sigmoid/verified_only"


def test_an_unknown_cell_is_refused_with_the_nearest_one(trained: Run) -> None:
    with pytest.raises(UserError, match="no cell or ensemble sigmoid/topk, did you mean sigmoid/top_k"):
        choose_system(trained, "sigmoid/topk")
    with pytest.raises(UserError, match="did you mean both"):
        choose_system(trained, "boht")


def test_a_cell_without_a_result_is_refused_with_the_reason(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path / "a", activations=("sigmoid",), failed={("sigmoid", "threshold")})
    with pytest.raises(
        UserError, match=r"sigmoid/threshold has no result .*out of memory.*: sigmoid/verified"
    ):
        choose_system(run, "sigmoid/threshold")
    empty = make_fake_run(
        tmp_path / "b", activations=("sigmoid",), selections=("top_k",), missing={("sigmoid", "top_k")}
    )
    with pytest.raises(UserError, match="no cell is trained yet"):
        choose_system(empty)


def test_damaged_and_missing_weights_are_refused_by_name(tmp_path: Path) -> None:
    run = make_trained_run(tmp_path, "selections={verified_only: {}}", "ensembles={}")
    system = choose_system(run, "sigmoid/verified_only")
    path = Path(run.leg_of(system.cells[0]).fold(1).store.base) / artifacts.WEIGHTS
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedFile, match=re.escape(str(path))):
        open_tagger(run, system)
    path.unlink()
    with pytest.raises(DamagedFile, match="missing"):
        open_tagger(run, system)


def test_a_manifest_that_names_a_place_elsewhere_is_not_followed(trained: Run) -> None:
    """A folder of somebody else's."""
    cells = {cell: f"../legs/{leg}" for cell, leg in trained.cells.items()}
    forged = Run(trained.store, trained.manifest.model_copy(update={"cells": cells}))
    with pytest.raises(UserError, match="is no id of a leg"):
        read_weights(forged, choose_system(forged, "sigmoid/top_k"))


def test_a_run_is_opened_by_name_or_at_its_best_cell(trained: Run) -> None:
    assert open_model(trained.store.base, "sigmoid/top_k").label == "sigmoid/top_k"
    assert "best in cross-validation, lwlrap 0." in open_model(trained.store.base).label


def test_an_exported_model_is_opened_under_its_own_name_alone(trained: Run, tmp_path: Path) -> None:
    export_model(trained, choose_system(trained, "sigmoid/top_k"), tmp_path)
    assert open_model(str(tmp_path)).tagger.file.name == "sigmoid/top_k"
    assert open_model(str(tmp_path), "sigmoid/top_k").label == "sigmoid/top_k"
    with pytest.raises(UserError, match=r"is the model sigmoid/top_k alone"):
        open_model(str(tmp_path), "sigmoid/verified_only")


def test_a_folder_with_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no run is here"):
        open_model(str(tmp_path))
