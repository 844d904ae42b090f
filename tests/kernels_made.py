"""Random inputs of the network kernels, in the layouts they take, on any device."""

import torch
from torch import Tensor

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
        self.style, self.scale = normal(samples, channels), normal(samples, channels)
        self.bias = normal(channels)
        self.weight, self.shift = normal(3, channels) / channels**0.5, normal(3)
        self.colour = normal(samples, 3, height, width)
        self.wide = half(normal(samples, channels, height + 1, width + 1))
        """As a transposed convolution leaves it."""
