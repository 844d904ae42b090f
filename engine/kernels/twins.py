"""The slow twins of the network kernels: what each computes, in plain PyTorch, on any device.

Same names, arguments and results as `fast.py`. They work in float32 and return the dtype they were
given, so in float32 they are also the reference mode of the live step. Maps are (N, C, h, w), flows
and colours (N, 3, h, w); styles and demodulation are (N, C).
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.kernels.energies import Energies

SLOPE = 0.2
EPSILON = 5e-9
"""Half of the published 1e-8: the tables of energies are halved too, engine/dpe/nets/folded.py."""


class Twins:
    """All kernels of the networks, slowly."""

    def flow_warp_blend(
        self,
        feature: Tensor,
        x: Tensor,
        delta: Tensor,
        below: Tensor | None,
        style: Tensor | None = None,
        which: Tensor | None = None,
        *,
        keeps_warped: bool = False,
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """One level: the flow on top of the size below, the moved features, their blend with x.

        Args:
            feature: (N, C, h, w) of the portraits; with `which` of any number of portraits.
            x: (N, C, h, w), the generator's own activations.
            delta: (N, 3, h, w) float32, what this level adds to the flow.
            below: (N, 3, h / 2, w / 2) float32, the flow of the size below; None at the lowest.
            style: (N, C) float32, what the blend is multiplied with; None for nothing.
            which: (N,) int32, the portrait of each sample; None for one each, in order.
            keeps_warped: whether the moved features alone are wanted too.

        Returns:
            flow (N, 3, h, w) float32, warped or None, blended; the last two like `x`.
        """
        flow = delta if below is None else delta + enlarged(below)
        grid, mask = sampling(flow)
        warped = sample(chosen(feature, which).float(), grid) * mask
        blended = warped + x.float() * (1.0 - mask)
        if style is not None:
            blended = blended * style[:, :, None, None]
        return flow, like(warped, x) if keeps_warped else None, like(blended, x)

    def warp_colours(
        self,
        colour: Tensor,
        delta: Tensor,
        flow_below: Tensor | None,
        bias1: Tensor,
        bias2: Tensor,
        below: Tensor | None,
        which: Tensor | None = None,
    ) -> Tensor:
        """The picture of one size: colours moved and masked, activated, on top of the size below.

        All (N, 3, h, w) float32, flow and picture of the size below (N, 3, h / 2, w / 2) or None;
        the biases are (3,). With `which` (N,) int32 the colours are those of any number of
        portraits.
        """
        grid, mask = sampling(delta if flow_below is None else delta + enlarged(flow_below))
        moved = sample(chosen(colour, which), grid) * mask + bias1[:, None, None]
        out = F.leaky_relu(moved, SLOPE) + bias2[:, None, None]
        return out if below is None else out + enlarged(below)

    def activate(
        self, x: Tensor, bias: Tensor, scale: Tensor | None = None, style: Tensor | None = None
    ) -> Tensor:
        """leaky(x * scale + bias) * style; scale and style are (N, C) or None for 1."""
        return like(activated(x, bias, scale) * (1.0 if style is None else spread(style)), x)

    def activate_to_flow(
        self,
        x: Tensor,
        bias: Tensor,
        scale: Tensor,
        style: Tensor,
        weight: Tensor,
        shift: Tensor,
        *,
        keeps_map: bool = True,
    ) -> tuple[Tensor | None, Tensor]:
        """leaky(x * scale + bias), and what a 1 x 1 convolution of it times style adds to a flow.

        Returns the map, like x, or None if it is not to be kept, and (N, 3, h, w) float32;
        `weight` is (3, C), `shift` (3,).
        """
        out = activated(x, bias, scale)
        delta = F.conv2d(out * spread(style), weight[:, :, None, None], shift)
        return like(out, x) if keeps_map else None, delta

    def activate_add(self, x: Tensor, bias: Tensor, other: Tensor) -> Tensor:
        """leaky(x + bias) + other: the end of a residual block."""
        return like(activated(x, bias, None) + other.float(), x)

    def activate_blur(self, x: Tensor, bias: Tensor) -> Tensor:
        """The low-pass of leaky(x + bias), with a border of two: (N, C, h + 1, w + 1)."""
        return like(low_pass(F.pad(activated(x, bias, None), (2, 2, 2, 2)), gain=1.0), x)

    def blur_halve(self, x: Tensor) -> Tensor:
        """Every other pixel of the low-pass, with a border of one: (N, C, h / 2, w / 2)."""
        return like(low_pass(F.pad(x.float(), (1, 1, 1, 1)), gain=1.0, stride=2), x)

    def blur_activate(
        self, x: Tensor, bias: Tensor, scale: Tensor, style: Tensor | None = None
    ) -> Tensor:
        """leaky(low-pass of x, gain 4, times scale, plus bias) * style.

        x is a transposed convolution's (N, C, 2 h + 1, 2 w + 1), the result (N, C, 2 h, 2 w).
        """
        blurred = low_pass(F.pad(x.float(), (1, 1, 1, 1)), gain=4.0)
        return like(activated(blurred, bias, scale) * (1.0 if style is None else spread(style)), x)

    def demodulation(self, styles: Tensor, energies: Energies) -> Tensor:
        """1 / sqrt(style^2 @ energies + 5e-9) of all styled convolutions, side by side.

        `styles` is (N, all inputs), those of one convolution after the other. Returns (N, all
        outputs).
        """
        parts = torch.split(styles, [table.shape[1] for table in energies.tables], dim=1)
        pairs = zip(parts, energies.tables, strict=True)
        sums = [F.linear(style.square(), table) for style, table in pairs]
        return torch.rsqrt(torch.cat(sums, dim=1) + EPSILON)


def like(value: Tensor, other: Tensor) -> Tensor:
    """In the other's dtype, channels last as the kernels' results."""
    return value.to(other.dtype).contiguous(memory_format=torch.channels_last)


def chosen(portraits: Tensor, which: Tensor | None) -> Tensor:
    """Each sample's portrait; all of them, in order, where nothing is chosen."""
    return portraits if which is None else portraits[which.long()]


