"""What a DPE of given widths costs: parameters, and arithmetic per picture. Needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

TAPS = 16
"""Of the 4 x 4 low-pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one network."""

    parameters: int
    flop: int
    """Two per multiplication with addition, for one picture, as published: nothing folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Of a whole DPE."""

    encoder: Cost
    generator: Cost
    """Of each of the two."""
    heads: Cost
    """All linear layers between the encoder and the generators."""

    @property
    def networks(self) -> dict[str, Cost]:
        """By what they are called in JSON."""
        return {"encoder": self.encoder, "generator": self.generator, "heads": self.heads}

    @property
    def parameters(self) -> int:
        """Of everything."""
        return self.encoder.parameters + 2 * self.generator.parameters + self.heads.parameters

    def frame_flop(self, mode: str) -> int:
        """One live frame with a still portrait: the driver encoded, then one edit or both."""
        single = self.encoder.flop + self.generator.flop
        return 2 * single if mode == "both" else single


def costs(widths: Sequence[int], style: int, directions: int) -> Costs:
    """`widths` are the channels at 4, 8, 16, ... pixels, up to the picture's size."""
    return Costs(
        encoder=encoder_cost(widths, style),
        generator=generator_cost(widths, style),
        heads=heads_cost(style, directions),
    )


def encoder_cost(widths: Sequence[int], style: int) -> Cost:
    """A 1 x 1 convolution, a residual block per halving, and one 4 x 4 convolution."""
    size = 2 ** (len(widths) + 1)
    first = widths[-1]
    parameters, macs = 3 * first + first, 3 * first * size**2
    for inputs, outputs in pairwise(reversed(widths)):
        half = (size // 2) ** 2
        parameters += 9 * inputs**2 + inputs + 9 * inputs * outputs + outputs + inputs * outputs
        macs += 9 * inputs**2 * size**2  # conv1
        macs += TAPS * inputs * (size + 1) ** 2 + 9 * inputs * outputs * half  # conv2
        macs += TAPS * inputs * (size - 1) ** 2 + inputs * outputs * half  # skip
        size //= 2
    last = 16 * widths[0] * style
    return Cost(parameters=parameters + last, flop=2 * (macs + last))


def generator_cost(widths: Sequence[int], style: int) -> Cost:
    """A learned constant, then per size two styled convolutions, a flow and a picture."""
    first = widths[0]
    # The 4 x 4 picture has weights in every checkpoint and is never drawn.
    parameters = 16 * first + _styled(first, first, style) + 3 * first + 6
    macs = first * style + 9 * first**2 * 16
    size = 4
    for below, here in pairwise(widths):
        parameters += _styled(below, here, style) + _styled(here, here, style)
        parameters += 3 * here + (style + 1) * here + 3 + 3 * here + 6
        macs += style * (below + here + here)  # styles of two convolutions and the flow
        macs += 9 * below * here * size**2  # transposed convolution
        size *= 2
        macs += TAPS * here * size**2 + 9 * here**2 * size**2
        macs += 2 * 3 * here * size**2  # flow and picture
        macs += 2 * 3 * TAPS * size**2 if size > 8 else 0  # both enlarged from the size below
    return Cost(parameters=parameters, flop=2 * macs)


def _styled(inputs: int, outputs: int, style: int) -> int:
    """Weight, modulation, noise strength, bias."""
    return 9 * inputs * outputs + (style + 1) * inputs + 1 + outputs


def heads_cost(style: int, directions: int) -> Cost:
    """Four layers and the projection, the basis, and three layers for each of the two codes."""
    weights = 4 * style**2 + style * directions + style * directions + 6 * style**2
    biases = 4 * style + directions + 6 * style
    return Cost(parameters=weights + biases, flop=2 * weights)
