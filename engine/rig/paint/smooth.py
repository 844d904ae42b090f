"""Smooth planes: blurs, colours that go on where nothing is known, and steps of 32-bit planes."""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Plane: TypeAlias = NDArray[np.float32]
"""(H, W) or (H, W, 3)"""

_LEAST_SIGMA = 0.3


def blurred(plane: Plane, sigma: float, *, along: float | None = None) -> Plane:
    """By a Gaussian of so many px; up and down by another, if it is given."""
    across, down = (max(each, _LEAST_SIGMA) for each in (sigma, sigma if along is None else along))
    found = cv2.GaussianBlur(plane, (0, 0), sigmaX=across, sigmaY=down)
    return np.asarray(found, np.float32).reshape(plane.shape)


def stepped(low: float, high: float, value: Plane) -> Plane:
    """`smoothstep` of a plane."""
    along = np.clip((value - np.float32(low)) * np.float32(1.0 / (high - low)), 0.0, 1.0)
    return np.asarray(along * along * (3.0 - 2.0 * along), np.float32)


def spread(values: Plane, weights: Plane) -> Plane:
    """Values (H, W, 3) where they weigh 1, and elsewhere what lies around: pushed up, pulled down.

    `weights` is (H, W) in 0..1. Gortler 1996, "The lumigraph", section 3.4.
    """
    rows, columns = weights.shape
    if min(rows, columns) <= 2:
        mean = (values * weights[..., None]).sum(axis=(0, 1)) / max(float(weights.sum()), 1e-6)
        return np.broadcast_to(mean, values.shape).astype(np.float32)
    halved = np.asarray(cv2.pyrDown(np.dstack([values * weights[..., None], weights])), np.float32)
    known = np.maximum(halved[..., 3:], np.float32(1e-6))
    grown = np.minimum(np.float32(2.0) * halved[..., 3], np.float32(1.0))
    coarse = spread(np.asarray(halved[..., :3] / known, np.float32), np.asarray(grown))
    large = np.asarray(cv2.pyrUp(coarse, dstsize=(columns, rows)), np.float32)
    return large + (values - large) * weights[..., None]


def resized(plane: Plane, size: tuple[int, int], *, to_smaller: bool) -> Plane:
    """As (H, W) or (H, W, 3) of `size` (H, W)."""
    way = cv2.INTER_AREA if to_smaller else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=way), np.float32)
