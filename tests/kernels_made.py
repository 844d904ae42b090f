"""Random inputs of the network kernels, in the layouts they take, on any device."""

from collections.abc import Callable

import torch
from torch import Tensor

from engine.kernels.energies import Energies
from engine.kernels.fast import Kernels
from engine.kernels.twins import Twins

SHAPES = ((1, 8, 8, 8), (2, 24, 16, 12), (1, 512, 8, 8))
"""(N, C, h, w): fewer, as many and more channels than a block's threads take at once."""
HALF_STEP = 2.0**-10
"""Both sides round the same sum, found in another order: one step of half precision, relative."""


def half(x: Tensor) -> Tensor:
    """As the kernels take maps."""
    return x.half().contiguous(memory_format=torch.channels_last)


def close(found: Tensor | None, wanted: Tensor | None, tolerance: float) -> None:
    """Within a tolerance of the larger of 1 and the value."""
    assert found is not None
    assert wanted is not None
    assert found.dtype == wanted.dtype
    torch.testing.assert_close(found.float(), wanted.float(), rtol=tolerance, atol=tolerance)


class Made:
    """Everything one level takes, for maps of one shape."""

    def __init__(
        self, shape: tuple[int, int, int, int], seed: int = 3, device: str = "cpu"
    ) -> None:
        samples, channels, height, width = shape
        generator = torch.Generator().manual_seed(seed)

        def normal(*sizes: int) -> Tensor:
            return torch.randn(*sizes, generator=generator).to(device)

        self.feature, self.x = half(normal(*shape)), half(normal(*shape))
        self.delta = normal(samples, 3, height, width)
        self.below = normal(samples, 3, height // 2, width // 2)
        self.flow_below = normal(samples, 3, height // 2, width // 2)
        self.style, self.scale = torch.split(
            normal(samples, 3 * channels), [channels, 2 * channels], 1
        )
        self.scale = self.scale[:, :channels]  # columns of one table, as the networks have them
        self.bias = normal(channels)
        self.weight, self.shift = normal(3, channels) / channels**0.5, normal(3)
        self.colour = normal(samples, 3, height, width)
        self.features, self.colours = half(normal(3, *shape[1:])), normal(3, 3, height, width)
        self.which = torch.tensor([2, 0], dtype=torch.int32)[:samples].to(device)
        """Of three portraits, one per sample."""
        self.wide = half(normal(samples, channels, height + 1, width + 1))
        """As a transposed convolution leaves it."""
        self.energies = Energies([normal(5, channels).square(), normal(3, channels).square()])
        self.styles = normal(samples, self.energies.styles)
        self.rgb_bias1, self.rgb_bias2 = normal(3), normal(3)


Results = tuple[Tensor | None, ...]
Case = Callable[[Kernels | Twins, Made], Results]

CASES: dict[str, Case] = {
    "flow_warp_blend": lambda k, m: (
        k.flow_warp_blend(m.feature, m.x, m.delta, m.below, m.style, keeps_warped=True)
        + k.flow_warp_blend(m.features, m.x, m.delta, m.below, None, m.which)[::2]
    ),
    "warp_colours": lambda k, m: (
        k.warp_colours(m.colour, m.delta, m.flow_below, m.rgb_bias1, m.rgb_bias2, m.below),
        k.warp_colours(m.colours, m.delta, None, m.rgb_bias1, m.rgb_bias2, None, m.which),
    ),
    "activate": lambda k, m: (
        k.activate(m.x, m.bias),
        k.activate(m.x, m.bias, m.scale, m.style),
    ),
    "activate_to_flow": lambda k, m: (
        k.activate_to_flow(m.x, m.bias, m.scale, m.style, m.weight, m.shift)
        + k.activate_to_flow(m.x, m.bias, m.scale, m.style, m.weight, m.shift, keeps_map=False)[1:]
    ),
    "activate_add": lambda k, m: (k.activate_add(m.x, m.bias, m.feature),),
    "activate_blur": lambda k, m: (k.activate_blur(m.x, m.bias),),
    "blur_halve": lambda k, m: (k.blur_halve(m.x),),
    "blur_activate": lambda k, m: (
        k.blur_activate(m.wide, m.bias, m.scale, m.style),
        k.blur_activate(m.wide, m.bias, m.scale),
    ),
    "demodulation": lambda k, m: (k.demodulation(m.styles, m.energies),),
}
"""Every network kernel by its name, called on everything it takes."""


def compare(case: Case, kernels: Kernels, twins: Twins, made: Made) -> None:
    """A kernel gives what its twin gives: maps to a step of half precision, the rest to float's.

    A place in a map of `side` pixels is known to about side / 2 steps of float32, and what is
    sampled there is off by its slope times that.
    """
    exact = max(1e-5, 2e-6 * made.x.shape[-1])
    for found, wanted in zip(case(kernels, made), case(twins, made), strict=True):
        assert wanted is not None
        close(found, wanted, HALF_STEP if wanted.dtype == torch.float16 else exact)
