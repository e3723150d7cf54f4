"""Across modules: the switches for GPUs, through the same code on the CPU."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.trainable import tiny
from trainable.fold import train_fold


def scores(**compute: object) -> np.ndarray:
    outcome = train_fold(tiny.task(compute=compute), tiny.data(), tiny.MemoryWorker())
    return outcome.predictions[-1].test


def test_channels_last_and_tf32_round_and_nothing_more() -> None:
    plain = scores()
    np.testing.assert_allclose(scores(channels_last=True, tf32=True), plain, atol=1e-3)


def test_fused_adam_takes_the_steps_of_the_plain_one() -> None:
    """Of tensors of either layout: it reads memory, so weight, gradient and averages must agree on theirs."""
    plain = scores(fused_adam=False)
    for layout in (False, True):
        np.testing.assert_allclose(scores(fused_adam=True, channels_last=layout), plain, atol=1e-4)


def test_bfloat16_trains_near_float32_and_keeps_scores_in_float32() -> None:
    plain, half = scores(), scores(precision="bfloat16")
    assert half.dtype == np.float32
    assert not np.array_equal(half, plain), "the switch does something"
    np.testing.assert_allclose(half, plain, atol=0.15)


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore")  # torch's own
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile needs g++")
def test_a_compiled_network_scores_like_the_plain_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    compiled: list[torch.nn.Module] = []
    compiler = torch.compile

    def noted(model: torch.nn.Module) -> object:
        compiled.append(model)
        return compiler(model)

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(torch, "compile", noted)
    np.testing.assert_allclose(scores(compile=True), scores(), atol=1e-5)
    assert len(compiled) == 1
    assert any(tmp_path.rglob("*.cpp")), "nothing was compiled"
