"""The switches for GPUs, through the same code on the CPU."""

import numpy as np
import pytest
import torch

from tests.trainable import tiny
from trainable.bank import Bank
from trainable.fold import train_fold


def scores(**compute: object) -> np.ndarray:
    outcome = train_fold(tiny.task(compute=compute), tiny.data(), tiny.MemoryWorker())
    return outcome.predictions[-1].test


def test_channels_last_and_tf32_round_and_nothing_more() -> None:
    plain = scores()
    np.testing.assert_allclose(scores(channels_last=True, tf32=True), plain, atol=1e-3)


def test_bfloat16_trains_near_float32_and_keeps_scores_in_float32() -> None:
    plain, half = scores(), scores(precision="bfloat16")
    assert half.dtype == np.float32
    assert not np.array_equal(half, plain), "the switch does something"
    np.testing.assert_allclose(half, plain, atol=0.15)


def test_compile_hands_the_network_to_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real compiler takes 40 s; that its result is what trains is what can break here."""
    compiled: list[torch.nn.Module] = []

    def stand_in(model: torch.nn.Module) -> torch.nn.Module:
        compiled.append(model)
        return model

    monkeypatch.setattr(torch, "compile", stand_in)
    np.testing.assert_array_equal(scores(compile=True), scores())
    assert len(compiled) == 1


def test_a_bank_off_the_device_gives_the_same_crops() -> None:
    frames = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float16)
    offsets = np.array([0, 20, 50])
    clips, places = np.array([1, 0]), np.arange(25)[None].repeat(2, 0)
    banks = [Bank(frames, offsets, 25, resident=resident) for resident in (True, False)]
    crops = [bank.gather(clips, places) for bank in banks]
    assert torch.equal(*crops)
    assert {bank.device for bank in banks} == {torch.device("cpu")}
