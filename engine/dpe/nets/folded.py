"""DPE as it is exported: the same functions with everything constant folded into the weights.

Every fold is exact in arithmetic and done in float64:

- equalised learning rates, the gains of the leaky ReLUs and the 1 / sqrt(2) of the residual sums go
  into the convolutions (a leaky ReLU commutes with a positive factor);
- the encoder's skip path blurs only the pixels that its stride keeps;
- the five linear layers, the orthonormal basis and the motion heads are two affine maps, and the
  first includes the encoder's last convolution where only motion is wanted;
- demodulation is a matrix product with a table of the weights' energies;
- colour is read from the portrait's features by a 1 x 1 convolution, which commutes with sampling
  and with the mask. So three colour channels per size are sampled instead of being computed from
  the sampled features, and the largest features, which nothing else reads, need not be kept at all;
- the learned 4 x 4 constant is the weight of a transposed convolution: as an activation OpenVINO
  would overwrite it.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.dpe.nets.dpe import DPE, Branch
from engine.dpe.nets.encoder import AppearanceEncoder, Residual
from engine.dpe.nets.generator import ToFlow, ToRgb
from engine.stylegan.folded import Constants, FoldedConv, depthwise
from engine.stylegan.layers import GAIN, SLOPE, EqualLinear, typed


class FoldedResidual(Constants):
    """One block of the encoder."""

    weight1: Tensor
    bias1: Tensor
    blur: Tensor
    weight2: Tensor
    bias2: Tensor
    skip_blur: Tensor
    skip: Tensor

    def __init__(self, block: Residual) -> None:
        super().__init__()
        weight1 = block.conv1.scaled.double()
        self.channels = channels = weight1.shape[0]
        self.keep(
            weight1=weight1 * GAIN,
            bias1=block.conv1.bias.double().flatten() * GAIN,
            blur=depthwise(block.conv2.kernel, channels),
            weight2=block.conv2.scaled.double(),
            bias2=block.conv2.bias.double().flatten(),
            skip_blur=depthwise(block.skip.kernel, channels),
            skip=block.skip.scaled.double() / math.sqrt(2.0),
        )

    def halve(self) -> None:
        """All of the block, and what passes through it."""
        self.half()

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) -> (N, outputs, h / 2, w / 2)."""
        main = F.leaky_relu(F.conv2d(x, self.weight1, self.bias1, padding=1), SLOPE)
        main = F.conv2d(main, self.blur, padding=2, groups=self.channels)
        main = F.leaky_relu(F.conv2d(main, self.weight2, self.bias2, stride=2), SLOPE)
        skip = F.conv2d(x, self.skip_blur, stride=2, padding=1, groups=self.channels)
        return main + F.conv2d(skip, self.skip)


class Trunk(Constants):
    """The encoder without its last convolution."""

    weight: Tensor
    bias: Tensor

    def __init__(self, encoder: AppearanceEncoder) -> None:
        super().__init__()
        self.keep(
            weight=encoder.first.scaled.double() * GAIN,
            bias=encoder.first.bias.double().flatten() * GAIN,
        )
        self.blocks = nn.ModuleList(FoldedResidual(block) for block in encoder.blocks)

    def halve(self) -> None:
        """All of it; the maps leave in fp32."""
        self.half()

    def forward(self, picture: Tensor) -> list[Tensor]:
        """(N, 3, size, size) -> the maps at 4, 8, 16, ... size pixels."""
        picture = picture.to(self.weight.dtype)
        maps = [F.leaky_relu(F.conv2d(picture, self.weight, self.bias), SLOPE)]
        for block in self.blocks:
            maps.append(block(maps[-1]))
        return [x.float() for x in maps[::-1]]


