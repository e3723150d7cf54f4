"""Shapes, normalisation and pooling of the network."""

from typing import Literal

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from trainable.config import Model
from trainable.model import CnnGru, _block, _Halve

SMALL = Model(channels=(4, 6), convolutions=1, gru=5, hidden=7)


def _model(settings: Model = SMALL, n_mels: int = 8, n_heads: int = 2) -> CnnGru:
    torch.manual_seed(0)
    return CnnGru(settings, n_mels, n_classes=3, n_heads=n_heads).eval()


@pytest.mark.parametrize("n_heads", [1, 2, 3])
@pytest.mark.parametrize("frames", [4, 16, 33])
def test_a_vector_of_logits_for_each_head(n_heads: int, frames: int) -> None:
    logits = _model(n_heads=n_heads)(torch.randn(5, frames, 8))
    assert [z_BC.shape for z_BC in logits] == [(5, 3)] * n_heads


@pytest.mark.parametrize("convolutions", [1, 2])
def test_parameters_are_those_of_the_paper_s_layers(convolutions: int) -> None:
    settings = SMALL.model_copy(update={"convolutions": convolutions})
    first = 9 * 1 * 4 + 2 * 4 + (convolutions - 1) * (9 * 4 * 4 + 2 * 4)
    second = 9 * 4 * 6 + 2 * 6 + (convolutions - 1) * (9 * 6 * 6 + 2 * 6)
    gru = 2 * 3 * (5 * (6 * 2) + 5 * 5 + 2 * 5)  # two directions, three gates, 6 channels of 2 bands
    dense = (2 * 5 + 1) * 7 + 2 * (7 + 1) * 3
    found = sum(p.numel() for p in _model(settings).parameters())
    assert found == first + second + gru + dense


def test_band_statistics_travel_with_the_weights() -> None:
    model, x_BTM = _model(), torch.randn(2, 16, 8) * 20 - 40
    mean_M, std_M = torch.linspace(-60, -20, 8), torch.linspace(5, 20, 8)
    expected = model((x_BTM - mean_M) / std_M)
    model.band_mean, model.band_std = mean_M, std_M
    other = _model()
    other.load_state_dict(model.state_dict())
    for found, wanted in zip(other(x_BTM), expected, strict=True):
        torch.testing.assert_close(found, wanted)
    assert not {"band_mean", "band_std"} & dict(model.named_parameters()).keys()


def _mean(x_BSH: Tensor) -> Tensor:
    return x_BSH.sum(1) / x_BSH.shape[1]


def _max(x_BSH: Tensor) -> Tensor:
    return x_BSH.sort(1).values[:, -1]


@pytest.mark.parametrize("how", ["max", "mean", "max_mean"])
def test_pooling_over_time(how: Literal["max", "mean", "max_mean"]) -> None:
    model = _model(SMALL.model_copy(update={"pooling": how}))
    seen: dict[str, Tensor] = {}
    model.gru.register_forward_hook(lambda _, __, out: seen.update(gru=out[0]))
    model.hidden.register_forward_hook(lambda _, given, __: seen.update(pooled=given[0]))
    model(torch.randn(3, 32, 8))
    x_BSH = seen["gru"]
    assert x_BSH.shape == (3, 8, 10)
    expected = {"max": _max(x_BSH), "mean": _mean(x_BSH), "max_mean": _max(x_BSH) + _mean(x_BSH)}[how]
    torch.testing.assert_close(seen["pooled"], expected)


def _slow_block(block: torch.nn.Sequential, x_BFTM: Tensor) -> Tensor:
    """Figure 1's block as one operation after another, none in place, pooled by reshaping."""
    *layers, _ = block
    for layer in layers:
        x_BFTM = x_BFTM.clamp_min(0) if isinstance(layer, torch.nn.ReLU) else layer(x_BFTM)
    clips, maps, frames, bands = x_BFTM.shape
    even = x_BFTM[:, :, : frames // 2 * 2, : bands // 2 * 2]
    return even.reshape(clips, maps, frames // 2, 2, bands // 2, 2).mean((3, 5))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("maps", "frames", "bands"), [(1, 8, 6), (3, 7, 5)])
def test_a_block_and_its_gradients_are_those_of_plain_operations(
    layout: torch.memory_format, training: bool, maps: int, frames: int, bands: int
) -> None:
    torch.manual_seed(0)
    block = _block(maps, 4, 2).train(training).to(memory_format=layout)  # type: ignore[call-overload]
    x_BFTM = torch.randn(2, maps, frames, bands).contiguous(memory_format=layout).requires_grad_()
    outputs = block(x_BFTM), _slow_block(block, x_BFTM)
    slope = torch.randn(outputs[0].shape)
    wanted = [x_BFTM, *block.parameters()]
    found, expected = (torch.autograd.grad(out, wanted, slope, retain_graph=True) for out in outputs)
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=1e-4)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_the_gradient_of_a_block_in_place_is_the_difference_quotient() -> None:
    torch.manual_seed(1)
    block = _block(2, 3, 1).double().train()
    x_BFTM = torch.randn(2, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x_BFTM,))


@pytest.mark.parametrize("shape", [(2, 3, 8, 6), (1, 5, 7, 9)])
def test_pooling_in_training_is_torchs(shape: tuple[int, ...]) -> None:
    x_BFTM = torch.randn(shape)
    pool = _Halve()
    torch.testing.assert_close(pool.train()(x_BFTM), F.avg_pool2d(x_BFTM, 2), rtol=0, atol=1e-6)
    assert torch.equal(pool.eval()(x_BFTM), F.avg_pool2d(x_BFTM, 2))


def test_the_gru_reads_time_in_both_directions() -> None:
    model, x_BTM = _model(), torch.randn(1, 16, 8)
    seen: list[Tensor] = []
    model.gru.register_forward_hook(lambda _, __, out: seen.append(out[0]))
    model(x_BTM)
    for frame in (0, -1):
        changed = x_BTM.clone()
        changed[:, frame] += 5
        model(changed)
    start, end = seen[1] - seen[0], seen[2] - seen[0]
    assert start[0, -1, :5].any()  # forward half: the end hears of the start
    assert end[0, 0, 5:].any()  # backward half: the start hears of the end
    assert not end[0, 0, :5].any()


def test_dropout_works_in_training_alone() -> None:
    model, x_BTM = _model(SMALL.model_copy(update={"dropout": 0.5})), torch.randn(4, 16, 8)
    assert torch.equal(model(x_BTM)[0], model(x_BTM)[0])
    model.train()
    assert not torch.equal(model(x_BTM)[0], model(x_BTM)[0])


def test_too_few_bands_are_our_own_error() -> None:
    with pytest.raises(AssertionError, match="3 mel bands are too few for 2 blocks"):
        _model(n_mels=3)
    assert _model(n_mels=4)(torch.randn(1, 8, 4))[0].shape == (1, 3)
