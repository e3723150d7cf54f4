"""A fold's files: written from a trained fold, read back through Run's eyes."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import safetensors.torch
import torch
from orchestrator.artifacts.fold_files import finish, fold_folder, read_state, write_outcome, write_state

from orchestrator.storage.store import Store
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
    folder = Store.open(tmp_path)
    write_outcome(folder, outcome, task.stages, names, rows)

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
    state = read_state(folder)
    assert state is not None
    assert state["iteration"] == total


def test_a_damaged_state_counts_as_none(tmp_path: Path) -> None:
    folder = Store.open(tmp_path)
    assert read_state(folder) is None
    write_state(folder, {"iteration": 3, "model": {"w": torch.ones(1000)}})
    whole = folder.read("state.pt")
    for length in (0, 10, len(whole) // 2):
        folder.write("state.pt", whole[:length])
        assert read_state(folder) is None, length


def test_a_state_never_runs_code(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (print, ("code ran",))

    torch.save({"x": Evil()}, tmp_path / "state.pt")
    assert read_state(Store.open(tmp_path)) is None


def test_the_last_fold_finishes_the_leg(tmp_path: Path) -> None:
    leg = Store.open(tmp_path)
    for fold in (1, 0):
        assert not finish(leg, 2)
        assert not leg.exists("result.json")
        fold_folder(leg, fold).write_json("fold.json", {"lwlrap": fold / 2})
    assert finish(leg, 2)
    assert leg.read_json("result.json") == {"folds": [{"lwlrap": 0.0}, {"lwlrap": 0.5}]}
