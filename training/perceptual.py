"""A perceptual distance: SqueezeNet 1.1's early features, compared in direction.

The weights are torchvision's (BSD-3, ImageNet) and are not in this repository: give their state
dict as a file. Features as in LPIPS (Zhang 2018, Sec. 3), without its learned weights.
"""

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import InputError

_TAPPED = (1, 4, 7)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class _Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x))
        return torch.cat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], 1)


class Perceptual(nn.Module):
    """The distance of two pictures; nothing in it learns."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, weights: Path) -> None:
        """`weights` is the state dict of torchvision's squeezenet1_1.

        Raises:
            InputError: the file is missing or something else.
        """
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 3, 2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
            _Fire(64, 16, 64), _Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True),
            _Fire(128, 32, 128), _Fire(256, 32, 128),
        )  # fmt: skip
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

    def forward(self, output: Tensor, truth: Tensor) -> Tensor:
        """(N, 3, S, S) both, in -1..1 -> a scalar, 0 for equal pictures."""
        with torch.no_grad():
            wanted = self._taps(truth)
        distance = output.new_zeros(())
        for mine, yours in zip(self._taps(output), wanted, strict=True):
            distance = distance + (_unit(mine) - _unit(yours)).square().sum(1).mean()
        return distance

    def _taps(self, pixels: Tensor) -> list[Tensor]:
        x, taps = (pixels * 0.5 + 0.5 - self.mean) / self.deviation, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in _TAPPED:
                taps.append(x)
        return taps


def _unit(features: Tensor) -> Tensor:
    length: Tensor = features.norm(dim=1, keepdim=True)
    return features / (length + 0.05)
