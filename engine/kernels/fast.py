"""The network kernels, launched: maps (N, C, h, w) in float16 and channels last, C a multiple of 8.

What each computes stands in `twins.py` under the same name. Every launch is checked for dtype,
memory layout, device and shape first: a kernel that is given anything else reads foreign memory.
"""

import torch
from torch import Tensor

from engine.kernels.checks import (
    check_factor,
    check_flow,
    check_map,
    check_rows,
    check_same_device,
    check_which,
)
from engine.kernels.energies import Energies
from engine.kernels.launch import Argument, Launcher

THREADS = 128
WARP = 32
VECTOR = 8
"""Channels a thread loads at once: 16 bytes."""
PIXELS = 4
"""Pixels a thread of activate.cu takes."""
ROWS = 4
"""Output rows a thread of blur.cu takes."""


class Kernels:
    """All kernels of the networks, on one launcher."""

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher

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
        """One level: the flow on top of the size below, the moved features, their blend with x."""
        samples, channels, height, width = check_map("x", x)
        portraits = check_which(feature, samples, which)
        check_map("feature", feature, (portraits, channels, height, width))
        check_flow("delta", delta, (samples, height, width))
        if below is not None:
            check_flow("below", below, (samples, height // 2, width // 2))
        if style is not None:
            check_factor("style", style, (samples, channels))
        check_same_device(feature, x, delta, below, style, which)
        flow, blended = torch.empty_like(delta), torch.empty_like(x)
        warped = torch.empty_like(x) if keeps_warped else None
        pixels = max(THREADS * VECTOR // channels, 1)
        sizes = (samples, height, width, channels)
        self._launcher.launch(
            "flow_warp_blend",
            "flow_warp_blend_styled",
            ceil_div(samples * height * width, pixels),
            THREADS,
            (feature, x, delta, below, style, which, *sizes, stride(style), flow, warped, blended),
        )
        return flow, warped, blended

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
        """The picture of one size: colours moved, masked and activated, on the size below."""
        samples, _, height, width = delta.shape
        check_flow("colour", colour, (check_which(colour, samples, which), height, width))
        check_flow("delta", delta, (samples, height, width))
        for name, bias in (("bias1", bias1), ("bias2", bias2)):
            check_rows(name, bias, (3,))
        for name, smaller in (("flow_below", flow_below), ("below", below)):
            if smaller is not None:
                check_flow(name, smaller, (samples, height // 2, width // 2))
        check_same_device(colour, delta, flow_below, bias1, bias2, below, which)
        out = torch.empty_like(delta)
        given = (colour, delta, flow_below, bias1, bias2, below, which, samples, height, width, out)
        self._run("warp_colours", "warp_colours", samples * height * width, given)
        return out

    def activate(
        self, x: Tensor, bias: Tensor, scale: Tensor | None = None, style: Tensor | None = None
    ) -> Tensor:
        """leaky(x * scale + bias) * style."""
        sizes = self._check_activation(x, bias, scale, style)
        out = torch.empty_like(x)
        given = (x, bias, scale, style, *sizes, stride(scale), stride(style), out)
        self._run("activate", "activate", x.numel() // (PIXELS * VECTOR), given)
        return out

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
        """leaky(x * scale + bias), and what its 1 x 1 convolution adds to a flow."""
        samples, area, channels = sizes = self._check_activation(x, bias, scale, style)
        check_rows("weight", weight, (3, channels))
        check_rows("shift", shift, (3,))
        check_same_device(x, weight, shift)
        lanes = 1 << min((channels // VECTOR).bit_length() - 1, 5)
        out = torch.empty_like(x) if keeps_map else None
        delta = torch.empty((samples, 3, *x.shape[2:]), dtype=torch.float32, device=x.device)
        strides = stride(scale), stride(style)
        given = (x, bias, scale, style, weight, shift, *sizes, *strides, lanes, out, delta)
        self._run("activate", "activate_to_flow", samples * area // PIXELS * lanes, given)
        return out, delta

    def activate_add(self, x: Tensor, bias: Tensor, other: Tensor) -> Tensor:
        """leaky(x + bias) + other: the end of a residual block."""
        sizes = self._check_activation(x, bias)
        check_map("other", other, tuple(x.shape))
        check_same_device(x, other)
        out = torch.empty_like(x)
        given = (x, bias, other, *sizes, out)
        self._run("activate", "activate_add", x.numel() // (PIXELS * VECTOR), given)
        return out

    def activate_blur(self, x: Tensor, bias: Tensor) -> Tensor:
        """The low-pass of leaky(x + bias), with a border of two: (N, C, h + 1, w + 1)."""
        samples, channels, height, width = check_map("x", x)
        self._check_parameters(x, bias)
        out = _empty_map(x, height + 1, width + 1)
        given = (x, bias, samples, height, width, channels, out)
        self._run("blur", "activate_blur", _strips(out), given)
        return out

    def blur_halve(self, x: Tensor) -> Tensor:
        """Every other pixel of the low-pass, with a border of one: (N, C, h / 2, w / 2)."""
        samples, channels, height, width = check_map("x", x)
        if height % 2 or width % 2:
            raise ValueError(f"x must have an even height and width, got {height} x {width}")
        out = _empty_map(x, height // 2, width // 2)
        given = (x, samples, height, width, channels, out)
        self._run("blur", "blur_halve", _strips(out), given)
        return out

    def blur_activate(
        self, x: Tensor, bias: Tensor, scale: Tensor, style: Tensor | None = None
    ) -> Tensor:
        """leaky(low-pass of x, gain 4, times scale, plus bias) * style: (N, C, h - 1, w - 1)."""
        samples, channels, height, width = check_map("x", x)
        self._check_parameters(x, bias, scale, style)
        out = _empty_map(x, height - 1, width - 1)
        sizes = (samples, height, width, channels, stride(scale), stride(style))
        given = (x, bias, scale, style, *sizes, out)
        self._run("blur", "blur_activate", _strips(out), given)
        return out

    def demodulation(self, styles: Tensor, energies: Energies) -> Tensor:
        """1 / sqrt(style^2 @ energies + 5e-9) of all styled convolutions, side by side."""
        samples, outputs = len(styles), len(energies.rows)
        check_rows("styles", styles, (samples, energies.styles))
        check_same_device(styles, energies.flat, energies.rows)
        out = torch.empty((samples, outputs), dtype=torch.float32, device=styles.device)
        given = (styles, energies.flat, energies.rows, samples, energies.styles, outputs, out)
        self._run("demodulation", "demodulation", samples * outputs * WARP, given)
        return out

    def _check_activation(
        self, x: Tensor, bias: Tensor, scale: Tensor | None = None, style: Tensor | None = None
    ) -> tuple[int, int, int]:
        """Samples, pixels of a map and channels."""
        samples, channels, height, width = check_map("x", x)
        if height * width % PIXELS:
            raise ValueError(f"x must have a multiple of {PIXELS} pixels, got {height} x {width}")
        self._check_parameters(x, bias, scale, style)
        return samples, height * width, channels

    def _check_parameters(
        self, x: Tensor, bias: Tensor, scale: Tensor | None = None, style: Tensor | None = None
    ) -> None:
        samples, channels = x.shape[:2]
        check_rows("bias", bias, (channels,))
        for name, factor in (("scale", scale), ("style", style)):
            if factor is not None:
                check_factor(name, factor, (samples, channels))
        check_same_device(x, bias, scale, style)

    def _run(self, source: str, kernel: str, threads: int, given: tuple[Argument, ...]) -> None:
        self._launcher.launch(source, kernel, ceil_div(threads, THREADS), THREADS, given)


def _empty_map(x: Tensor, height: int, width: int) -> Tensor:
    """A result like x in all but its size."""
    return torch.empty(
        (*x.shape[:2], height, width),
        dtype=x.dtype,
        device=x.device,
        memory_format=torch.channels_last,
    )


def _strips(out: Tensor) -> int:
    """Threads of blur.cu: eight channels of four rows each."""
    samples, channels, height, width = out.shape
    return samples * ceil_div(height, ROWS) * width * (channels // VECTOR)


def stride(factor: Tensor | None) -> int:
    """Floats from one sample's factors to the next one's."""
    return 0 if factor is None else factor.stride(0)


def ceil_div(count: int, per: int) -> int:
    """How many groups of `per` hold `count`."""
    return -(-count // per)
