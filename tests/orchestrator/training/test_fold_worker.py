from types import SimpleNamespace

import pytest
import torch

from orchestrator.training.fold_worker import _fits

GPU = torch.device("cuda:0")


def test_a_fold_keeps_to_its_share_of_the_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """The features stay there where they leave half of the share to training."""
    fractions: list[float] = []
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda share, device: fractions.append(share)
    )
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda device: SimpleNamespace(total_memory=1000)
    )
    assert _fits(124, GPU, 0.25)
    assert not _fits(125, GPU, 0.25)
    assert _fits(499, GPU, 2.0)
    assert fractions == [0.25, 0.25, 1.0]
