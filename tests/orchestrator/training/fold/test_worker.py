"""What of a fold's worker needs no Ray; the rest is held by tests/integration/test_grid.py."""

import platform
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from orchestrator.training.fold.worker import _keep_to_share
from tests.places import ROOT

GPU = torch.device("cuda:0")


@pytest.mark.parametrize(("reserved", "share"), [(0.25, 0.25), (1.0, 1.0), (2.0, 1.0)])
def test_a_fold_keeps_to_its_share_of_the_gpu(
    monkeypatch: pytest.MonkeyPatch, reserved: float, share: float
) -> None:
    fractions: list[float] = []
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda share, device: fractions.append(share)
    )
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=1000)
    )
    assert _keep_to_share(GPU, reserved) == 1000 * share
    assert fractions == [share]


STEPS = """
import resource
import numpy as np
from orchestrator.training.fold.worker import keep_freed_memory
if {kept}:
    keep_freed_memory()
def step():
    images = [np.ones(1 << 20, np.float32) for _ in range(8)]
for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _faults(kept: bool) -> int:
    words = [sys.executable, "-c", STEPS.format(kept=kept)]
    return int(subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the options")
def test_freed_memory_is_kept_and_would_not_be() -> None:
    assert _faults(kept=True) < 200
    assert _faults(kept=False) > 2000
