"""DPE's networks as the live step runs them: torch's convolutions, our kernels between them.

The same functions as engine/dpe/nets/folded.py. Maps are channels last, in float16 with the kernels
and in float32 with their twins; codes, styles, flows and colours are float32 in both.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.dpe.gpu.weights import DpeWeights, require
from engine.kernels.energies import Energies
from engine.runtimes.cuda_device import Ops

PICTURE_CHANNELS = 8
"""Of the cropped picture: three colours and five zeros, so that tensor cores take it."""


def channels_last(x: Tensor) -> Tensor:
    """As the kernels take maps; nothing is done where cuDNN left it so, which it does as a rule."""
    return x.contiguous(memory_format=torch.channels_last)


def convolved(x: Tensor, kernel: Tensor, *, padding: int = 0, stride: int = 1) -> Tensor:
    """A convolution of maps."""
    return channels_last(F.conv2d(x, kernel, padding=padding, stride=stride))


class Part:
    """Weights of one graph, placed on a device."""

    def __init__(
        self, weights: DpeWeights, graph: str, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._tensors, self._graph = weights.graphs[graph], graph
        self._device, self._dtype = device, dtype

    def exact(self, name: str) -> Tensor:
        """In float32."""
        return require(self._tensors, name, self._graph).to(self._device)

    def kernel(self, name: str) -> Tensor:
        """Of a convolution: in the maps' dtype, channels last."""
        kernel = self.exact(name).to(self._dtype)
        return kernel.contiguous(memory_format=torch.channels_last)

    def flat(self, name: str) -> Tensor:
        """A bias."""
        return self.exact(name).flatten().contiguous()


class Trunk:
    """The encoder without its last convolution."""

    def __init__(self, part: Part, ops: Ops, blocks: int) -> None:
        self._ops = ops
        first = part.kernel("trunk.weight")
        padded = F.pad(first, (0, 0, 0, 0, 0, PICTURE_CHANNELS - first.shape[1]))
        self._first = padded.contiguous(memory_format=torch.channels_last)
        self._bias = part.flat("trunk.bias")
        self._blocks = [
            (
                part.kernel(f"trunk.blocks.{index}.weight1"),
                part.flat(f"trunk.blocks.{index}.bias1"),
                part.kernel(f"trunk.blocks.{index}.weight2"),
                part.flat(f"trunk.blocks.{index}.bias2"),
                part.kernel(f"trunk.blocks.{index}.skip"),
            )
            for index in range(blocks)
        ]

    def __call__(self, picture: Tensor) -> list[Tensor]:
        """(N, 8, size, size) -> the maps at 4, 8, 16, ... size pixels."""
        ops = self._ops
        maps = [ops.activate(convolved(picture, self._first), self._bias)]
        for weight1, bias1, weight2, bias2, skip in self._blocks:
            x = maps[-1]
            main = ops.activate_blur(convolved(x, weight1, padding=1), bias1)
            main = convolved(main, weight2, stride=2)
            maps.append(ops.activate_add(main, bias2, convolved(ops.blur_halve(x), skip)))
        return maps[::-1]


def code_of(smallest: Tensor, weight: Tensor) -> Tensor:
    """A convolution over the whole of 4 x 4 maps as a matrix product, float32: (N, outputs)."""
    pixels = smallest.permute(0, 2, 3, 1).flatten(1).float()
    return pixels @ weight.permute(2, 3, 1, 0).flatten(0, 2)


class Read:
    """A driving picture's expression and pose codes."""

    def __init__(self, part: Part, ops: Ops, blocks: int) -> None:
        self._trunk = Trunk(part, ops, blocks)
        self._to_alpha, self._alpha_bias = part.exact("to_alpha"), part.exact("alpha_bias")
        self._to_motion, self._motion_bias = part.exact("to_motion"), part.exact("motion_bias")

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 8, size, size) -> expression (N, style), pose (N, style), float32."""
        alpha = code_of(self._trunk(picture)[0], self._to_alpha) + self._alpha_bias
        expression, pose = F.linear(alpha, self._to_motion, self._motion_bias).chunk(2, dim=1)
        return expression, pose


class Encode:
    """A portrait's code, features, and colours for either generator."""

    def __init__(self, part: Part, ops: Ops, blocks: int) -> None:
        self._trunk = Trunk(part, ops, blocks)
        self._weight = part.exact("weight")
        self._colours = [part.exact(f"colour{level}") for level in range(blocks)]

    def __call__(self, picture: Tensor) -> tuple[Tensor, list[Tensor], list[Tensor], list[Tensor]]:
        """(N, 8, size, size) -> code, features but the largest, colours of either generator."""
        maps = self._trunk(picture)
        drawn = [F.conv2d(x.float(), w) for x, w in zip(maps[1:], self._colours, strict=True)]
        expression = [colour[:, :3].contiguous() for colour in drawn]
        pose = [colour[:, 3:].contiguous() for colour in drawn]
        return code_of(maps[0], self._weight), maps[1:-1], expression, pose


