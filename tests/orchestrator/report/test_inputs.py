"""What statistics are handed, against the files of a run."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from orchestrator.legs import artifacts
from orchestrator.legs.run import Run
from orchestrator.report.inputs import (
    difference_from_fsdkaggle2019,
    published_beside,
    ranking,
    read_inputs,
    read_predictions,
)
from orchestrator.settings.loading import load_experiment
from orchestrator.stats.grid import Cell, Hole
from orchestrator.stats.scoring import ScoreKey
from tests.orchestrator.fake_run import Numbers, cell_of, make_fake_run, with_noise_truth
from tests.orchestrator.measured import scores_of
from tests.places import CONFIGS, META

COLUMNS = ("verified_only", "top_k", "random_k")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_fake_run(
        tmp_path_factory.mktemp("run"), activations=["sigmoid", "sigmoid_softmax"], selections=COLUMNS,
        folds=3, failed=[("sigmoid", "random_k")], config={"ensembles": {"all": ["sigmoid/top_k"]}},
    )  # fmt: skip


def test_the_grid_is_the_settings(run: Run) -> None:
    inputs = read_inputs(run)
    assert inputs.grid.rows == {"sigmoid": 1, "sigmoid_softmax": 2}
    assert {name: (m.uses_unverified, m.by_loss) for name, m in inputs.grid.columns.items()} == {
        "verified_only": (False, True), "top_k": (True, True), "random_k": (True, False)
    }  # fmt: skip
    assert (inputs.grid.entries, list(inputs.grid.cells)) == (run.entries, list(run.cells))
    assert (inputs.grid.folds, list(inputs.grid.stages)) == (3, [False, True, False])
    assert inputs.ensembles == {"all": (Cell("sigmoid", "top_k", 0),)}
    assert inputs.holes == {Cell("sigmoid", "random_k", 0): Hole("failed", "RuntimeError: out of memory")}
    assert inputs.lwlrap.keys() | inputs.holes.keys() == set(run.cells)


def test_a_column_that_ranks_otherwise_names_the_one_that_does_not(run: Run) -> None:
    selections = (
        "selections={verified_only: {}, top_k: {k: 2}, more: {mechanism: top_k, k: 1, rank_by: excess},"
        " other: {mechanism: top_k, k: 2, rank_by: per_label}}"
    )
    config = load_experiment(CONFIGS / "smoke.yaml", (selections,)).model_dump(mode="json")
    other = Run(run.store, run.manifest.model_copy(update={"config": config, "cells": {}}))
    columns = read_inputs(replace(other)).grid.columns
    assert {name: masking.ranks_otherwise_than for name, masking in columns.items()} == {
        "verified_only": (), "top_k": (), "more": (), "other": ("top_k",)
    }, "more has another k"  # fmt: skip


def test_each_fold_predicts_its_own_validation_clips_and_all_test_clips(run: Run) -> None:
    cell = cell_of(run, "sigmoid", "verified_only")
    last, first = read_predictions(run, cell, [None, 0])
    part, fold = run.clips["part"].to_numpy(), run.clips["fold"].to_numpy()
    for number in range(3):
        assert last.validation[number].rows.tolist() == np.flatnonzero(fold == number).tolist()
        assert last.test[number].rows.tolist() == np.flatnonzero(part == "test").tolist()
        written = run.predictions(cell, number)
        assert np.array_equal(last.test[number].scores, written.of("test", 2).scores)
        assert np.array_equal(first.test[number].scores, written.of("test", 0).scores)
    assert not np.array_equal(first.test[0].scores, last.test[0].scores)


def test_judgements_are_rows_of_the_clips_and_masked_is_what_is_not_kept(run: Run) -> None:
    cell = cell_of(run, "sigmoid", "top_k")
    written, judged = run.judgements(cell, 1), read_inputs(run).judged(cell, 1)
    assert run.clips["fname"].to_numpy()[judged.clip].tolist() == written["fname"].astype(str).tolist()
    np.testing.assert_allclose(judged.masked, 1 - written["keep"].to_numpy())
    assert (np.diff(judged.iteration) >= 0).all()


def test_equal_sets_of_labels_are_right_in_any_order(tmp_path: Path) -> None:
    run = make_fake_run(tmp_path, activations=("sigmoid",), selections=("top_k",))
    names = run.clips["fname"].tolist()
    table = {"fname": names[-3:], "given": ["a,b", "a", "a"], "true": ["b,a", "", "b"], "kind": list("xyz")}
    truth = read_inputs(with_noise_truth(run, pa.table(table))).truth
    assert truth is not None
    assert np.flatnonzero(truth.wrong).tolist() == [len(names) - 2, len(names) - 1]
    assert (truth.true[-3], truth.kind[-1], truth.kind[0]) == ("b,a", "z", "")
    assert read_inputs(with_noise_truth(run, None)).truth is None


def test_the_best_cell_is_that_of_table_1_in_cross_validation(tmp_path: Path) -> None:
    effect = {("sigmoid", "threshold"): 2.0, ("sigmoid", "top_k"): 1.0}
    config = {"report": {"resamples": 100}}
    run = make_fake_run(tmp_path, activations=["sigmoid"], seeds=[0, 1], effect=effect, config=config)
    scores = {entry: s.scores[ScoreKey("cv")].value for entry, s in scores_of(run).entries.items()}
    assert list(ranking(run)) == sorted(scores, key=lambda entry: -scores[entry])
    assert ranking(run) == pytest.approx(scores)
    run.leg_of(Cell("sigmoid", "threshold", 0)).store.delete(artifacts.RESULT)
    assert str(list(ranking(Run.open(run.store)))[-1]) == "sigmoid/threshold", "it lacks a seed"


def unfinished(folder: Path, numbers: Numbers, vocabulary: list[str]) -> Run:
    shape: dict[str, Any] = {"activations": ["sigmoid"], "selections": ["top_k"]}
    missing = [("sigmoid", "top_k")]
    return make_fake_run(folder, numbers=numbers, vocabulary=vocabulary, missing=missing, **shape)


@pytest.mark.skipif(not META.is_dir(), reason="the data set's tables are not here")
@pytest.mark.parametrize(
    ("verified", "test", "reason"),
    [
        (4970, 4481, ""),
        (4964, 4481, ""),
        (4964, 3361, ""),
        (4000, 4481, "it has 4000 verified clips, FSDKaggle2019 has 4970"),
        (4970, 100, "it has 100 test clips, FSDKaggle2019 has 4481"),
    ],
)
def test_the_data_set_is_known_by_vocabulary_and_counts(
    tmp_path: Path, verified: int, test: int, reason: str
) -> None:
    vocabulary = pd.read_csv(META / "vocabulary.csv", header=None)[1].tolist()
    run = unfinished(tmp_path, Numbers(verified=verified, unverified=19815, test=test), vocabulary)
    assert difference_from_fsdkaggle2019(run) == reason
    assert published_beside(run).comparable == (not reason)


def test_another_vocabulary_is_another_data_set(tmp_path: Path) -> None:
    run = unfinished(tmp_path, Numbers(), [f"class_{c}" for c in range(80)])
    assert difference_from_fsdkaggle2019(run) == "its 80 classes are not those of FSDKaggle2019"