class Encode(Constants):
    """Graph `encode`: a portrait's code, its features, and its colours for either generator."""

    weight: Tensor

    def __init__(self, model: DPE) -> None:
        super().__init__()
        self.trunk = Trunk(model.encoder.net_app)
        self.keep(weight=model.encoder.net_app.last.scaled.double())
        pairs = zip(model.expression.generator.rgbs, model.pose.generator.rgbs, strict=True)
        for level, pair in enumerate(pairs):
            both = [rgb.conv.scaled.double() * GAIN for rgb in pair]
            self.keep(**{f"colour{level}": torch.cat(both)})

    def forward(self, picture: Tensor) -> tuple[Tensor, ...]:
        """Returns code, the features but the largest, colours of expression, colours of pose."""
        maps = self.trunk(picture)
        code = F.conv2d(maps[0], self.weight).flatten(1)
        drawn = [F.conv2d(x, self.get_buffer(f"colour{level}")) for level, x in enumerate(maps[1:])]
        expression = [colour[:, :3] for colour in drawn]
        pose = [colour[:, 3:] for colour in drawn]
        return code, *maps[1:-1], *expression, *pose


def affine_of(chain: nn.Module, inputs: int) -> tuple[Tensor, Tensor]:
    """The matrix (outputs, inputs) and bias of a chain of affine maps, float64."""
    matrix, bias = torch.eye(inputs, dtype=torch.float64), torch.zeros(inputs, dtype=torch.float64)
    for layer in chain.children():
        assert isinstance(layer, EqualLinear)
        weight = layer.scaled.double()
        matrix, bias = weight @ matrix, weight @ bias + layer.bias.double()
    return matrix, bias


class Read(Constants):
    """Graph `read`: a driving picture's expression and pose codes."""

    to_alpha: Tensor
    alpha_bias: Tensor
    to_motion: Tensor
    motion_bias: Tensor

    def __init__(self, model: DPE) -> None:
        super().__init__()
        self.trunk = Trunk(model.encoder.net_app)
        style = model.layout.style
        projection, bias = affine_of(model.projection, style)
        last = model.encoder.net_app.last.scaled.double()  # (style, C, 4, 4)
        basis = torch.linalg.qr(model.directions.weight.double() + 1e-8).Q
        heads = [affine_of(branch.motion, style) for branch in (model.expression, model.pose)]
        self.keep(
            to_alpha=torch.tensordot(projection, last, dims=1),
            alpha_bias=bias,
            to_motion=torch.cat([matrix @ basis for matrix, _ in heads]),
            motion_bias=torch.cat([bias for _, bias in heads]),
        )

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, size, size) -> expression (N, style), pose (N, style)."""
        alpha = F.conv2d(self.trunk(picture)[0], self.to_alpha, self.alpha_bias).flatten(1)
        expression, pose = F.linear(alpha, self.to_motion, self.motion_bias).chunk(2, dim=1)
        return expression, pose


class FoldedFlow(Constants):
    """Flow and mask of one size."""

    weight: Tensor
    bias: Tensor
    kernel: Tensor
    identity: Tensor

    def __init__(self, to_flow: ToFlow, size: int) -> None:
        super().__init__()
        line = torch.linspace(-1, 1, size, dtype=torch.float64).float()
        self.keep(
            weight=to_flow.conv.scaled.double(),
            bias=to_flow.bias.double().flatten(),
            kernel=to_flow.upsample.kernel.double().expand(3, 1, 4, 4),
            identity=torch.stack(torch.meshgrid(line, line, indexing="xy"), 2)[None],
        )

    def forward(self, x: Tensor, style: Tensor, below: Tensor | None) -> Tensor:
        """(N, C, h, w), (N, C), the flow of the size below -> (N, 3, h, w)."""
        out = F.conv2d(x * style[:, :, None, None], self.weight, self.bias)
        if below is None:
            return out
        return out + F.conv_transpose2d(below, self.kernel, stride=2, padding=1, groups=3)

    def sampling(self, flow: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, h, w) -> grid (N, h, w, 2) in the sampler's units, mask (N, 1, h, w)."""
        grid = torch.tanh(flow[:, :2]).permute(0, 2, 3, 1) + self.identity
        return grid, torch.sigmoid(flow[:, 2:3])


