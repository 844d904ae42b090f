"""PD-FGC as it is exported: what is constant, or constant for one portrait, is computed once.

- equalised learning rates, the gains of the leaky ReLUs, the strengths of the noise maps and the
  demodulation's energies are folded as in engine/stylegan/folded.py;
- 2048 of the 2590 numbers that modulate each layer are the portrait's: with the layers' biases they
  are one vector, computed by the graph that encodes the portrait;
- the modulations of all layers are one matrix product of the 542 numbers of a motion.

The three encoders are exported as they are: their batch norms stand before a ReLU as often as
behind one, and the runtimes fold what can be folded.
"""

import copy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.pdfgc.layout import PARTS
from engine.pdfgc.nets.generator import StyledConv, ToRgb
from engine.pdfgc.nets.pdfgc import PDFGC
from engine.stylegan.folded import Constants, FoldedConv
from engine.stylegan.layers import ModulatedConv, typed


def modulated(model: PDFGC) -> list[ModulatedConv]:
    """All layers that a style modulates, as their inputs lie in a portrait's modulation."""
    generator = model.generator
    return [conv.conv for conv in generator.styled] + [rgb.conv for rgb in generator.rgbs]


class Encode(Constants):
    """Graph `encode`: a portrait's map, and what its appearance adds to each modulation."""

    to_modulation: Tensor
    modulation_bias: Tensor

    def __init__(self, model: PDFGC) -> None:
        super().__init__()
        self.encoder = copy.deepcopy(model.appearance_encoder).float()
        layers = [conv.modulation for conv in modulated(model)]
        code = model.widths.code
        self.keep(
            to_modulation=torch.cat([layer.scaled.double()[:, :code] for layer in layers]),
            modulation_bias=torch.cat([layer.bias.double() for layer in layers]),
        )

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, 224, 224) -> map (N, C, 7, 7), modulation (N, inputs of all layers)."""
        code, start = self.encoder(picture)
        return start, F.linear(code, self.to_modulation, self.modulation_bias)


class FoldedRgb(Constants):
    """The picture of one size, on top of the size below."""

    weight: Tensor
    bias: Tensor
    kernel: Tensor

    def __init__(self, to_rgb: ToRgb) -> None:
        super().__init__()
        self.keep(weight=to_rgb.conv.scaled.double(), bias=to_rgb.bias.double().flatten())
        if hasattr(to_rgb, "upsample"):
            self.keep(kernel=to_rgb.upsample.kernel.double().expand(3, 1, 4, 4))

    def forward(self, x: Tensor, style: Tensor, below: Tensor | None) -> Tensor:
        """(N, C, h, w), (N, C), the picture of the size below -> (N, 3, h, w)."""
        out = F.conv2d(x * style[:, :, None, None], self.weight, self.bias)
        if below is None:
            return out
        return out + F.conv_transpose2d(below, self.kernel, stride=2, padding=1, groups=3)


class Generate(Constants):
    """Graph `generate`: a portrait's map and modulation, and a motion, to a picture."""

    to_styles: Tensor

    def __init__(self, model: PDFGC) -> None:
        super().__init__()
        generator, code = model.generator, model.widths.code
        layers = [conv.modulation for conv in modulated(model)]
        self.style_sizes = [layer.weight.shape[0] for layer in layers]
        self.keep(to_styles=torch.cat([layer.scaled.double()[:, code:] for layer in layers]))
        self.convs = nn.ModuleList(
            _folded(styled, generator.noises[number])
            for number, styled in enumerate(generator.styled)
        )
        self.rgbs = nn.ModuleList(FoldedRgb(to_rgb) for to_rgb in generator.rgbs)

    def forward(self, start: Tensor, modulation: Tensor, motion: Tensor) -> Tensor:
        """(N, C, 7, 7), (N, inputs of all layers), (N, 542) -> (N, 3, 224, 224)."""
        styles = modulation + F.linear(motion, self.to_styles)
        split = torch.split(styles, self.style_sizes, dim=1)
        of_conv, of_rgb = split[: len(self.convs)], split[len(self.convs) :]
        first, *convs = typed(self.convs, FoldedConv)
        lowest, *rgbs = typed(self.rgbs, FoldedRgb)
        x = first(start * of_conv[0][:, :, None, None], of_conv[0])
        rgb = lowest(x, of_rgb[0], None)
        for level, to_rgb in enumerate(rgbs):
            for number in (2 * level, 2 * level + 1):
                style = of_conv[number + 1]
                x = convs[number](x * style[:, :, None, None], style)
            rgb = to_rgb(x, of_rgb[level + 1], rgb)
        return torch.tanh(rgb)


def _folded(styled: StyledConv, noise: Tensor) -> FoldedConv:
    strength = styled.noise.weight.double()
    return FoldedConv(styled.conv, styled.activate.bias, noise.double() * strength)


def parts_of(motion: Tensor) -> dict[str, Tensor]:
    """(N, 542) -> the codes by their names."""
    return dict(zip(PARTS, torch.split(motion, list(PARTS.values()), dim=1), strict=True))
