from pathlib import Path

import numpy as np
import pytest

from orchestrator.artifacts.manifest import environment
from orchestrator.artifacts.run import Run
from orchestrator.plan.legs import Cell
from orchestrator.storage.store import Store
from tests.orchestrator.fake_run import make_fake_run


def test_cells_without_a_result_say_why(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")},
                        failed={("sigmoid", "threshold")})  # fmt: skip
    holes = {cell.selection: run.hole(cell) for cell in run.cells}
    assert holes["verified_only"] is None
    assert holes["top_k"] == "not run"
    assert str(holes["threshold"]).startswith("failed: ")


def test_a_failed_stem_speaks_for_its_branches(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")})
    leg = next(leg for leg in run.manifest.legs if leg.id == run.cells[Cell("sigmoid", "top_k", 0)])
    assert leg.parent is not None
    run.leg(leg.parent).write_json("failure.json", {"reason": "out of memory"})
    assert run.hole(Cell("sigmoid", "top_k", 0)) == "failed: out of memory"


def test_predictions_are_rows_of_the_clips(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    (cell,) = run.cells
    part = run.clips["part"].to_numpy()
    seen = []
    for fold in range(run.experiment.folds):
        validation, test = (run.predictions(cell, fold, which) for which in ("validation", "test"))
        assert (part[test.rows] == "test").all()
        assert (run.clips["fold"].to_numpy()[validation.rows] == fold).all()
        assert validation.scores.shape == (len(validation.rows), len(run.manifest.vocabulary))
        seen.append(validation.rows)
    assert sorted(np.concatenate(seen)) == list(np.flatnonzero(part == "verified"))
    early = run.predictions(cell, 0, "test", stage=0)
    assert not np.array_equal(early.scores, run.predictions(cell, 0, "test").scores)


def test_targets_say_what_the_labels_say(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    for row in (0, len(run.clips) // 2, len(run.clips) - 1):
        names = [run.manifest.vocabulary[column] for column in np.flatnonzero(run.targets[row])]
        assert set(names) == set(run.clips["labels"][row])


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run is here"):
        Run.open(Store.open(tmp_path))
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ValueError, match="not a manifest of this version"):
        Run.open(Store.open(tmp_path))


def test_the_environment_names_versions_and_hardware() -> None:
    found = environment()
    assert found["ray"] == "2.60.0"
    assert found["torch"].startswith("2.13.0")
    assert " x " in found["cpus"]
    assert found["git commit"]
