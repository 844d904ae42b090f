"""The generator: a style and a portrait's map to a picture. StyleGAN2's synthesis, with noise."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from engine.pdfgc.layout import START
from engine.stylegan.layers import LeakyBias, ModulatedConv, Noise, Upsample, typed


class NoiseMaps(nn.Module):
    """One fixed map for each styled convolution.

    The release draws them at random at its first picture; those in its file are of the same kind.
    """

    def __init__(self, sides: list[int]) -> None:
        super().__init__()
        for number, side in enumerate(sides):
            self.register_buffer(f"noise_{number}", torch.zeros(1, 1, side, side))

    def __getitem__(self, number: int) -> Tensor:
        """(1, 1, side, side)."""
        return self.get_buffer(f"noise_{number}")


class StyledConv(nn.Module):
    """A demodulated 3 x 3 convolution, noise, bias and leaky ReLU."""

    def __init__(self, inputs: int, outputs: int, style: int, *, upsample: bool) -> None:
        super().__init__()
        self.conv = ModulatedConv(inputs, outputs, 3, style, upsample=upsample, demodulate=True)
        self.noise = Noise()
        self.activate = LeakyBias(outputs)

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h, w), or twice the size if upsampling."""
        out: Tensor = self.activate(self.noise(self.conv(x, style), noise))
        return out


class ToRgb(nn.Module):
    """Three colour channels from activations, on top of the size below."""

    def __init__(self, inputs: int, style: int, *, upsample: bool = True) -> None:
        super().__init__()
        if upsample:
            self.upsample = Upsample()
        self.conv = ModulatedConv(inputs, 3, 1, style, upsample=False, demodulate=False)
        self.bias = nn.Parameter(torch.zeros(1, 3, 1, 1))

    def forward(self, x: Tensor, style: Tensor, below: Tensor | None) -> Tensor:
        """(N, inputs, h, w) and (N, 3, h / 2, w / 2) or None -> (N, 3, h, w)."""
        out: Tensor = self.conv(x, style) + self.bias
        return out if below is None else out + self.upsample(below)


class Generator(nn.Module):
    """The same style at every layer; the portrait's map stands for StyleGAN2's constant."""

    def __init__(self, widths: Sequence[int], style: int) -> None:
        """`widths` are the channels at 7, 14, ... 224 pixels."""
        super().__init__()
        self.conv1 = StyledConv(widths[0], widths[0], style, upsample=False)
        self.to_rgb1 = ToRgb(widths[0], style, upsample=False)
        convs: list[StyledConv] = []
        for below, here in pairwise(widths):
            convs.append(StyledConv(below, here, style, upsample=True))
            convs.append(StyledConv(here, here, style, upsample=False))
        self.convs = nn.ModuleList(convs)
        self.to_rgbs = nn.ModuleList(ToRgb(here, style) for here in widths[1:])
        sides = [START * 2 ** ((number + 1) // 2) for number in range(len(convs) + 1)]
        self.noises = NoiseMaps(sides)

    @property
    def styled(self) -> list[StyledConv]:
        """All styled convolutions, in the order they run."""
        return [self.conv1, *typed(self.convs, StyledConv)]

    @property
    def rgbs(self) -> list[ToRgb]:
        """From 7 pixels up."""
        return [self.to_rgb1, *typed(self.to_rgbs, ToRgb)]

    def forward(self, style: Tensor, start: Tensor) -> Tensor:
        """(N, 2590) and a map (N, 512, 7, 7) -> (N, 3, 224, 224) in [-1, 1]."""
        first, *convs = self.styled
        x = first(start, style, self.noises[0])
        rgb = self.to_rgb1(x, style, None)
        for level, to_rgb in enumerate(typed(self.to_rgbs, ToRgb)):
            for number in (2 * level, 2 * level + 1):
                x = convs[number](x, style, self.noises[number + 1])
            rgb = to_rgb(x, style, rgb)
        return torch.tanh(rgb)
