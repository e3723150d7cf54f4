"""Train a fold on the features in a folder's file with little private memory; print a checksum of all.

    python -m tests.orchestrator.features.limited FOLDER mapped|read MIB

`MIB` is the limit on what the process may add to its own memory (RLIMIT_DATA, which counts heap and private
mappings, but no mapped file); `read` reads the frames as a plain program would.
"""

import hashlib
import re
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from orchestrator.features.feature_set import open_features
from orchestrator.features.frame_file import BankArrays, FrameFile
from orchestrator.files.store import Store
from tests.orchestrator.features.faked_sets import ID
from tests.trainable.tiny import MemoryWorker, data, task
from trainable.bank import Bank
from trainable.fold import train_fold
from trainable.sampling import TrainingClips
from trainable.task import FoldData


def fold_data(arrays: BankArrays) -> FoldData:
    """Half of the clips are verified, one in four each unverified and test."""
    count = len(arrays.offsets) - 1
    targets = np.eye(3, dtype=np.uint8)[np.arange(count) % 3]
    parts = np.split(np.arange(count), [count // 4, count // 2, count * 3 // 4])
    pools = TrainingClips(parts[0], parts[2])
    return FoldData(Bank(arrays.blocks, arrays.offsets, 24), targets, pools, parts[1], parts[3])


def checksum(arrays: BankArrays) -> str:
    """SHA-256 of a trained fold: all frames of all clips have their part in it."""
    found = fold_data(arrays)
    outcome = train_fold(task(), found, MemoryWorker())
    mean, std = found.bank.band_statistics(np.arange(len(arrays.offsets) - 1))
    whole = hashlib.sha256()
    tensors: Mapping[str, torch.Tensor] = {**outcome.weights, "mean": mean, "std": std}
    for name in sorted(tensors):
        whole.update(tensors[name].numpy().tobytes())
    whole.update(outcome.predictions[-1].test.tobytes())
    return whole.hexdigest()


def limit(mib: int) -> None:
    """Let this process have so much more memory of its own."""
    (used,) = re.findall(r"VmData:\s+(\d+) kB", Path("/proc/self/status").read_text())
    most = 1024 * int(used) + mib * 2**20
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def main(folder: Path, how: str, mib: int) -> None:
    torch.set_num_threads(1)
    train_fold(task(), data(), MemoryWorker())  # what torch itself takes, it has now
    features = open_features(Store.open(folder / "out"), ID)
    assert features is not None
    limit(mib)
    arrays = FrameFile(features, folder / "disk").arrays()
    if how == "read":
        arrays = BankArrays([np.array(block) for block in arrays.blocks], arrays.offsets)
    print(checksum(arrays))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