class Generate:
    """One of the two generators."""

    def __init__(self, part: Part, ops: Ops, levels: int) -> None:
        self._ops, self._levels = ops, levels
        convs, flows = range(1 + 2 * levels), range(levels)
        self._to_styles, self._styles_bias = (
            part.exact("generate.to_styles"),
            part.exact("generate.styles_bias"),
        )
        constant = part.exact("generate.constant").transpose(0, 1)  # (1, C, 4, 4)
        self._constant = constant.contiguous(memory_format=torch.channels_last)
        self._kernels = [part.kernel(f"generate.convs.{i}.weight") for i in convs]
        self._biases = [part.flat(f"generate.convs.{i}.bias") for i in convs]
        energies = [part.exact(f"generate.convs.{i}.energy") for i in convs]
        self._energies = Energies(energies)
        self._outputs = [len(energy) for energy in energies]
        self._to_flows = [
            part.exact(f"generate.flows.{i}.weight").flatten(1).contiguous() for i in flows
        ]
        self._flow_biases = [part.flat(f"generate.flows.{i}.bias") for i in flows]
        self._inputs = [energy.shape[1] for energy in energies]
        self._inputs += [weight.shape[1] for weight in self._to_flows]
        self._rgb_biases = [
            tuple(part.flat(f"generate.rgbs.{i}.bias{k}") for k in (1, 2)) for i in flows
        ]

    def __call__(
        self,
        code: Tensor,
        features: Sequence[Tensor],
        colours: Sequence[Tensor],
        which: Tensor | None = None,
    ) -> Tensor:
        """Draw the pictures (N, 3, size, size) float32.

        Args:
            code: (N, style) float32, of the portrait and its motion together.
            features: of every portrait at hand, the largest left out.
            colours: of every portrait at hand, for this generator.
            which: (N,) int32, the portrait of each sample; None for one each, in order.
        """
        ops = self._ops
        styles = torch.addmm(self._styles_bias, code, self._to_styles.T)
        of_convs = styles[:, : self._energies.styles].contiguous()
        scales = torch.split(ops.demodulation(of_convs, self._energies), self._outputs, dim=1)
        split = torch.split(styles, self._inputs, dim=1)
        of_conv, of_flow = split[: len(self._kernels)], split[len(self._kernels) :]
        x = (self._constant * of_conv[0][:, :, None, None]).to(self._kernels[0].dtype)
        x = convolved(x, self._kernels[0], padding=1)
        x = ops.activate(x, self._biases[0], scales[0], of_conv[1])
        flow: Tensor | None = None
        picture: Tensor | None = None
        for level in range(self._levels):
            up, here = 2 * level + 1, 2 * level + 2
            x = channels_last(F.conv_transpose2d(x, self._kernels[up], stride=2))
            x = ops.blur_activate(x, self._biases[up], scales[up], of_conv[here])
            x = convolved(x, self._kernels[here], padding=1)
            is_last = level == self._levels - 1
            own, delta = ops.activate_to_flow(
                *(x, self._biases[here], scales[here], of_flow[level]),
                *(self._to_flows[level], self._flow_biases[level]),
                keeps_map=not is_last,
            )
            biases = self._rgb_biases[level]
            picture = ops.warp_colours(
                colours[level], delta, flow, biases[0], biases[1], picture, which
            )
            if own is not None:
                style = of_conv[here + 1]
                flow, _, x = ops.flow_warp_blend(features[level], own, delta, flow, style, which)
        assert picture is not None
        return picture
