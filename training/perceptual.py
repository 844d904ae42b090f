"""A perceptual distance: SqueezeNet 1.1's early features, compared in direction.

Features as in LPIPS (Zhang 2018, Sec. 3), without its learned weights; `benchmarks/lpips.py` has
LPIPS itself.
"""

from pathlib import Path

import torch
from torch import Tensor, nn

from training.squeezenet import SqueezeFeatures

_TAPPED = (1, 4, 7)


class Perceptual(nn.Module):
    """The distance of two pictures; nothing in it learns."""

    def __init__(self, weights: Path) -> None:
        """`weights` is the state dict of torchvision's squeezenet1_1.

        Raises:
            InputError: the file is missing or something else.
        """
        super().__init__()
        self._taps = SqueezeFeatures(weights, _TAPPED)

    def forward(self, output: Tensor, truth: Tensor) -> Tensor:
        """(N, 3, S, S) both, in -1..1 -> a scalar, 0 for equal pictures."""
        with torch.no_grad():
            wanted = self._taps(truth)
        distance = output.new_zeros(())
        for mine, yours in zip(self._taps(output), wanted, strict=True):
            distance = distance + (_unit(mine) - _unit(yours)).square().sum(1).mean()
        return distance


def _unit(features: Tensor) -> Tensor:
    length: Tensor = features.norm(dim=1, keepdim=True)
    return features / (length + 0.05)
