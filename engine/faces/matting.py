"""A matte that is right but coarse, moved onto the picture's own edges.

A guided filter (He, Sun, Tang 2013, "Guided Image Filtering", with a colour guide): in every window
the matte becomes the linear function of colour that fits it best, so where hair differs from the
background in colour, so does the matte.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.frame import Pixels

LEAST_VARIANCE = 2e-4
"""Epsilon: colour that varies less (0..1, squared) shows no edge; sensor noise is 1e-5 to 1e-4."""
STATISTICS_SIDE = 480
"""The windows are fitted at this size; the function of colour is applied to every pixel."""
LEFTOVER = 0.1
"""The filter blurs flat parts by so much; below it, and above 1 - it, the matte is made whole."""


def moved_to_edges(
    picture: Pixels, matte: NDArray[np.float32], reach_px: float
) -> NDArray[np.float32]:
    """The matte (H, W) with its edges on the picture's, where one lies within the reach."""
    height, width = matte.shape
    shrink = max(1.0, max(height, width) / STATISTICS_SIDE)
    small = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    colour = np.divide(picture, 255, dtype=np.float32)
    gain, offset = linear_fit(
        _resized(colour, small), _resized(matte, small), max(1, round(reach_px / shrink))
    )
    at_full_size = (width, height)
    gain, offset = _resized(gain, at_full_size), _resized(offset, at_full_size)
    return stretched((gain * colour).sum(axis=-1) + offset, LEFTOVER)


def linear_fit(
    colour: NDArray[np.float32], matte: NDArray[np.float32], radius: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Gain (H, W, 3) and offset (H, W) so that gain . colour + offset is near the matte."""

    def mean(array: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(array, (2 * radius + 1, 2 * radius + 1)), np.float32)

    colour_mean, matte_mean = mean(colour), mean(matte)
    shared = mean(colour * matte[..., None]) - colour_mean * matte_mean[..., None]
    spread = np.empty((*matte.shape, 3, 3), np.float32)
    for row in range(3):
        products = mean(colour * colour[..., row : row + 1])
        spread[..., row, :] = products - colour_mean * colour_mean[..., row : row + 1]
    spread += LEAST_VARIANCE * np.eye(3, dtype=np.float32)
    gain = np.linalg.solve(spread, shared[..., None])[..., 0]
    offset = matte_mean - (gain * colour_mean).sum(axis=-1)
    return mean(gain), mean(offset)


def stretched(matte: NDArray[np.float32], haze: float) -> NDArray[np.float32]:
    """The matte with [haze, 1 - haze] spread over [0, 1]."""
    spread: NDArray[np.float32] = (matte - np.float32(haze)) / np.float32(1 - 2 * haze)
    return np.clip(spread, 0, 1)


def _resized(array: NDArray[np.floating[Any]], size: tuple[int, int]) -> NDArray[np.float32]:
    is_smaller = size[0] < array.shape[1]
    method = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(array, size, interpolation=method), np.float32)
