"""Small textures that every person shares: noise, pores, and the hairs of a hair card."""

import numpy as np
from numpy.typing import NDArray

from training.heads.noise import tiling_noise

SIZE = 256


def noise_texture() -> NDArray[np.uint8]:
    """Fine, middle and broad noise (256, 256, 3) that tiles."""
    draw = np.random.default_rng(5)
    fields = [tiling_noise(draw, SIZE, sigma, sigma) for sigma in (0.8, 3.0, 9.0)]
    return _bytes(np.stack([0.5 + 0.22 * field for field in fields], axis=2))


def pore_texture() -> NDArray[np.uint8]:
    """Skin's grain (256, 256, 1): small pits between fine ridges."""
    draw = np.random.default_rng(6)
    grain = tiling_noise(draw, SIZE, 1.6, 1.6)
    pits = np.maximum(0, tiling_noise(draw, SIZE, 1.2, 1.2) - 0.9)
    broad = tiling_noise(draw, SIZE, 5.0, 5.0)
    return _bytes((0.55 + 0.10 * grain - 0.22 * pits + 0.05 * broad)[..., None])


def card_texture() -> NDArray[np.uint8]:
    """Hairs along v (256, 256, 4): shade, where they are dense, ends, fine detail."""
    draw = np.random.default_rng(7)
    scales = ((0.8, 26.0), (1.1, 30.0), (3.0, 18.0), (0.6, 1.2))
    fields = [tiling_noise(draw, SIZE, across, along) for across, along in scales]
    return _bytes(np.stack([0.5 + 0.25 * field for field in fields], axis=2))


def _bytes(field: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.clip(field, 0, 1) * 255 + 0.5, np.uint8)
