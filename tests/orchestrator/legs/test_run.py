import json
from pathlib import Path

import numpy as np
import pytest

from orchestrator.files.store import Store
from orchestrator.legs.run import Run
from orchestrator.stats.grid import Cell, Hole
from tests.orchestrator.fake_run import make_fake_run
from trainable.errors import UserError


def test_cells_without_a_result_say_why(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")},
                        failed={("sigmoid", "threshold")})  # fmt: skip
    holes = {cell.selection: run.hole(cell) for cell in run.cells}
    assert holes["verified_only"] is None
    assert holes["top_k"] == Hole("not run")
    assert holes["threshold"] == Hole("failed", "RuntimeError: out of memory")
    assert str(holes["threshold"]) == "failed: RuntimeError: out of memory"


def test_a_failed_stem_speaks_for_its_branches(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), missing={("sigmoid", "top_k")})
    leg = next(leg for leg in run.manifest.legs if leg.id == run.cells[Cell("sigmoid", "top_k", 0)])
    assert leg.parent is not None
    run.legs[leg.parent].fail("out of memory")
    assert run.hole(Cell("sigmoid", "top_k", 0)) == Hole("failed", "out of memory")


def test_predictions_are_rows_of_the_clips(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    (cell,) = run.cells
    part = run.clips["part"].to_numpy()
    seen = []
    for fold in range(run.experiment.folds):
        predictions = run.predictions(cell, fold)
        validation, test = predictions.of("validation"), predictions.of("test")
        assert (part[test.rows] == "test").all()
        assert (run.clips["fold"].to_numpy()[validation.rows] == fold).all()
        assert validation.scores.shape == (len(validation.rows), len(run.manifest.vocabulary))
        seen.append(validation.rows)
    assert sorted(np.concatenate(seen)) == list(np.flatnonzero(part == "verified"))
    early, late = (run.predictions(cell, 0).of("test", stage) for stage in (0, None))
    assert not np.array_equal(early.scores, late.scores)


def test_targets_say_what_the_labels_say(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    for row in (0, len(run.clips) // 2, len(run.clips) - 1):
        names = [run.manifest.vocabulary[column] for column in np.flatnonzero(run.targets[row])]
        assert set(names) == set(run.clips["labels"][row])


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no run is here"):
        Run.open(Store.open(tmp_path))
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(ValueError, match=r"run\.json is damaged: config: Field required"):
        Run.open(Store.open(tmp_path))


def test_a_mistyped_folder_is_told_the_run_beside_it(tmp_path: Path) -> None:
    for name in ("demo", "paper"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "run.json").write_text("{}")
    with pytest.raises(UserError, match=rf"did you mean {tmp_path}/demo\?$"):
        Run.open(Store.open(tmp_path / "dmeo"))
    with pytest.raises(UserError, match=r"start one with stagegrid run$"):
        Run.open(Store.open(tmp_path / "something else"))


def test_a_run_whose_legs_do_not_name_their_cells_is_still_read(tmp_path: Path) -> None:
    """As stagegrid 0.1.0 left it."""
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    legs = [leg.model_copy(update={"cells": ()}) for leg in run.manifest.legs]
    run.store.write_model("run.json", run.manifest.model_copy(update={"legs": legs}).sealed())
    content = json.loads((tmp_path / "run.json").read_text())
    assert all("cells" not in leg for leg in content["legs"])
    assert content["cells"] == [{"activation": "sigmoid", "selection": "top_k", "seed": 0, "leg": legs[0].id}]
    old = Run.open(Store.open(tmp_path))
    assert old.cells == run.cells
    assert old.manifest.legs[0].name(old.experiment) == "sigmoid.top_k.s0"


def test_a_cell_without_its_leg_is_damage(tmp_path: Path) -> None:
    make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    path = tmp_path / "run.json"
    path.write_text(path.read_text().replace('"leg":', '"leaf":'))
    with pytest.raises(UserError, match=r"run\.json is damaged: cells: .*a cell does not say which leg"):
        Run.open(Store.open(tmp_path))