def spread(per_channel: Tensor) -> Tensor:
    """(N, C) -> (N, C, 1, 1)."""
    return per_channel[:, :, None, None]


def activated(x: Tensor, bias: Tensor, scale: Tensor | None) -> Tensor:
    """leaky(x * scale + bias) in float32."""
    scaled = x.float() if scale is None else x.float() * spread(scale)
    return F.leaky_relu(scaled + bias[:, None, None], SLOPE)


def binomial(device: torch.device) -> Tensor:
    """[1, 3, 3, 1], made on the device: a copy from the host could not be recorded in a graph."""
    return 4.0 - 2.0 * (torch.arange(4, device=device) - 1.5).abs()


def low_pass(x: Tensor, *, gain: float, stride: int = 1) -> Tensor:
    """[1 3 3 1] x [1 3 3 1] of sum `gain` on each channel, without border."""
    row = binomial(x.device)
    kernel = (row[:, None] * row * (gain / 64.0)).expand(x.shape[1], 1, 4, 4)
    return F.conv2d(x, kernel, stride=stride, groups=x.shape[1])


def enlarged(below: Tensor) -> Tensor:
    """Twice the size: zeros between the pixels, then the low-pass with gain 4."""
    row = binomial(below.device)
    kernel = (row[:, None] * row / 16.0).expand(below.shape[1], 1, 4, 4)
    return F.conv_transpose2d(below, kernel, stride=2, padding=1, groups=below.shape[1])


def sampling(flow: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 3, h, w) -> grid (N, h, w, 2) in the sampler's units, mask (N, 1, h, w)."""
    height, width = flow.shape[2:]
    x = torch.linspace(-1, 1, width, dtype=torch.float64, device=flow.device).float()
    y = torch.linspace(-1, 1, height, dtype=torch.float64, device=flow.device).float()
    identity = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=2)  # (h, w, 2)
    return torch.tanh(flow[:, :2]).permute(0, 2, 3, 1) + identity, torch.sigmoid(flow[:, 2:3])


def sample(feature: Tensor, grid: Tensor) -> Tensor:
    """Bilinear, zeros outside; the grid's corners are the pictures' outer edges."""
    return F.grid_sample(feature, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
