"""A fold's files: written from a trained fold, read back through Run's eyes."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch

from orchestrator.files.store import Store
from orchestrator.legs.fold_folder import FoldFolder
from orchestrator.legs.tables import write_outcome
from tests.trainable import tiny
from trainable.fold import train_fold
from trainable.record import CURVES


@pytest.mark.parametrize("compute", [{}, tiny.GPU_SWITCHES], ids=["plain", "gpu_switches"])
def test_every_file_says_what_the_outcome_says(tmp_path: Path, compute: dict[str, object]) -> None:
    task, data = tiny.task(compute=compute), tiny.data()
    outcome = train_fold(task, data, tiny.MemoryWorker())
    clips = len(data.targets_NC)
    names = [f"{i:03}.wav" for i in range(clips)]
    rows = {"validation": data.validation, "test": data.test, "unverified": data.training.unverified}
    folder = FoldFolder(Store.open(tmp_path))
    written = write_outcome(folder, outcome, task.stages, names, rows)

    for name, file in written.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == file.sha256

    curves = pq.read_table(tmp_path / "curves.parquet").to_pandas()
    total = sum(stage.iterations for stage in task.stages)
    assert curves["iteration"].tolist() == list(range(1, total + 1))
    np.testing.assert_array_equal(curves[list(CURVES)].to_numpy(), outcome.record.curves.numpy())
    assert curves["stage"].value_counts(sort=False).tolist() == [s.iterations for s in task.stages]

    predictions = pq.read_table(tmp_path / "predictions.parquet").to_pandas()
    last = predictions[(predictions["stage"] == len(task.stages) - 1) & (predictions["part"] == "test")]
    assert last["fname"].tolist() == [names[row] for row in data.test]
    np.testing.assert_array_equal(np.stack(last["scores"].tolist()), outcome.predictions[-1].test)

    judged = pq.read_table(tmp_path / "judgements.parquet").to_pandas()
    unverified = {names[row] for row in data.training.unverified}
    assert set(judged["fname"]) <= unverified
    kept = judged.groupby("iteration")["keep"].mean()
    np.testing.assert_allclose(kept, curves.set_index("iteration")["kept"].dropna(), rtol=1e-6)

    assert outcome.unverified is not None
    own = pq.read_table(tmp_path / "unverified.parquet").to_pandas()
    np.testing.assert_array_equal(np.stack(own["scores"].tolist()), outcome.unverified)

    weights = safetensors.torch.load_file(tmp_path / "weights.safetensors")
    assert all(torch.equal(weights[name], value) for name, value in outcome.weights.items())
    state = next(folder.states())
    assert state["iteration"] == total


def test_a_data_set_without_test_clips_gives_tables_without_them_and_goes_on(tmp_path: Path) -> None:
    nothing = np.zeros(0, np.int64)
    data = replace(tiny.data(), test=nothing)
    outcome = train_fold(tiny.task(), data, tiny.MemoryWorker())
    names = [f"{row}.wav" for row in range(len(data.targets_NC))]
    rows = {"validation": data.validation, "test": nothing, "unverified": data.training.unverified}
    write_outcome(FoldFolder(Store.open(tmp_path)), outcome, tiny.task().stages, names, rows)
    table = pq.read_table(tmp_path / "predictions.parquet")
    assert set(table["part"].to_pylist()) == {"validation"}
    assert len(table) == len(outcome.predictions) * len(data.validation)
    worker = tiny.MemoryWorker(dies_at=5)
    with pytest.raises(tiny.Killed):
        train_fold(tiny.task(), data, worker)
    resumed = train_fold(tiny.task(), data, tiny.MemoryWorker(worker.newest))
    np.testing.assert_array_equal(resumed.predictions[-1].validation, outcome.predictions[-1].validation)
