"""Tables say what their intervals hold open."""

from pathlib import Path

from orchestrator.report.tables.held_open import held_open, kept_together, where_open
from tests.orchestrator.fake_run import make_fake_run
from tests.orchestrator.report.tables.conftest import FAST, Results


def test_of_one_training_with_two_folds_other_clips_alone(results: Results) -> None:
    said = where_open(results.run, results.scores)
    assert said == "cv and private: other clips alone, bootstrap of 200 samples: one training was run"
    assert "of the 12 claims of the paper about the whole grid" in held_open(results.claims)
    assert held_open(results.claims).endswith("one training was run, nothing is known of another")


def test_of_two_trainings_both(tmp_path: Path) -> None:
    results = Results.of(make_fake_run(tmp_path, activations=["sigmoid"], seeds=[0, 1], config=FAST))
    said = where_open(results.run, results.scores)
    assert said == "cv and private: other clips and other trainings, 4 models a cell"
    assert held_open(results.claims).endswith("everything else is exploratory")


def test_four_folds_of_one_training_on_the_same_clips_are_four_models(tmp_path: Path) -> None:
    results = Results.of(make_fake_run(tmp_path, activations=["sigmoid"], folds=4, config=FAST))
    assert where_open(results.run, results.scores) == (
        "cv: other clips alone, bootstrap of 200 samples: one training was run; "
        "private: other clips and other trainings, 4 models a cell"
    )


def test_what_folds_keep_together_is_said(tmp_path: Path) -> None:
    none, source = (
        make_fake_run(tmp_path / group, activations=["sigmoid"], config={"fold_group": group})
        for group in ("none", "source")
    )
    assert kept_together(none).endswith("cross-validation may flatter; test clips are the primary score")
    assert kept_together(source) == "clips of one source are kept together; test clips are the primary score"
    assert any(note == f"folds: {kept_together(none)}" for note in Results.of(none).tables().table1.notes)
