"""The network kernels, launched: maps (N, C, h, w) in float16 and channels last, C a multiple of 8.

What each computes stands in `twins.py` under the same name. Every launch is checked for dtype,
memory layout, device and shape first: a kernel that is given anything else reads foreign memory.
"""

import torch
from torch import Tensor

from engine.kernels.checks import check_flow, check_map, check_rows, check_same_device
from engine.kernels.launch import Launcher

THREADS = 128
VECTOR = 8
"""Channels a thread loads at once: 16 bytes."""


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
        *,
        keeps_warped: bool = False,
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """One level: the flow on top of the size below, the moved features, their blend with x."""
        samples, channels, height, width = shape = check_map("feature", feature)
        check_map("x", x, shape)
        check_flow("delta", delta, (samples, height, width))
        if below is not None:
            check_flow("below", below, (samples, height // 2, width // 2))
        if style is not None:
            check_rows("style", style, (samples, channels))
        check_same_device(feature, x, delta, below, style)
        flow, blended = torch.empty_like(delta), torch.empty_like(x)
        warped = torch.empty_like(x) if keeps_warped else None
        pixels = max(THREADS * VECTOR // channels, 1)
        sizes = (samples, height, width, channels)
        self._launcher.launch(
            "flow_warp_blend",
            "flow_warp_blend_styled",
            ceil_div(samples * height * width, pixels),
            THREADS,
            (feature, x, delta, below, style, *sizes, flow, warped, blended),
        )
        return flow, warped, blended


def ceil_div(count: int, per: int) -> int:
    """How many groups of `per` hold `count`."""
    return -(-count // per)
