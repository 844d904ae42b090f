"""The sound encoder: what the lips do in 200 ms of speech. A squeeze-and-excitation ResNet."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.pdfgc.layout import MEL_BANDS, PARTS

WIDENED = (1, 2, 4, 8)
"""The stages' widths, in that of the first."""
BLOCKS = (3, 4, 6, 3)
REDUCTION = 8
FEATURE = 512
ATTENTION = 128


class Excitation(nn.Module):
    """Scales each channel by a gate that sees all of them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // REDUCTION),
            nn.ReLU(),
            nn.Linear(channels // REDUCTION, channels),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same."""
        gate: Tensor = self.fc(x.mean((2, 3)))
        return x * gate[:, :, None, None]


class Block(nn.Module):
    """A basic block whose first ReLU comes before its batch norm, as released."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.se = Excitation(outputs)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h / stride, w / stride)."""
        out = self.bn1(F.relu(self.conv1(x)))
        out = self.se(self.bn2(self.conv2(out)))
        return F.relu(out + self.downsample(x))


class SoundNetwork(nn.Module):
    """From a log-mel window to a feature."""

    def __init__(self, first: int) -> None:
        super().__init__()
        widths = [first * factor for factor in WIDENED]
        # Channels times the bands that are left: 2560 numbers at each of three times, as released.
        pooled = widths[-1] * MEL_BANDS // 8
        self.conv1 = nn.Conv2d(1, first, 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(first)
        steps = zip(pairwise((first, *widths)), BLOCKS, strict=True)
        for stage, ((inputs, outputs), count) in enumerate(steps):
            blocks = [Block(inputs, outputs, 1 if stage == 0 else 2)]
            blocks += [Block(outputs, outputs, 1) for _ in range(count - 1)]
            self.add_module(f"layer{stage + 1}", nn.Sequential(*blocks))
        self.attention = nn.Sequential(
            nn.Conv1d(pooled, ATTENTION, 1),
            nn.ReLU(),
            nn.BatchNorm1d(ATTENTION),
            nn.Conv1d(ATTENTION, pooled, 1),
        )
        self.fc = nn.Linear(pooled, FEATURE)

    def forward(self, window: Tensor) -> Tensor:
        """(N, 1, 80, 20) -> (N, 512)."""
        x = self.bn1(F.relu(self.conv1(window)))
        for stage in range(len(BLOCKS)):
            x = self.get_submodule(f"layer{stage + 1}")(x)
        x = x.flatten(1, 2)  # (N, 2560, 3)
        weight = torch.softmax(self.attention(x), dim=2)  # self-attentive pooling over the times
        feature: Tensor = self.fc((x * weight).sum(2))
        return feature


class SoundEncoder(nn.Module):
    """Its code takes the place of the lips' code of a picture."""

    def __init__(self, first: int) -> None:
        """`first`: channels of the first stage."""
        super().__init__()
        self.model = SoundNetwork(first)
        self.mouth_embed = nn.Sequential(nn.ReLU(), nn.Linear(FEATURE, PARTS["lips"]))

    def forward(self, window: Tensor) -> Tensor:
        """(N, 1, 80, 20) log-mel in 0..1 -> (N, 500)."""
        lips: Tensor = self.mouth_embed(self.model(window))
        return lips
