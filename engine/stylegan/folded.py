"""StyleGAN2's layers as they are exported: everything constant folded into the weights.

Each fold is exact in arithmetic and done in float64. What a family folds beyond these stands in
its own `nets/folded.py`.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.stylegan.layers import DEMODULATION_EPSILON, GAIN, SLOPE, ModulatedConv


def halve(module: nn.Module) -> None:
    """Let every part of a graph compute in fp16 what it can."""
    for part in module.modules():
        if isinstance(part, Constants):
            part.halve()


class Constants(nn.Module):
    """Keeps folded tensors as buffers: they move and export with the module, and never train."""

    def keep(self, **tensors: Tensor) -> None:
        """Register float64 results in float32, which is what the graphs compute in."""
        for name, value in tensors.items():
            self.register_buffer(name, value.detach().float().contiguous())

    def halve(self) -> None:
        """Compute the large convolutions in fp16; most parts have none, and stay as they are.

        Codes, styles, demodulation, flow, grid and sampling stay in fp32: half a bit of a flow is
        as much as a pixel.
        """


def depthwise(kernel: Tensor, channels: int) -> Tensor:
    """A low-pass of the state dict as a weight (channels, 1, 4, 4) for correlation."""
    return kernel.double().flip(0, 1).expand(channels, 1, 4, 4)


class FoldedConv(Constants):
    """A styled convolution: its input comes scaled by its style, its output leaves activated."""

    weight: Tensor
    bias: Tensor
    energy: Tensor
    blur: Tensor
    noise: Tensor

    def __init__(self, conv: ModulatedConv, bias: Tensor, noise: Tensor | None = None) -> None:
        """`bias` has one number a channel; `noise` (1, 1, h, w) is what is added at each pixel."""
        super().__init__()
        weight = conv.scaled.double()
        self.outputs, self.upsample = weight.shape[0], conv.upsample
        self.is_noisy = noise is not None
        self.keep(
            weight=weight.transpose(0, 1) if conv.upsample else weight,
            bias=bias.double().reshape(1, -1, 1, 1) * GAIN,
            # Halved, as the epsilon: rsqrt then gives the demodulation times the gain sqrt(2).
            energy=weight.square().sum((2, 3)) / 2,
        )
        if conv.upsample:
            self.keep(blur=depthwise(conv.blur.kernel, self.outputs))
        if noise is not None:
            self.keep(noise=noise.double() * GAIN)

    def halve(self) -> None:
        """The convolution and the low-pass; style, demodulation and activation stay in fp32."""
        self.weight = self.weight.half()
        if self.upsample:
            self.blur = self.blur.half()

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """(N, inputs, h, w) times its style (N, inputs) -> (N, outputs, h, w) or twice that."""
        x = x.to(self.weight.dtype)
        if self.upsample:
            x = F.conv_transpose2d(x, self.weight, stride=2)
            x = F.conv2d(x, self.blur, padding=1, groups=self.outputs)
        else:
            x = F.conv2d(x, self.weight, padding=1)
        energy = F.linear(style.square(), self.energy) + DEMODULATION_EPSILON / 2
        x = x.float() * torch.rsqrt(energy)[:, :, None, None]
        if self.is_noisy:
            x = x + self.noise
        return F.leaky_relu(x + self.bias, SLOPE)
