"""Eq. 9: how different two pictures look to a network for photographs; VGG-19 as in the paper.

Where its 550 MB are not at hand, SqueezeNet 1.1 serves, and the run's record says so. Both ways:
gradients reach either picture, which the pair (S', D') needs.
"""

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor, nn

from engine.errors import InputError
from training.squeezenet import SqueezeFeatures

_VGG = (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512, 512, 512, 512, 0, 512)
"""Channels of VGG-19's convolutions up to conv5_1; 0 is a pooling (Simonyan 2015, Table 1, E)."""
_RELU_1 = (1, 6, 11, 20, 29)
"""relu1_1 to relu5_1 in torchvision's numbering."""
_SQUEEZE_TAPS = (1, 4, 7)


class VggFeatures(nn.Module):
    """relu1_1, relu2_1, ... relu5_1; nothing in it learns."""

    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in _VGG:
            if width:
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            else:
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.register_buffer("mean", torch.tensor((0.485, 0.456, 0.406))[:, None, None])
        self.register_buffer("deviation", torch.tensor((0.229, 0.224, 0.225))[:, None, None])

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """(N, 3, H, W) RGB in -1..1 -> five maps."""
        x, taps = (pixels * 0.5 + 0.5 - self.mean) / self.deviation, []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in _RELU_1:
                taps.append(x)
        return taps


class PerceptualPairs(nn.Module):
    """The distance of pairs of pictures, by the network that a file holds."""

    def __init__(self, weights: Path) -> None:
        """`weights` is the state dict of torchvision's vgg19 or squeezenet1_1.

        Raises:
            InputError: the file is missing or of neither.
        """
        super().__init__()
        state = _read(weights)
        self.name = "SqueezeNet 1.1" if "features.3.squeeze.weight" in state else "VGG-19"
        if self.name == "VGG-19":
            self._taps: nn.Module = _vgg(weights, state)
        else:
            self._taps = SqueezeFeatures(weights, _SQUEEZE_TAPS)
        self.requires_grad_(requires_grad=False)

    def forward(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Pairs of (N, 3, S, S) in -1..1 -> the sum of their distances, 0 for equal pictures."""
        pictures = torch.cat([picture for pair in pairs for picture in pair])
        total = pictures.new_zeros(())
        for taps in self._taps(pictures):
            parts = taps.chunk(2 * len(pairs))
            for mine, yours in zip(parts[::2], parts[1::2], strict=True):
                total = total + self._distance(mine, yours)
        return total

    def _distance(self, mine: Tensor, yours: Tensor) -> Tensor:
        if self.name == "VGG-19":
            return (mine - yours).abs().mean()
        return (_unit(mine) - _unit(yours)).square().sum(1).mean()


def _unit(features: Tensor) -> Tensor:
    length: Tensor = features.norm(dim=1, keepdim=True)
    return features / (length + 0.05)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, UnpicklingError) as error:
        raise InputError(f"{path} is no state dict: {error}. See --perceptual.") from None
    if not isinstance(state, dict):
        raise InputError(f"{path} is no state dict. See --perceptual.")
    return state


def _vgg(path: Path, state: dict[str, Tensor]) -> VggFeatures:
    network = VggFeatures()
    own = network.state_dict()
    try:
        taken = {name: state[name].float() for name in own if name.startswith("features.")}
        network.load_state_dict(own | taken)
    except (KeyError, RuntimeError, AttributeError):
        raise InputError(
            f"{path} is neither torchvision's vgg19 nor its squeezenet1_1. See --perceptual."
        ) from None
    return network
