"""The encoder: a picture to a latent code, and the feature maps the generators warp."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from engine.stylegan.layers import ConvLayer, EqualConv, typed


class Residual(nn.Module):
    """Two 3 x 3 convolutions and a 1 x 1 skip; halves the size."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv1 = ConvLayer(inputs, inputs, 3)
        self.conv2 = ConvLayer(inputs, outputs, 3, halve=True)
        self.skip = ConvLayer(inputs, outputs, 1, halve=True, activate=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h / 2, w / 2)."""
        main: Tensor = self.conv2(self.conv1(x))
        skip: Tensor = self.skip(x)
        return (main + skip) / math.sqrt(2.0)


class AppearanceEncoder(nn.Module):
    """The stack of residual blocks from the full size down to 4 x 4, then to one code."""

    def __init__(self, widths: Sequence[int], style: int) -> None:
        """`widths` are the channels at 4, 8, 16, ... pixels, up to the picture's size."""
        super().__init__()
        down = list(reversed(widths))
        blocks = [Residual(inputs, outputs) for inputs, outputs in pairwise(down)]
        last = EqualConv(down[-1], style, 4)
        self.convs = nn.ModuleList([ConvLayer(3, down[0], 1), *blocks, last])

    @property
    def first(self) -> ConvLayer:
        """The 1 x 1 convolution of the picture."""
        return typed(self.convs[:1], ConvLayer)[0]

    @property
    def blocks(self) -> list[Residual]:
        """From the full size down."""
        return typed(self.convs[1:-1], Residual)

    @property
    def last(self) -> EqualConv:
        """From 4 x 4 maps to the code."""
        return typed(self.convs[-1:], EqualConv)[0]

    def forward(self, picture: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(N, 3, size, size) -> code (N, style), features at 8, 16, ... size pixels."""
        maps: list[Tensor] = [self.first(picture)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        code: Tensor = self.last(maps.pop())
        return code.flatten(1), maps[::-1]


class Encoder(nn.Module):
    """Holds the network under the name of the release, `enc.net_app`."""

    def __init__(self, widths: Sequence[int], style: int) -> None:
        super().__init__()
        self.net_app = AppearanceEncoder(widths, style)

    def forward(self, picture: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(N, 3, size, size) -> code (N, style), features at 8, 16, ... size pixels."""
        code, features = self.net_app(picture)
        return code, features
