"""The refining stage of the rig: what a warp cannot draw, as corrections to its picture.

A small U-Net sees the warped head and where the openings of the face should lie, the portrait's own
head (features computed once), and the motion as a code that is ADDED to the portrait's latent code
(DPE, Sec. 3.2); the sum modulates its convolutions. It returns a residual flow, a shading, colours
and a mask: the picture's own pixels stay wherever the mask is 0.

All convolutions are static: the style scales their inputs and outputs, never their weights, so one
graph serves any portrait (StyleGAN2's modulation in its shared-weight form).
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SLOPE = 0.2
PIXEL_CHANNELS = 8
"""RGB and the five maps of `engine/rig/refine/inputs.py`, all in -1..1."""
WIDTHS = (24, 48, 96, 128)
"""Channels at a half, a quarter, an eighth and a sixteenth of the crop's side."""
CODE = 128
FLOW_PX = 12.0
"""Scale of the residual flow: what an output of 1 moves, px of the crop."""


LEAST_FLOW_PX, LEAST_SHADE = 0.4, 0.016
"""Corrections well below these vanish: a pixel that moves by a part of itself is only blurred."""


class Corrections(NamedTuple):
    """What the network says about a crop of side S; all are (N, channels, S, S)."""

    flow: Tensor
    """(N, 2, S, S) px right and down: where in the warped picture a pixel comes from, relative."""
    shade: Tensor
    """(N, 3, S, S) added to the picture, in a scale where it goes from -1 to 1."""
    colours: Tensor
    """(N, 3, S, S) in -1..1, about."""
    mask: Tensor
    """(N, 1, S, S) in 0..1: where the colours replace the picture."""


class PortraitFeatures(NamedTuple):
    """What is computed once per portrait."""

    fine: Tensor
    """(N, 48, S / 4, S / 4)"""
    coarse: Tensor
    """(N, 96, S / 8, S / 8)"""
    code: Tensor
    """(N, 128)"""


