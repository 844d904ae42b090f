"""What a PD-FGC of given widths costs: parameters, and arithmetic per picture. Needs no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from engine.pdfgc.layout import MEL_BANDS, MEL_FRAMES, PARTS, SIZE, START
from engine.pdfgc.widths import RELEASED, Widths
from export.cost import TAPS, Cost

RESNET = (3, 4, 6, 3)
"""Blocks of each stage, of the appearance encoder and of the sound encoder alike."""
FEATURE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfgcCosts:
    """Of all four networks, as published: nothing folded, what nobody runs not counted."""

    appearance: Cost
    motion: Cost
    sound: Cost
    generator: Cost

    @property
    def networks(self) -> dict[str, Cost]:
        """By what they are called in a table, and in JSON."""
        return {
            "appearance": self.appearance,
            "motion": self.motion,
            "sound": self.sound,
            "generator": self.generator,
        }

    @property
    def parameters(self) -> int:
        """Of everything."""
        return sum(network.parameters for network in self.networks.values())

    @property
    def frame_flop(self) -> int:
        """One live picture of a still portrait: the driver read, the portrait drawn."""
        return self.motion.flop + self.generator.flop


class _Count:
    """Adds up layers; a multiplication with its addition counts once."""

    def __init__(self) -> None:
        self.parameters = self.macs = 0

    def conv(
        self, inputs: int, outputs: int, size: int, pixels: int, *, bias: bool, groups: int = 1
    ) -> None:
        weights = inputs // groups * outputs * size**2
        self.parameters += weights + outputs * bias
        self.macs += weights * pixels

    def norm(self, channels: int) -> None:
        self.parameters += 2 * channels

    def linear(self, inputs: int, outputs: int) -> None:
        self.conv(inputs, outputs, 1, 1, bias=True)

    @property
    def cost(self) -> Cost:
        return Cost(parameters=self.parameters, flop=2 * self.macs)


def costs(widths: Widths = RELEASED) -> PdfgcCosts:
    """Of these widths."""
    return PdfgcCosts(
        appearance=appearance_cost(widths.appearance, widths.generator[0]),
        motion=motion_cost(widths.motion),
        sound=sound_cost(widths.sound),
        generator=generator_cost(widths.generator, widths.style),
    )


def appearance_cost(stem: int, start: int) -> Cost:
    """A ResNeXt-50 32x4d without classifier, and the 1 x 1 convolution of the map."""
    count, side = _Count(), SIZE // 2
    count.conv(3, stem, 7, side**2, bias=False)
    count.norm(stem)
    side, inputs = side // 2, stem
    for stage, blocks in enumerate(RESNET):
        width, outputs, before = stem * 2 ** (stage + 1), stem * 2 ** (stage + 2), side
        side = side if stage == 0 else side // 2
        for block in range(blocks):
            first = block == 0
            count.conv(inputs, width, 1, (before if first else side) ** 2, bias=False)
            count.conv(width, width, 3, side**2, bias=False, groups=32)
            count.conv(width, outputs, 1, side**2, bias=False)
            for channels in (width, width, outputs):
                count.norm(channels)
            if first:
                count.conv(inputs, outputs, 1, side**2, bias=False)
                count.norm(outputs)
            inputs = outputs
    count.conv(inputs, start, 1, START**2, bias=True)
    return count.cost


def motion_cost(stem: int) -> Cost:
    """A face alignment network with one hourglass, and four heads."""
    count, wide = _Count(), 4 * stem
    count.conv(3, stem, 7, (SIZE // 2) ** 2, bias=True)
    count.norm(stem)
    _conv_block(count, stem, 2 * stem, SIZE // 2)
    _conv_block(count, 2 * stem, 2 * stem, SIZE // 4)
    _conv_block(count, 2 * stem, wide, SIZE // 4)
    side = SIZE // 4
    for _ in range(4):  # the hourglass: a skip, and one block down and one up at half the size
        _conv_block(count, wide, wide, side)
        side //= 2
        _conv_block(count, wide, wide, side)
        _conv_block(count, wide, wide, side)
    _conv_block(count, wide, wide, side)
    side = SIZE // 4
    _conv_block(count, wide, wide, side)
    count.conv(wide, wide, 1, side**2, bias=True)
    count.norm(wide)
    count.conv(wide, 68, 1, side**2, bias=True)
    count.norm(68)
    count.conv(68, 1, 3, (side // 2) ** 2, bias=True)
    count.linear((side // 2) ** 2, FEATURE)
    for length in PARTS.values():
        count.linear(FEATURE, FEATURE)
        count.norm(FEATURE)
        count.linear(FEATURE, FEATURE)
        count.linear(FEATURE, length)
    return count.cost


def _conv_block(count: _Count, inputs: int, outputs: int, side: int) -> None:
    half, quarter = outputs // 2, outputs // 4
    for before, after in ((inputs, half), (half, quarter), (quarter, quarter)):
        count.norm(before)
        count.conv(before, after, 3, side**2, bias=False)
    if inputs != outputs:
        count.norm(inputs)
        count.conv(inputs, outputs, 1, side**2, bias=False)


def sound_cost(first: int) -> Cost:
    """A squeeze-and-excitation ResNet on 80 x 20, pooled over its three times."""
    count, bands, times = _Count(), MEL_BANDS, MEL_FRAMES
    count.conv(1, first, 3, bands * times, bias=True)
    count.norm(first)
    inputs = first
    for stage, blocks in enumerate(RESNET):
        outputs = first * 2**stage
        if stage:
            bands, times = bands // 2, -(-times // 2)
        for block in range(blocks):
            count.conv(inputs, outputs, 3, bands * times, bias=False)
            count.conv(outputs, outputs, 3, bands * times, bias=False)
            count.norm(outputs)
            count.norm(outputs)
            count.linear(outputs, outputs // 8)
            count.linear(outputs // 8, outputs)
            if block == 0 and stage:
                count.conv(inputs, outputs, 1, bands * times, bias=False)
                count.norm(outputs)
            inputs = outputs
    pooled = inputs * bands
    count.conv(pooled, 128, 1, times, bias=True)
    count.norm(128)
    count.conv(128, pooled, 1, times, bias=True)
    count.linear(pooled, FEATURE)
    count.linear(FEATURE, PARTS["lips"])
    return count.cost


def generator_cost(channels: Sequence[int], style: int) -> Cost:
    """Per size two styled convolutions and a picture; the first size has one convolution."""
    count, side = _Count(), START
    _styled(count, channels[0], channels[0], style, side**2)
    _colours(count, channels[0], style, side)
    for below, here in pairwise(channels):
        _styled(count, below, here, style, side**2)  # transposed: counted at the size below
        side *= 2
        count.macs += TAPS * here * side**2
        _styled(count, here, here, style, side**2)
        _colours(count, here, style, side)
        count.macs += 3 * TAPS * side**2
    return count.cost


def _styled(count: _Count, inputs: int, outputs: int, style: int, pixels: int) -> None:
    count.conv(inputs, outputs, 3, pixels, bias=True)
    count.linear(style, inputs)
    count.parameters += 1  # of the noise


def _colours(count: _Count, inputs: int, style: int, side: int) -> None:
    count.conv(inputs, 3, 1, side**2, bias=True)
    count.linear(style, inputs)