class FoldedRgb(Constants):
    """The picture of one size from sampled colours, on top of the size below."""

    bias1: Tensor
    bias2: Tensor
    kernel: Tensor

    def __init__(self, to_rgb: ToRgb) -> None:
        super().__init__()
        self.keep(
            bias1=to_rgb.conv.bias.double() * GAIN,
            bias2=to_rgb.bias.double(),
            kernel=to_rgb.upsample.kernel.double().expand(3, 1, 4, 4),
        )

    def forward(self, colour: Tensor, below: Tensor | None) -> Tensor:
        """Masked colours (N, 3, h, w), the picture of the size below -> (N, 3, h, w)."""
        out = F.leaky_relu(colour + self.bias1, SLOPE) + self.bias2
        if below is None:
            return out
        return out + F.conv_transpose2d(below, self.kernel, stride=2, padding=1, groups=3)


def sample(feature: Tensor, grid: Tensor) -> Tensor:
    """Bilinear, zeros outside; the grid's corners are the pictures' outer edges."""
    return F.grid_sample(feature, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


class Generate(Constants):
    """Graphs `generate_expression` and `generate_pose`."""

    to_styles: Tensor
    styles_bias: Tensor
    constant: Tensor

    def __init__(self, branch: Branch) -> None:
        super().__init__()
        generator = branch.generator
        convs = [styled.conv for styled in generator.styled]
        convs += [to_flow.conv for to_flow in generator.flows]
        modulated = [conv.modulation for conv in convs]
        self.style_sizes = [m.weight.shape[0] for m in modulated]
        self.keep(
            to_styles=torch.cat([m.scaled.double() for m in modulated]),
            styles_bias=torch.cat([m.bias.double() for m in modulated]),
            constant=generator.input.input.double().transpose(0, 1),  # (C, 1, 4, 4)
        )
        self.convs = nn.ModuleList(
            FoldedConv(styled.conv, styled.activate.bias) for styled in generator.styled
        )
        self.flows = nn.ModuleList(
            FoldedFlow(to_flow, 8 * 2**level) for level, to_flow in enumerate(generator.flows)
        )
        self.rgbs = nn.ModuleList(FoldedRgb(to_rgb) for to_rgb in generator.rgbs)

    def forward(
        self, code: Tensor, motion: Tensor, features: Sequence[Tensor], colours: Sequence[Tensor]
    ) -> Tensor:
        """Codes (N, style), the features but the largest, all colours -> (N, 3, size, size)."""
        styles = F.linear(code + motion, self.to_styles, self.styles_bias)
        split = torch.split(styles, self.style_sizes, dim=1)
        of_conv, of_flow = split[: len(self.convs)], split[len(self.convs) :]
        first, *convs = typed(self.convs, FoldedConv)
        start = of_conv[0][:, :, None, None]  # (N, C, 1, 1)
        x = first(F.conv_transpose2d(start, self.constant, groups=len(self.constant)), of_conv[0])
        rgb: Tensor | None = None
        flow: Tensor | None = None
        levels = zip(typed(self.flows, FoldedFlow), typed(self.rgbs, FoldedRgb), strict=True)
        for level, (to_flow, to_rgb) in enumerate(levels):
            for layer in (2 * level, 2 * level + 1):
                style = of_conv[layer + 1]
                x = convs[layer](x * style[:, :, None, None], style)
            flow = to_flow(x, of_flow[level], flow)
            grid, mask = to_flow.sampling(flow)
            rgb = to_rgb(sample(colours[level], grid) * mask, rgb)
            if level < len(features):
                x = sample(features[level], grid) * mask + x * (1.0 - mask)
        assert rgb is not None
        return rgb
