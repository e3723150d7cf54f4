"""A data set without test clips: a fold trains, its files hold it, a cut one goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from orchestrator.files.store import Store, table_of
from orchestrator.legs import artifacts
from orchestrator.legs.folders import FoldFolder
from orchestrator.legs.tables import write_outcome
from tests.trainable.tiny import CLASSES, Killed, MemoryWorker, data, task
from trainable.arrays import Ints
from trainable.fold import train_fold

NOTHING: Ints = np.zeros(0, np.int64)
DATA = replace(data(), test=NOTHING)
NAMES = [f"{row}.wav" for row in range(len(DATA.targets_NC))]
ROWS = {"validation": DATA.validation, "test": NOTHING, "unverified": DATA.training.unverified}


def test_a_fold_trains_and_its_tables_have_no_test_rows(tmp_path: Path) -> None:
    outcome = train_fold(task(), DATA, MemoryWorker())
    assert outcome.predictions[-1].test.shape == (0, CLASSES)
    folder = FoldFolder(Store.open(tmp_path))
    write_outcome(folder, outcome, task().stages, NAMES, ROWS)
    table = table_of(folder.store.read(artifacts.PREDICTIONS))
    assert set(table["part"].to_pylist()) == {"validation"}
    assert len(table) == len(outcome.predictions) * len(DATA.validation)


def test_a_cut_fold_goes_on() -> None:
    worker, whole = MemoryWorker(dies_at=5), train_fold(task(), DATA, MemoryWorker())
    with pytest.raises(Killed):
        train_fold(task(), DATA, worker)
    resumed = train_fold(task(), DATA, MemoryWorker(worker.newest))
    np.testing.assert_array_equal(resumed.predictions[-1].validation, whole.predictions[-1].validation)
    assert resumed.predictions[0].test.shape == (0, CLASSES)
