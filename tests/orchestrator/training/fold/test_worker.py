"""What of a fold's worker needs no Ray; the rest is held by tests/integration/test_grid.py."""

from types import SimpleNamespace

import pytest
import torch

from orchestrator.training.fold.worker import _keep_to_share

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
