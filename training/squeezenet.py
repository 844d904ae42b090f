"""SqueezeNet 1.1 up to any of its layers: the features that pictures are compared by.

The weights are torchvision's (BSD-3, ImageNet) and are not in this repository: give their state
dict as a file.
"""

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import InputError

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

_FIRES = {
    3: (64, 16, 64), 4: (128, 16, 64), 6: (128, 32, 128), 7: (256, 32, 128),
    9: (256, 48, 192), 10: (384, 48, 192), 11: (384, 64, 256), 12: (512, 64, 256),
}  # fmt: skip
"""Index in torchvision's `features` -> inputs, squeezed, expanded (Iandola 2016, Table 1)."""

_POOLS = (2, 5, 8)


class _Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class SqueezeFeatures(nn.Module):
    """The outputs of some layers; nothing in it learns."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, weights: Path, tapped: Sequence[int]) -> None:
        """`weights` is the state dict of torchvision's squeezenet1_1, `tapped` rises, 0..12.

        Raises:
            InputError: the file is missing or something else.
        """
        super().__init__()
        self._tapped = tuple(tapped)
        self.features = nn.Sequential(*(_layer(index) for index in range(self._tapped[-1] + 1)))
        self._load(weights)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None])
        self.requires_grad_(requires_grad=False)

    def _load(self, path: Path) -> None:
        wanted = self.state_dict()
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            self.load_state_dict({name: state[name].float() for name in wanted})
        except (
            OSError,
            KeyError,
            RuntimeError,
            AttributeError,
            ValueError,
            UnpicklingError,
        ) as error:
            raise InputError(
                f"{path} is not the state dict of torchvision's squeezenet1_1: {error}"
            ) from None

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(N, 3, H, W) RGB in -1..1 -> (N, C, h, w) for each tapped layer."""
        x, taps = (pixels * 0.5 + 0.5 - self.mean) / self.deviation, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self._tapped:
                taps.append(x)
        return taps


def _layer(index: int) -> nn.Module:
    if index == 0:
        return nn.Conv2d(3, 64, 3, 2)
    if index == 1:
        return nn.ReLU()
    if index in _POOLS:
        return nn.MaxPool2d(3, 2, ceil_mode=True)
    return _Fire(*_FIRES[index])
