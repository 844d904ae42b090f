"""The motion encoder: what a face does, as four codes. A face alignment network (FAN) and heads."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.pdfgc.layout import PARTS

FEATURE = 512
"""Length of the unified motion feature and of each head's."""
LANDMARK_MAPS = 68
DEPTH = 4
"""Times that the hourglass halves its 56 pixels: 28, 14, 7, 3."""
HEADS = {"lips": "mouth", "emotion": "emo", "eyes": "eye", "pose": "headpose"}
"""Our name of a code -> the release's, in `to_NAME` and `NAME_embed`."""


class ConvBlock(nn.Module):
    """Three pre-activated 3 x 3 convolutions, concatenated, and a skip."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, half, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(half)
        self.conv2 = nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(quarter)
        self.conv3 = nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.downsample: nn.Module = nn.Identity()
        if inputs != outputs:
            self.downsample = nn.Sequential(
                nn.BatchNorm2d(inputs), nn.ReLU(), nn.Conv2d(inputs, outputs, 1, bias=False)
            )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h, w)."""
        first = self.conv1(F.relu(self.bn1(x)))
        second = self.conv2(F.relu(self.bn2(first)))
        third = self.conv3(F.relu(self.bn3(second)))
        skip: Tensor = self.downsample(x)
        return torch.cat([first, second, third], dim=1) + skip


class Hourglass(nn.Module):
    """Down and up again, with a skip at each size; the release counts the levels from the top."""

    def __init__(self, depth: int, channels: int) -> None:
        super().__init__()
        self.depth = depth
        for level in range(depth, 0, -1):
            for name in ("b1", "b2", "b3"):
                self.add_module(f"{name}_{level}", ConvBlock(channels, channels))
        self.b2_plus_1 = ConvBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same."""
        return self._level(x, self.depth)

    def _level(self, x: Tensor, level: int) -> Tensor:
        skip: Tensor = self.get_submodule(f"b1_{level}")(x)
        low = self.get_submodule(f"b2_{level}")(F.max_pool2d(x, 2, 2))
        low = self._level(low, level - 1) if level > 1 else self.b2_plus_1(low)
        low = self.get_submodule(f"b3_{level}")(low)
        # Back to the skip's own size: from 3 pixels to 7 is no doubling.
        size = skip.shape[2:]
        return skip + F.interpolate(low, size=size, mode="bilinear", align_corners=False)


class FaceAlignmentNetwork(nn.Module):
    """One stack; its 68 landmark maps are read by a convolution and a linear layer."""

    def __init__(self, stem: int) -> None:
        """`stem` channels at first, four times as many in the hourglass."""
        super().__init__()
        wide = 4 * stem
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3)
        self.bn1 = nn.BatchNorm2d(stem)
        self.conv2 = ConvBlock(stem, 2 * stem)
        self.conv3 = ConvBlock(2 * stem, 2 * stem)
        self.conv4 = ConvBlock(2 * stem, wide)
        self.m0 = Hourglass(DEPTH, wide)
        self.top_m_0 = ConvBlock(wide, wide)
        self.conv_last0 = nn.Conv2d(wide, wide, 1)
        self.bn_end0 = nn.BatchNorm2d(wide)
        self.l0 = nn.Conv2d(wide, LANDMARK_MAPS, 1)
        self.bn5 = nn.BatchNorm2d(LANDMARK_MAPS)
        self.conv6 = nn.Conv2d(LANDMARK_MAPS, 1, 3, 2, 1)
        self.fc = nn.Linear(28 * 28, FEATURE)

    def forward(self, picture: Tensor) -> Tensor:
        """(N, 3, 224, 224) -> (N, 512)."""
        x = self.conv2(F.relu(self.bn1(self.conv1(picture))))  # 112 px
        x = self.conv4(self.conv3(F.max_pool2d(x, 2, 2)))  # 56 px
        x = self.top_m_0(self.m0(x))
        x = F.relu(self.bn_end0(self.conv_last0(x)))
        x = F.relu(self.bn5(self.l0(x)))
        x = F.relu(self.conv6(x))  # (N, 1, 28, 28)
        feature: Tensor = self.fc(x.flatten(1))
        return feature


def head() -> nn.Sequential:
    """From the unified feature to one factor's; as released, the batch norm follows the ReLU."""
    return nn.Sequential(
        nn.Linear(FEATURE, FEATURE),
        nn.ReLU(),
        nn.BatchNorm1d(FEATURE),
        nn.Linear(FEATURE, FEATURE),
    )


def embedding(length: int) -> nn.Sequential:
    """From a factor's feature to its code."""
    return nn.Sequential(nn.ReLU(), nn.Linear(FEATURE, length))


class MotionEncoder(nn.Module):
    """All four codes of a driving picture in one pass."""

    def __init__(self, stem: int, *, lips: bool = True) -> None:
        """Without `lips` there is no code of them: the file lacked what reads them."""
        super().__init__()
        self.model = FaceAlignmentNetwork(stem)
        self.parts = [part for part in PARTS if lips or part != "lips"]
        for part in self.parts:
            self.add_module(f"to_{HEADS[part]}", head())
            self.add_module(f"{HEADS[part]}_embed", embedding(PARTS[part]))

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """(N, 3, 224, 224) in [-1, 1] -> the codes of `parts`, (N, length) each."""
        feature = self.model(picture)
        return tuple(self._code(HEADS[part], feature) for part in self.parts)

    def _code(self, name: str, feature: Tensor) -> Tensor:
        of_factor = self.get_submodule(f"to_{name}")(feature)
        code: Tensor = self.get_submodule(f"{name}_embed")(of_factor)
        return code
