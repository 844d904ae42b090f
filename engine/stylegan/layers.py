"""The layers of StyleGAN2, under the names and scales of the state dicts that authors release.

Equalised learning rate: a weight is stored unscaled and multiplied by 1 / sqrt(fan_in) when used,
so a checkpoint loads as it is and training sees the parameters the authors trained.
"""

import math
from collections.abc import Iterable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

ModuleT = TypeVar("ModuleT", bound=nn.Module)

SLOPE = 0.2
GAIN = math.sqrt(2.0)
"""Of the fused leaky ReLU: keeps the variance of a standard normal input."""
DEMODULATION_EPSILON = 1e-8


def typed(modules: Iterable[nn.Module], kind: type[ModuleT]) -> list[ModuleT]:
    """The members of a container of torch, which knows only that they are modules."""
    members = []
    for module in modules:
        assert isinstance(module, kind)
        members.append(module)
    return members


class Noise(nn.Module):
    """Noise injection: a fixed map times one strength. DPE has its strength, and leaves it off."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor) -> Tensor:
        """(N, C, h, w) and a map (1, 1, h, w) -> (N, C, h, w)."""
        return x + self.weight * noise


class LeakyBias(nn.Module):
    """Add a bias per channel, then leaky ReLU with slope 0.2 and gain sqrt(2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> the same."""
        return F.leaky_relu(x + self.bias, SLOPE) * GAIN


def binomial_kernel(gain: float = 1.0) -> Tensor:
    """The 4 x 4 kernel [1, 3, 3, 1] x [1, 3, 3, 1] with sum `gain`."""
    row = torch.tensor([1.0, 3.0, 3.0, 1.0])
    kernel = row[:, None] * row[None, :]
    return kernel / kernel.sum() * gain


class Blur(nn.Module):
    """A depthwise 4 x 4 low-pass; its kernel is a buffer of the checkpoint, used as stored."""

    kernel: Tensor

    def __init__(self, padding: tuple[int, int], gain: float = 1.0) -> None:
        super().__init__()
        self.padding = padding
        self.register_buffer("kernel", binomial_kernel(gain))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, h + before + after - 3, likewise)."""
        channels = x.shape[1]
        before, after = self.padding
        # A convolution in the signal's sense: the stored kernel is flipped before it is correlated.
        kernel = self.kernel.flip(0, 1).expand(channels, 1, 4, 4)
        return F.conv2d(F.pad(x, (before, after, before, after)), kernel, groups=channels)


class Upsample(nn.Module):
    """Double the size: zeros between the pixels, then the 4 x 4 low-pass with gain 4."""

    kernel: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernel", binomial_kernel(4.0))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, h, w) -> (N, C, 2h, 2w)."""
        channels = x.shape[1]
        kernel = self.kernel.expand(channels, 1, 4, 4)
        return F.conv_transpose2d(x, kernel, stride=2, padding=1, groups=channels)


class EqualConv(nn.Module):
    """A convolution without bias and with equalised learning rate."""

    def __init__(
        self, inputs: int, outputs: int, size: int, *, stride: int = 1, padding: int = 0
    ) -> None:
        super().__init__()
        self.stride, self.padding = stride, padding
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))

    @property
    def scaled(self) -> Tensor:
        """The weight as it is convolved with."""
        return self.weight / math.sqrt(self.weight[0].numel())

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, ...)."""
        return F.conv2d(x, self.scaled, stride=self.stride, padding=self.padding)


class ConvLayer(nn.Sequential):
    """A convolution, with bias and leaky ReLU or without; may halve the size, blurring first.

    A sequence, because the released names count the layers: in one that halves, 0 is the low-pass
    and 1 the convolution.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int, *, halve: bool = False, activate: bool = True
    ) -> None:
        if halve:
            border = (size + 1) // 2
            layers: list[nn.Module] = [
                Blur((border, border)),
                EqualConv(inputs, outputs, size, stride=2),
            ]
        else:
            layers = [EqualConv(inputs, outputs, size, padding=size // 2)]
        super().__init__(*layers, *([LeakyBias(outputs)] if activate else []))

    @property
    def kernel(self) -> Tensor:
        """(4, 4), the low-pass of a layer that halves the size."""
        return typed([self[0]], Blur)[0].kernel

    @property
    def scaled(self) -> Tensor:
        """(outputs, inputs, size, size), the weight as it is convolved with."""
        return next(layer.scaled for layer in self if isinstance(layer, EqualConv))

    @property
    def bias(self) -> Tensor:
        """(1, outputs, 1, 1), of a layer with an activation."""
        return typed([self[-1]], LeakyBias)[0].bias


class EqualLinear(nn.Module):
    """An affine map with equalised learning rate."""

    def __init__(self, inputs: int, outputs: int, bias: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs))
        self.bias = nn.Parameter(torch.full((outputs,), bias))

    @property
    def scaled(self) -> Tensor:
        """The weight as it is multiplied with."""
        return self.weight / math.sqrt(self.weight.shape[1])

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs) -> (N, outputs)."""
        return F.linear(x, self.scaled, self.bias)


class ModulatedConv(nn.Module):
    """A convolution whose weight is scaled per input channel by a style of each sample.

    The static form: scale the input by the style, convolve with the shared weight, scale the output
    by rsqrt(sum_i style_i^2 sum_k W_oik^2 + 1e-8). Equal to the authors' grouped convolution with a
    weight per sample, and no optimiser is blocked by it.
    """

    def __init__(
        self, inputs: int, outputs: int, size: int, style: int, *, upsample: bool, demodulate: bool
    ) -> None:
        super().__init__()
        self.upsample, self.demodulate = upsample, demodulate
        self.weight = nn.Parameter(torch.randn(1, outputs, inputs, size, size))
        self.modulation = EqualLinear(style, inputs, bias=1.0)
        if upsample:
            self.blur = Blur((1, 1), gain=4.0)

    @property
    def scaled(self) -> Tensor:
        """(outputs, inputs, k, k), the shared weight as it is convolved with."""
        return self.weight[0] / math.sqrt(self.weight[0, 0].numel())

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """(N, inputs, h, w), (N, style) -> (N, outputs, h, w), or twice the size if upsampling."""
        weight = self.scaled
        style = self.modulation(code)  # (N, inputs)
        x = x * style[:, :, None, None]
        if self.upsample:
            x = self.blur(F.conv_transpose2d(x, weight.transpose(0, 1), stride=2))
        else:
            x = F.conv2d(x, weight, padding=weight.shape[-1] // 2)
        if self.demodulate:
            energy = F.linear(style.square(), weight.square().sum((2, 3)))  # (N, outputs)
            x = x * torch.rsqrt(energy + DEMODULATION_EPSILON)[:, :, None, None]
        return x
