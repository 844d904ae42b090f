"""The network of `engine/rig/warp/head_network.py` in torch, to be trained."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.rig.warp.head_network import CHANNELS, FIELDS, Weights

_WIDTHS = 16, 24, 32, 48


class HeadNet(nn.Module):
    """(N, 9, 64, 64) -> (N, 3, 64, 64); it begins with the skull of everybody: all zeros."""

    def __init__(self) -> None:
        super().__init__()
        fine, half, quarter, eighth = _WIDTHS
        self.a = _block(CHANNELS, fine)
        self.b = _block(fine, half, stride=2)
        self.c = _block(half, quarter, stride=2)
        self.d = _block(quarter, eighth, stride=2)
        self.uc = _block(eighth + quarter, quarter)
        self.ub = _block(quarter + half, half)
        self.out = nn.Conv2d(half, FIELDS, 3, padding=1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, cells: Tensor) -> Tensor:
        """What `engine.rig.warp.head_network._forward` computes."""
        half = self.b(self.a(cells))
        quarter = self.c(half)
        quarter = self.uc(torch.cat([_doubled(self.d(quarter)), quarter], 1))
        half = self.ub(torch.cat([_doubled(quarter), half], 1))
        return _doubled(self.out(half))

    def mirrored(self, cells: Tensor) -> Tensor:
        """What it says of the mirror image, mirrored back."""
        flipped = cells.flip(-1).clone()
        flipped[:, 7] *= -1.0
        found = self(flipped).flip(-1)
        signs = torch.tensor([1.0, -1.0, -1.0])[:, None, None]
        changed: Tensor = found[:, [0, 2, 1]] * signs
        return changed


def weights_of(net: HeadNet) -> Weights:
    """As the engine takes them."""
    return {name: value.detach().numpy() for name, value in net.state_dict().items()}


def _block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1),
        nn.GroupNorm(4, outputs),
        nn.SiLU(),
        nn.Conv2d(outputs, outputs, 3, padding=1),
        nn.SiLU(),
    )


def _doubled(features: Tensor) -> Tensor:
    return F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
