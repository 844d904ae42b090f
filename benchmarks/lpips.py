"""LPIPS (Zhang 2018, "The Unreasonable Effectiveness of Deep Features", Sec. 3), as a map.

SqueezeNet 1.1's features are made unit length, their squared differences weighed by learned 1 x 1
weights, enlarged to the picture and summed over the layers: the spatial form, so that a region has
a value of its own. Weights: torchvision's SqueezeNet 1.1 and the authors' `lpips_v0.1_squeeze.pth`.
"""

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.errors import InputError
from engine.frame import Pixels
from training.squeezenet import SqueezeFeatures

_TAPPED = (1, 4, 7, 9, 10, 11, 12)
_CHANNELS = (64, 128, 256, 384, 384, 512, 512)

_LEAST_LENGTH = 1e-10

Features = list[Tensor]
"""Of one picture, each (1, C, h, w) and of unit length along C."""


class Lpips:
    """The distance of two pictures, pixel by pixel."""

    def __init__(self, squeezenet: Path, linear: Path) -> None:
        """State dicts of torchvision's squeezenet1_1 and of LPIPS's linear layers for it.

        Raises:
            InputError: one of the files is missing or something else.
        """
        self._features = SqueezeFeatures(squeezenet, _TAPPED).eval()
        self._weights = _load_weights(linear)

    def features(self, picture: Pixels) -> Features:
        """What a picture is compared by; keep it where one is compared with several."""
        light = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 127.5 - 1.0
        with torch.inference_mode():
            return [unit_length(tap) for tap in self._features(light)]

    def between(
        self, first: Features, second: Features, size: tuple[int, int]
    ) -> NDArray[np.float32]:
        """(H, W) distance of two pictures of that size; its mean is the usual single number."""
        with torch.inference_mode():
            found = spatial_distance(first, second, self._weights, size)
        return np.asarray(found[0, 0].numpy(), np.float32)


def unit_length(features: Tensor) -> Tensor:
    """(N, C, h, w), each place's vector of length one."""
    length: Tensor = features.square().sum(1, keepdim=True).sqrt()
    return features / (length + _LEAST_LENGTH)


def spatial_distance(
    first: Sequence[Tensor],
    second: Sequence[Tensor],
    weights: Sequence[Tensor],
    size: tuple[int, int],
) -> Tensor:
    """Unit-length features of each layer, (N, C, h, w) -> (N, 1, H, W). `weights`: (1, C, 1, 1)."""
    total = torch.zeros(())
    for mine, yours, weight in zip(first, second, weights, strict=True):
        apart = F.conv2d((mine - yours).square(), weight)
        total = total + F.interpolate(apart, size=size, mode="bilinear", align_corners=False)
    return total


def _load_weights(path: Path) -> list[Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        found = [state[f"lin{k}.model.1.weight"].float() for k in range(len(_CHANNELS))]
    except (OSError, KeyError, RuntimeError, AttributeError, ValueError, UnpicklingError) as error:
        raise InputError(f"{path} is not LPIPS's linear layers for SqueezeNet: {error}") from None
    if [weight.shape for weight in found] != [(1, channels, 1, 1) for channels in _CHANNELS]:
        raise InputError(f"{path} is not LPIPS's linear layers for SqueezeNet: other shapes.")
    return found
