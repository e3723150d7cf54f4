"""CNN-GRU (section 2.2): convolutional blocks, a bidirectional GRU, pooling over time, two dense layers.

Shapes: B clips, T frames, M mel bands, F feature maps (1: the input), S steps in time and L bands after all
pooling, H outputs of the GRU in both directions, D units of the first dense layer, C classes.
"""

from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainable.config import Model


class _Halve(nn.AvgPool2d):
    """2x2 average pooling; the last row or column of an odd number is left out.

    On a CPU in training it is a depthwise convolution: the same values, in half the time of torch's pooling.
    """

    def __init__(self) -> None:
        super().__init__(2)

    def forward(self, x_BFTM: Tensor) -> Tensor:
        """(B, F, T, M) to (B, F, T // 2, M // 2)."""
        if x_BFTM.device.type != "cpu" or not self.training:
            return super().forward(x_BFTM)
        maps = x_BFTM.shape[1]
        return F.conv2d(x_BFTM, x_BFTM.new_full((maps, 1, 2, 2), 0.25), stride=2, groups=maps)


def _block(inputs: int, outputs: int, convolutions: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(convolutions):
        layers += [nn.Conv2d(inputs if i == 0 else outputs, outputs, 3, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, _Halve())


def _pool(x_BSH: Tensor, how: Literal["max_mean", "max", "mean"]) -> Tensor:
    if how == "max":
        return x_BSH.amax(1)
    return x_BSH.mean(1) if how == "mean" else x_BSH.amax(1) + x_BSH.mean(1)


class CnnGru(nn.Module):
    """Log-mel (dB) to one vector of logits per head."""

    band_mean: Tensor
    band_std: Tensor

    def __init__(self, settings: Model, n_mels: int, n_classes: int, n_heads: int) -> None:
        """Settings of an experiment are refused where the blocks' pooling leaves nothing of the mel bands."""
        super().__init__()
        bands = n_mels >> len(settings.channels)
        assert bands, f"{n_mels} mel bands are too few for {len(settings.channels)} blocks of 2x2 pooling"
        widths = (1, *settings.channels)
        self.blocks = nn.Sequential(*[_block(a, b, settings.convolutions) for a, b in pairwise(widths)])
        self.gru = nn.GRU(widths[-1] * bands, settings.gru, batch_first=True, bidirectional=True)
        self.pooling = settings.pooling
        self.n_classes = n_classes
        self.dropout = nn.Dropout(settings.dropout)
        self.hidden = nn.Linear(2 * settings.gru, settings.hidden)
        self.heads = nn.ModuleList([nn.Linear(settings.hidden, n_classes) for _ in range(n_heads)])
        # The training clips' statistics travel with the weights, so that a saved model needs nothing else.
        self.register_buffer("band_mean", torch.zeros(n_mels))
        self.register_buffer("band_std", torch.ones(n_mels))

    def forward(self, x_BTM: Tensor) -> list[Tensor]:
        """Logits of every head: a list of (B, C)."""
        x_B1TM = ((x_BTM - self.band_mean) / self.band_std).unsqueeze(1)
        x_BFSL = self.blocks(x_B1TM)
        x_BSH, _ = self.gru(x_BFSL.permute(0, 2, 1, 3).flatten(2))
        x_BH = self.dropout(_pool(x_BSH, self.pooling))
        x_BD = self.dropout(self.hidden(x_BH).relu())
        return [head(x_BD) for head in self.heads]