class Modulated(nn.Module):
    """A convolution whose inputs are scaled by a style and whose outputs are brought back."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.scale = nn.Linear(CODE, inputs)
        nn.init.normal_(self.scale.weight, std=0.02)
        nn.init.ones_(self.scale.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        """(N, inputs, h, w) and (N, CODE) -> (N, outputs, h, w), after leaky ReLU."""
        scale = self.scale(code)
        power = self.conv.weight.square().sum(dim=(2, 3))
        demodulation = torch.rsqrt(scale.square() @ power.T + 1e-6) * power.sum(1).sqrt()
        y = F.conv2d(x * scale[:, :, None, None], self.conv.weight, padding=1)
        y = y * demodulation[:, :, None, None] + self.conv.bias[:, None, None]  # type: ignore[index]
        return F.leaky_relu(y, SLOPE)


class PortraitEncoder(nn.Module):
    """The portrait's head, once: features at two scales and a latent code."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, _ = WIDTHS
        self.stem = nn.Conv2d(4 * PIXEL_CHANNELS, first, 3, padding=1)
        self.fine = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.coarse = nn.Conv2d(second, third, 3, stride=2, padding=1)
        self.of_fine = nn.Conv2d(second, second, 1)
        self.of_coarse = nn.Conv2d(third, third, 1)
        # The code looks at a small picture of the whole head, so that training may use parts of it.
        self.whole = nn.Sequential(
            nn.Conv2d(3, 24, 3, stride=2, padding=1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(24, 48, 3, stride=2, padding=1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(48, 64, 3, stride=2, padding=1), nn.LeakyReLU(SLOPE),
            nn.Conv2d(64, 64, 3, stride=2, padding=1), nn.LeakyReLU(SLOPE),
            nn.Flatten(), nn.Linear(64 * 16, CODE),
        )  # fmt: skip

    def forward(self, pixels: Tensor, small: Tensor) -> PortraitFeatures:
        """(N, 8, S, S) and the whole head at a quarter of its size, (N, 3, 64, 64)."""
        x = F.leaky_relu(self.stem(F.pixel_unshuffle(pixels, 2)), SLOPE)
        fine = F.leaky_relu(self.fine(x), SLOPE)
        coarse = F.leaky_relu(self.coarse(fine), SLOPE)
        return PortraitFeatures(self.of_fine(fine), self.of_coarse(coarse), self.whole(small))


class Refiner(nn.Module):
    """Both parts; `enroll` runs once per portrait, `forward` per frame."""

    def __init__(self, motion_length: int) -> None:
        super().__init__()
        self.portrait = PortraitEncoder()
        self.motion = nn.Sequential(
            nn.Linear(motion_length, 192), nn.LeakyReLU(SLOPE),
            nn.Linear(192, 192), nn.LeakyReLU(SLOPE),
            nn.Linear(192, CODE),
        )  # fmt: skip
        first, second, third, fourth = WIDTHS
        self.stem = nn.Conv2d(4 * PIXEL_CHANNELS, first, 3, padding=1)
        self.down2 = nn.Conv2d(first, second, 3, stride=2, padding=1)
        self.at2 = Modulated(second, second)
        self.down3 = nn.Conv2d(second, third, 3, stride=2, padding=1)
        self.at3 = Modulated(third, third)
        self.down4 = nn.Conv2d(third, fourth, 3, stride=2, padding=1)
        self.at4 = Modulated(fourth, fourth)
        self.up4 = Modulated(fourth, third)
        self.up3 = Modulated(third, second)
        self.up2 = Modulated(second, first)
        self.out2 = Modulated(second, second)
        self.out1 = Modulated(first, first)
        self.last = nn.Conv2d(first, 4 * 9, 3, padding=1)
        nn.init.normal_(self.last.weight, std=1e-3)
        nn.init.zeros_(self.last.bias)  # type: ignore[arg-type]

    def enroll(self, pixels: Tensor) -> PortraitFeatures:
        """(N, 8, S, S) in -1..1: the portrait's head and its regions."""
        return self.portrait(pixels, F.avg_pool2d(pixels[:, :3], 4))  # type: ignore[no-any-return]

    def forward(
        self, pixels: Tensor, fine: Tensor, coarse: Tensor, code: Tensor, motion: Tensor
    ) -> Corrections:
        """The corrections to a warped head.

        Args:
            pixels: (N, 8, S, S) in -1..1, the warped head and the regions aimed at.
            fine: (N, 48, S / 4, S / 4) of the portrait.
            coarse: (N, 96, S / 8, S / 8) of the portrait.
            code: (N, 128) of the portrait.
            motion: (N, motion_length), see `motion_vector`.
        """
        code = code + self.motion(motion)
        x1 = F.leaky_relu(self.stem(F.pixel_unshuffle(pixels, 2)), SLOPE)
        x2 = self.at2(F.leaky_relu(self.down2(x1), SLOPE) + fine, code)
        x3 = self.at3(F.leaky_relu(self.down3(x2), SLOPE) + coarse, code)
        x4 = self.at4(F.leaky_relu(self.down4(x3), SLOPE), code)
        y3 = x3 + _doubled(self.up4(x4, code))
        y2 = self.out2(x2 + _doubled(self.up3(y3, code)), code)
        y1 = self.out1(x1 + _doubled(self.up2(y2, code)), code)
        out = F.pixel_shuffle(self.last(y1), 2)
        return Corrections(
            flow=_no_trifle(out[:, :2] * FLOW_PX, LEAST_FLOW_PX),
            shade=_no_trifle(out[:, 2:5], LEAST_SHADE),
            colours=pixels[:, :3] + 2.0 * out[:, 5:8],
            mask=torch.sigmoid(4.0 * out[:, 8:] - 2.0),
        )


def _no_trifle(x: Tensor, least: float) -> Tensor:
    """(N, C, h, w): vectors much shorter than `least` shrink to none, long ones stay."""
    squared = x.square().sum(dim=1, keepdim=True)
    return x * (squared / (squared + least * least))


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def applied(pixels: Tensor, corrections: Corrections) -> tuple[Tensor, Tensor]:
    """The refined crop, and the crop without the colours: both (N, 3, S, S).

    What `engine/rig/refine/corrections.py` does at the output's own resolution.
    """
    side_y, side_x = pixels.shape[2:]
    ys = torch.arange(side_y, dtype=torch.float32, device=pixels.device)
    xs = torch.arange(side_x, dtype=torch.float32, device=pixels.device)
    flow = corrections.flow.float()
    x = (xs[None, None] + flow[:, 0] + 0.5) * (2.0 / side_x) - 1.0
    y = (ys[None, :, None] + flow[:, 1] + 0.5) * (2.0 / side_y) - 1.0
    moved = F.grid_sample(
        pixels[:, :3].float(), torch.stack([x, y], -1), padding_mode="border", align_corners=False
    )
    shaded = moved + corrections.shade.float()
    mask = corrections.mask.float()
    return shaded + (corrections.colours.float() - shaded) * mask, shaded
