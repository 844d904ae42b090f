"""The flow-warp generator: a latent code and a portrait's features to a picture.

At each size the generator draws a flow and a mask, warps the portrait's own features by the flow,
and keeps its own activations only where the mask is open.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.stylegan.layers import ConvLayer, LeakyBias, ModulatedConv, Noise, Upsample, typed


class Constant(nn.Module):
    """The learned 4 x 4 picture every generation starts from."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.input = nn.Parameter(torch.randn(1, channels, 4, 4))


class StyledConv(nn.Module):
    """A demodulated 3 x 3 convolution, bias and leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, style: int, *, upsample: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style, upsample=upsample, demodulate=True)
        self.noise = Noise()
        self.activate = LeakyBias(outputs)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """(N, inputs, h, w), (N, style) -> (N, outputs, h, w), or twice the size if upsampling."""
        out: Tensor = self.activate(self.conv(x, code))
        return out


class ToRgb(nn.Module):
    """Three colour channels from warped features, on top of the size below."""

    def __init__(self, inputs: int, *, upsample: bool = True) -> None:
        super().__init__()
        if upsample:
            self.upsample = Upsample()
        # The release has a leaky ReLU between this convolution and the second bias.
        self.conv = ConvLayer(inputs, 3, 1)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, warped: Tensor, below: Tensor | None) -> Tensor:
        """(N, inputs, h, w) and (N, 3, h / 2, w / 2) or None -> (N, 3, h, w)."""
        out: Tensor = self.conv(warped) + self.bias
        return out if below is None else out + self.upsample(below)


class ToFlow(nn.Module):
    """Flow and mask from activations, on top of the size below."""

    def __init__(self, inputs: int, style: int) -> None:
        super().__init__()
        self.upsample = Upsample()
        self.conv = ModulatedConv(inputs, 3, 1, style, upsample=False, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor, code: Tensor, below: Tensor | None) -> Tensor:
        """(N, inputs, h, w), (N, style) and (N, 3, h / 2, w / 2) or None -> (N, 3, h, w)."""
        out: Tensor = self.conv(x, code) + self.bias
        return out if below is None else out + self.upsample(below)


def warp(feature: Tensor, flow: Tensor) -> tuple[Tensor, Tensor]:
    """Move `feature` (N, C, h, w) by `flow` (N, 3, h, w); returns it masked, and the mask.

    tanh of the first two channels is a displacement (x, y) in units of half the picture, sigmoid of
    the third the mask. The identity grid is aligned with the corner pixels and the sampler is not:
    the published weights were trained so.
    """
    height, width = flow.shape[2:]
    # In bfloat16, which training may compute in, a place would be known to a quarter pixel of 256.
    kind = torch.float32 if flow.dtype == torch.bfloat16 else flow.dtype
    # Through float32 as in the release, whatever the precision of the rest.
    x = torch.linspace(-1, 1, width, dtype=torch.float64, device=flow.device).float()
    y = torch.linspace(-1, 1, height, dtype=torch.float64, device=flow.device).float()
    identity = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2).to(kind)  # (h, w, 2)
    grid = torch.tanh(flow[:, :2].to(kind)).permute(0, 2, 3, 1) + identity
    mask = torch.sigmoid(flow[:, 2:3])
    moved = F.grid_sample(
        feature.to(kind), grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    return moved.to(feature.dtype) * mask, mask


class Generator(nn.Module):
    """One of the two generators; both share this architecture, each has its own weights."""

    def __init__(self, widths: Sequence[int], style: int) -> None:
        """`widths` are the channels at 4, 8, 16, ... pixels, up to the picture's size."""
        super().__init__()
        self.input = Constant(widths[0])
        self.conv1 = StyledConv(widths[0], widths[0], style, upsample=False)
        # In every checkpoint, and never run: there is no feature map at 4 x 4 to colour.
        self.to_rgb1 = ToRgb(widths[0], upsample=False)
        convs: list[StyledConv] = []
        for below, here in pairwise(widths):
            convs.append(StyledConv(below, here, style, upsample=True))
            convs.append(StyledConv(here, here, style, upsample=False))
        self.convs = nn.ModuleList(convs)
        self.to_rgbs = nn.ModuleList(ToRgb(here) for here in widths[1:])
        self.to_flows = nn.ModuleList(ToFlow(here, style) for here in widths[1:])

    @property
    def styled(self) -> list[StyledConv]:
        """All styled convolutions, in the order they run."""
        return [self.conv1, *typed(self.convs, StyledConv)]

    @property
    def flows(self) -> list[ToFlow]:
        """From 8 pixels up."""
        return typed(self.to_flows, ToFlow)

    @property
    def rgbs(self) -> list[ToRgb]:
        """From 8 pixels up."""
        return typed(self.to_rgbs, ToRgb)

    def forward(self, code: Tensor, features: Sequence[Tensor]) -> Tensor:
        """(N, style), features at 8, 16, ... size pixels -> (N, 3, size, size)."""
        first, *convs = self.styled
        x = first(self.input.input.expand(len(code), -1, -1, -1), code)
        rgb: Tensor | None = None
        flow: Tensor | None = None
        for level, (feature, to_flow, to_rgb) in enumerate(
            zip(features, self.flows, self.rgbs, strict=True)
        ):
            x = convs[2 * level](x, code)
            x = convs[2 * level + 1](x, code)
            flow = to_flow(x, code, flow)
            warped, mask = warp(feature, flow)
            rgb = to_rgb(warped, rgb)
            x = warped + x * (1.0 - mask)
        assert rgb is not None
        return rgb
